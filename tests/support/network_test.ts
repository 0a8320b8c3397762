import { assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { HOST, type Network, tcp } from "../../io/network.ts";
import {
  type MemoryConnection,
  MemoryNetwork,
  type MemoryNetworkOptions,
} from "./network.ts";
import { networkTest } from "./permissions.ts";
import { freePort } from "./program.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** A few steps of a program. Returns the outcome of each. */
type Script = (network: Network) => Promise<unknown[]>;

/** The outcome of a call: its result, or what identifies its error. */
async function outcome(call: () => unknown): Promise<unknown> {
  try {
    return (await call()) ?? "nothing";
  } catch (error) {
    if (!(error instanceof Error)) return error;
    const { constructor, name, message } = error;
    const code = "code" in error ? error.code : undefined;
    return { class: constructor.name, name, message, code };
  }
}

async function connectedPair(network: Network) {
  const listener = network.listen(0);
  const [client, server] = await Promise.all([
    network.connect(listener.addr.port, new AbortController().signal),
    listener.accept(),
  ]);
  listener.close();
  return { client, server };
}

type Pair = Awaited<ReturnType<typeof connectedPair>>;

/** Reads at most this many bytes, as text. */
function read(
  conn: { read(buffer: Bytes): Promise<number | null> },
  size = 100,
): Promise<unknown> {
  return outcome(async () => {
    const buffer = new Uint8Array(size);
    const count = await conn.read(buffer);
    return count && new TextDecoder().decode(buffer.subarray(0, count));
  });
}

function write(
  conn: { write(bytes: Bytes): Promise<number> },
  text: string,
): Promise<unknown> {
  return outcome(() => conn.write(new TextEncoder().encode(text)));
}

/** Writes until a write fails. Returns the error. */
async function writeUntilError(conn: Pair["client"]): Promise<unknown> {
  while (true) {
    const result = await write(conn, "x".repeat(1_000_000));
    if (typeof result !== "number") return result;
    await delay(0);
  }
}

/** Writes until a write waits for room. Returns the outcome of that one. */
async function fill(
  conn: Pair["client"],
): Promise<{ writing: Promise<unknown> }> {
  while (true) {
    const writing = write(conn, "x".repeat(1_000_000));
    // On a busy machine one timer alone can fire ahead of a write that is done.
    const isWaiting = delay(20).then(() => delay(20)).then(() => true);
    if (await Promise.race([writing, isWaiting]) === true) return { writing };
  }
}

/** What both networks have to do alike, by name. */
const comparisons = new Map<string, () => Promise<void>>();

function compare(
  name: string,
  script: Script,
  { system = tcp, ...options }: MemoryNetworkOptions & { system?: Network } =
    {},
): void {
  comparisons.set(name, async () => {
    assertEquals(
      await script(new MemoryNetwork(options)),
      await script(system),
    );
  });
}

/** The same for a connection, whose ends are closed afterwards. */
function comparePair(
  name: string,
  script: (pair: Pair) => Promise<unknown[]>,
): void {
  compare(name, async (network) => {
    const pair = await connectedPair(network);
    const results = await script(pair);
    for (const conn of [pair.client, pair.server]) {
      await outcome(() => conn.close());
    }
    return results;
  });
}

compare("a port can be listened on once at a time", async (network) => {
  const port = freePort();
  const listener = network.listen(port);
  const { hostname } = listener.addr;
  const second = await outcome(() => network.listen(port));
  listener.close();
  network.listen(port).close();
  return [hostname, second];
});

compare("nobody listens", async (network) => {
  const listener = network.listen(0);
  const { port } = listener.addr;
  listener.close();
  const { signal } = new AbortController();
  return [await outcome(() => network.connect(port, signal))];
});

compare("a listener is closed", async (network) => {
  const listener = network.listen(0);
  const accepting = outcome(() => listener.accept());
  await delay(0);
  listener.close();
  return [
    await accepting,
    await outcome(() => listener.accept()),
    await outcome(() => listener.close()),
  ];
});

compare("a listener is closed with connections queued", async (network) => {
  const listener = network.listen(0);
  const { port } = listener.addr;
  const { signal } = new AbortController();
  const reader = await network.connect(port, signal);
  const writer = await network.connect(port, signal);
  const sent = await write(writer, "21");
  const reading = read(reader);
  listener.close();
  const results = [
    sent,
    await reading,
    await read(reader),
    await write(reader, "21"),
    await writeUntilError(writer),
    await writeUntilError(writer),
    await read(writer),
    await outcome(() => writer.closeWrite()),
  ];
  reader.close();
  writer.close();
  return results;
});

compare("an aborted signal", async (network) => {
  const listener = network.listen(0);
  const { port } = listener.addr;
  const results = [];
  for (const signal of [AbortSignal.abort("why"), AbortSignal.abort()]) {
    results.push(await outcome(() => network.connect(port, signal)));
  }
  listener.close();
  return results;
});

compare(
  "connecting to a full backlog waits until aborted",
  async (network) => {
    const listener = network.listen(0);
    const { port } = listener.addr;
    const controller = new AbortController();
    const { signal } = controller;
    const queued = [
      await network.connect(port, signal),
      await network.connect(port, signal),
    ];
    const waiting = outcome(() => network.connect(port, signal));
    const early = await Promise.race([waiting, delay(20)]);
    controller.abort("why");
    const results = [early, await waiting];
    for (const conn of queued) conn.close();
    listener.close();
    return results;
  },
  {
    backlog: 2,
    system: {
      ...tcp,
      // Linux queues one more.
      listen: (port) => Deno.listen({ hostname: HOST, port, tcpBacklog: 1 }),
    },
  },
);

comparePair("both ends know both addresses", async ({ client, server }) => {
  await Promise.resolve();
  return [
    client.localAddr.hostname,
    client.remoteAddr.hostname,
    client.localAddr.port === server.remoteAddr.port,
    client.remoteAddr.port === server.localAddr.port,
  ];
});

comparePair("bytes are read as far as there is room", async (pair) => [
  await write(pair.client, "12345"),
  await read(pair.server, 3),
  await read(pair.server, 0),
  await read(pair.server, 3),
  await write(pair.server, ""),
]);

comparePair("the outgoing stream is shut down", async (pair) => [
  await write(pair.client, "21"),
  await outcome(() => pair.client.closeWrite()),
  await read(pair.server),
  await read(pair.server),
  await write(pair.server, "42"),
  await read(pair.client),
  await write(pair.client, "21"),
  await outcome(() => pair.client.closeWrite()),
  await outcome(() => pair.server.closeWrite()),
  await read(pair.client),
]);

comparePair("the other side has closed", async ({ client, server }) => {
  const sent = await write(client, "21");
  client.close();
  return [
    sent,
    await read(server, 1),
    await read(server),
    await read(server),
    await write(server, "42"),
    await writeUntilError(server),
    await read(server),
    await outcome(() => server.closeWrite()),
  ];
});

comparePair("the other side has closed with bytes unread", async (pair) => {
  const { client, server } = pair;
  await write(server, "42");
  await write(client, "21");
  const partly = await read(client, 1);
  client.close();
  return [
    partly,
    await read(server),
    await read(server),
    await writeUntilError(server),
    await read(server),
    await outcome(() => server.closeWrite()),
  ];
});

comparePair("the other side closes during a read", async (pair) => {
  const reading = read(pair.server);
  await delay(0);
  pair.client.close();
  return [await reading];
});

comparePair("the other side closes during a write", async (pair) => {
  const { writing } = await fill(pair.server);
  pair.client.close();
  return [await writing, await read(pair.server)];
});

comparePair("a connection is closed during a read", async ({ client }) => {
  const reading = read(client);
  await delay(0);
  client.close();
  return [
    await reading,
    await read(client),
    await write(client, "21"),
    await outcome(() => client.closeWrite()),
    await outcome(() => client.close()),
  ];
});

// Before 2.9.4, Deno's close leaves a write in flight pending.
if (!/^2\.9\.[0-3]$/.test(Deno.version.deno)) {
  comparePair("a connection is closed during a write", async ({ client }) => {
    const { writing } = await fill(client);
    client.close();
    return [await writing];
  });
}

comparePair("a write that finds no room waits for some", async (pair) => {
  const bytes = new Uint8Array(16 * 1024 * 1024);
  const sent = await pair.client.write(bytes);
  let isWaiting = true;
  const writing = (async () => {
    // The real buffers grow for a while.
    for (let left = bytes.length - sent; left > 0;) {
      left -= await pair.client.write(bytes.subarray(0, left));
    }
    isWaiting = false;
  })();
  await delay(20);
  const results = [sent < bytes.length, isWaiting];
  const buffer = new Uint8Array(64 * 1024);
  for (let left = bytes.length; left > 0;) {
    left -= (await pair.server.read(buffer))!;
  }
  await writing;
  return results;
});

const linuxNetworkTest = Deno.build.os === "linux"
  ? networkTest
  : (name: string) => Deno.test.ignore(`${name} (needs Linux)`, () => {});

linuxNetworkTest("the network in memory behaves as Linux does", async (t) => {
  for (const [name, fn] of comparisons) await t.step(name, fn);
});

Deno.test("in memory a reset is reported once, by a read after the data or by a write", async () => {
  for (const call of [read, writeUntilError]) {
    const { client, server } = await connectedPair(new MemoryNetwork());
    await write(server, "42");
    (server as MemoryConnection).reset();
    if (call === read) assertEquals(await read(client), "42");
    const { code } = await call(client) as { code: string };
    assertEquals(code, "ECONNRESET");
    assertEquals(await read(client), call === read ? "nothing" : "42");
    assertEquals(await read(client), "nothing");
    client.close();
  }
});

Deno.test("in memory a client's address can be chosen", async () => {
  const network = new MemoryNetwork();
  using listener = network.listen(9001);
  using client = await network.connect(9001, undefined, "127.9.8.7");
  using server = await listener.accept();
  assertEquals(client.localAddr, server.remoteAddr);
  assertEquals(client.localAddr.hostname, "127.9.8.7");
});

Deno.test("in memory a port that nobody listens on can be connected to itself", async () => {
  const network = new MemoryNetwork();
  using conn = await network.connect(network.nextPort);
  assertEquals(conn.localAddr, conn.remoteAddr);
  await write(conn, "21");
  assertEquals(await read(conn), "21");
});

Deno.test("in memory a connection that waits for room is made once there is some", async () => {
  const network = new MemoryNetwork({ backlog: 1 });
  using listener = network.listen(9001);
  using first = await network.connect(9001);
  const connecting = network.connect(9001);
  using accepted = await listener.accept();
  using second = await connecting;
  assertEquals(accepted.remoteAddr, first.localAddr);
  assertEquals(listener.queued, 1);
  assertEquals(second.isClosed, false);
});
