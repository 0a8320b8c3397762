import { assertEquals } from "@std/assert";
import { linuxTest, programTest } from "../support/permissions.ts";
import { run, runCommand, startServer } from "../support/program.ts";
import { pythonCommand } from "../support/python.ts";

/** What this system says of a port that is taken. */
const IN_USE: Partial<Record<typeof Deno.build.os, string>> = {
  darwin: "[Errno 48] Address already in use",
  linux: "[Errno 98] Address already in use",
  windows:
    "[WinError 10048] Only one usage of each socket address (protocol/network address/port) is normally permitted",
};

/** Asks a server for the double of 21, from an address of its own. */
const ASK_FROM = `
import socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1])), None, (sys.argv[2], 0)) as conn:
    conn.sendall(b"21")
    print(conn.getsockname()[1], conn.recv(1024).decode())
`;

linuxTest("the server logs a client's actual address", async () => {
  await using server = await startServer();
  const { stdout } = await runCommand(
    pythonCommand("-c", ASK_FROM, String(server.port), "127.9.8.7"),
  );
  const [, port] = /^(\d+) 42\n$/.exec(stdout)!;
  assertEquals(
    await server.nextLine(),
    `Accepted connection from ('127.9.8.7', ${port})`,
  );
});

programTest("a port that is taken is reported in one line", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  assertEquals(await run(["serve", String(listener.addr.port - 9000)]), {
    code: 1,
    stdout: "",
    stderr: `OSError: ${IN_USE[Deno.build.os]}\n`,
  });
});
