import { assertEquals } from "@std/assert";
import { linuxTest } from "../support/permissions.ts";
import { runCommand, startServer } from "../support/program.ts";
import { pythonCommand } from "../support/python.ts";

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
