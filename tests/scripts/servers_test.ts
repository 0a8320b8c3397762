import { assertEquals } from "@std/assert";
import { osErrorLine } from "../../python/os_error.ts";
import { runServers } from "../../scripts/servers.ts";
import { MemoryInput, MemoryOutput } from "../support/environment.ts";
import { MemoryNetwork, readAll, send } from "../support/network.ts";
import { systemError } from "../support/system_error.ts";

/** Starts servers 1, 2 and 3 on a network. */
function startServers(network: MemoryNetwork) {
  const outputs = { stdout: new MemoryOutput(), stderr: new MemoryOutput() };
  const stop = new AbortController();
  const status = runServers([1, 2, 3], {
    ...outputs,
    stdin: new MemoryInput(),
    noColor: true,
    network,
    random: Math.random,
    signal: stop.signal,
  });
  return { ...outputs, status, stop };
}

Deno.test("every line of several servers begins with the port", async () => {
  const network = new MemoryNetwork();
  const servers = startServers(network);
  for (const port of [9001, 9002, 9003]) {
    await servers.stdout.until(
      `${port} | Server is listening on 127.0.0.1:${port}\n`,
    );
  }
  // Its line is longer than a write.
  const message = `${"\0".repeat(1_018)}€€`;
  using conn = await network.connect(9002);
  await send(conn, message);
  await readAll(conn);
  servers.stop.abort();
  assertEquals(await servers.status, 0);
  assertEquals(servers.stdout.text.split("\n").slice(3), [
    `9002 | Accepted connection from ('127.0.0.1', ${conn.localAddr.port})`,
    `9002 | Received from client: ${message.replaceAll("\0", "\\x00")}`,
    "",
  ]);
  assertEquals(servers.stderr.text, "");
});

Deno.test("when one of several servers can't start, all end, and it is named", async () => {
  const network = new MemoryNetwork();
  const listener = network.listen(9002);
  const servers = startServers(network);
  assertEquals(await servers.status, 1);
  assertEquals(
    servers.stderr.text,
    `9002 | ${osErrorLine(systemError("EADDRINUSE"))}\n` +
      "Server 2 could not start, so all stop\n",
  );
  listener.close();
});
