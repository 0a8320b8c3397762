import { assertEquals, assertRejects } from "@std/assert";
import { portOf, tcp } from "../../io/network.ts";
import { networkTest } from "../support/permissions.ts";

const { signal } = new AbortController();

/** A test that needs a long backlog. */
const queueTest: typeof networkTest = Deno.build.os === "darwin"
  ? (name, fn) => Deno.test.ignore(`${name} (macOS queues 128)`, fn)
  : networkTest;

Deno.test("a server's port is 9000 more than its number, if that is a port", () => {
  for (
    const [server, port] of [
      [1n, 9001],
      [-9000n, 0],
      [56535n, 65535],
      [-9001n, undefined],
      [56536n, undefined],
      [10n ** 5000n, undefined],
    ] as const
  ) {
    assertEquals(portOf(server), port);
  }
});

networkTest(
  "the system's network carries bytes between the addresses that it names",
  async () => {
    using listener = tcp.listen(0) as Deno.TcpListener;
    const { hostname, port } = listener.addr;
    assertEquals(hostname, "127.0.0.1");
    using client = await tcp.connect(port, signal) as Deno.TcpConn;
    using server = await listener.accept();
    assertEquals(client.remoteAddr, listener.addr);
    assertEquals(server.remoteAddr, client.localAddr);
    await client.write(new TextEncoder().encode("21"));
    const buffer = new Uint8Array(3);
    assertEquals(await server.read(buffer), 2);
    assertEquals(new TextDecoder().decode(buffer), "21\0");
  },
);

networkTest("a connection to the system's network can be aborted", async () => {
  using listener = tcp.listen(0) as Deno.TcpListener;
  const { port } = listener.addr;
  const reason = new DOMException("Signal timed out.", "TimeoutError");
  const error = await assertRejects(
    () => tcp.connect(port, AbortSignal.abort(reason)),
  );
  assertEquals(error, reason);
});

// Nobody accepts, so a connection that finds the backlog full is never made.
queueTest(
  "a burst of connections beyond Deno's default backlog is queued",
  async () => {
    using listener = tcp.listen(0) as Deno.TcpListener;
    const conns = await Promise.all(
      Array.from(
        { length: 600 },
        () => tcp.connect(listener.addr.port, signal),
      ),
    );
    assertEquals(conns.length, 600);
    for (const conn of conns) conn.close();
  },
);
