import { assertEquals } from "@std/assert";
import { programTest } from "./permissions.ts";
import { exchangeOnce, run, startServer } from "./program.ts";

programTest("serve doubles an integer and says so", async () => {
  await using server = await startServer();
  assertEquals(await exchangeOnce(server.port, "21"), "42");
  const { code, stdout, stderr } = await server.stop("SIGTERM");
  assertEquals(
    stdout.replace(/\d+\)/, "<port>)"),
    "Accepted connection from ('127.0.0.1', <port>)\nReceived from client: 21\n",
  );
  assertEquals([code, stderr], [0, ""]);
});

programTest("client with operands asks for each in turn", async () => {
  await using server = await startServer();
  const number = String(server.port - 9000);
  const { code, stdout } = await run([
    "client",
    "21",
    "-4",
    `--servers=${number}`,
  ]);
  assertEquals(
    stdout,
    `connected to Server 127.0.0.1:${server.port}\nReceived from server: 42\n` +
      `connected to Server 127.0.0.1:${server.port}\nReceived from server: -8\n`,
  );
  assertEquals(code, 0);
});
