import { assert, assertEquals, assertMatch } from "@std/assert";
import { delay } from "@std/async/delay";
import { HOST, type Network, tcp } from "../../io/network.ts";
import { abuse } from "./abuse.ts";
import { type MemoryConnection, MemoryNetwork, send } from "./network.ts";
import { linuxTest } from "./permissions.ts";
import { freePort, refusal } from "./program.ts";
import { startResetting } from "./python.ts";
import { systemError } from "./system_error.ts";

type Conn = Awaited<ReturnType<Network["connect"]>>;

const never = new AbortController().signal;
const MEGABYTE = "x".repeat(1_000_000);

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

/** Reads at most this many bytes, as text. */
function read(conn: Conn, size = 100): Promise<unknown> {
  return outcome(async () => {
    const buffer = new Uint8Array(size);
    const count = await conn.read(buffer);
    return count && new TextDecoder().decode(buffer.subarray(0, count));
  });
}

function write(conn: Conn, text: string): Promise<unknown> {
  return outcome(() => conn.write(new TextEncoder().encode(text)));
}

function close(socket: { close(): void }): Promise<unknown> {
  return outcome(() => socket.close());
}

/** What one end of a connection does. Returns the outcome, in an array if it is still pending. */
const ACTIONS: Record<string, (conn: Conn, arg: string) => unknown> = {
  writes: write,
  reads: (conn, size) => read(conn, Number(size || 100)),
  shuts: (conn) => outcome(() => conn.closeWrite()),
  closes: close,
  /** Writes until a write fails. */
  async floods(conn) {
    for (;; await delay(0)) {
      const result = await write(conn, MEGABYTE);
      if (typeof result !== "number") return result;
    }
  },
  async waits(conn) {
    const reading = read(conn);
    await delay(0);
    return [reading];
  },
  /** Writes until a write waits for room. */
  async fills(conn) {
    while (true) {
      const writing = write(conn, MEGABYTE);
      // On a busy machine one timer alone can fire ahead of a write that is done.
      const isWaiting = delay(20).then(() => delay(20)).then(() => true);
      if (await Promise.race([writing, isWaiting]) === true) return [writing];
    }
  },
};

/** What the two ends of a connection do, one after the other. */
const PLAYS = [
  "client writes 12345, server reads 3, server reads 0, server reads 3",
  "client writes 21, client shuts, server reads, server reads, server writes 42, client reads, client writes 21, client shuts, server shuts, client reads",
  "client writes 21, client closes, server reads 1, server reads, server reads, server writes 42, server floods, server reads, server shuts",
  "server writes 42, client writes 21, client reads 1, client closes, server reads, server reads, server floods, server reads, server shuts",
  "server waits, client closes",
  "server fills, client closes, server reads",
  "client waits, client closes, client reads, client writes 21, client shuts, client closes",
];

async function perform(play: string, network: Network): Promise<unknown[]> {
  const listener = network.listen(0);
  const connecting = network.connect(listener.addr.port, never);
  const server = await listener.accept();
  const client = await connecting;
  listener.close();
  const ends: Record<string, Conn> = { client, server };
  const outcomes: unknown[] = [
    client.localAddr.hostname,
    client.localAddr.port === server.remoteAddr.port,
    client.remoteAddr.port === server.localAddr.port,
  ];
  for (const step of play.split(", ")) {
    const [end, action, arg = ""] = step.split(" ");
    outcomes.push(await ACTIONS[action](ends[end], arg));
  }
  const settled = await Promise.all(outcomes.flat());
  for (const conn of [client, server]) await close(conn);
  return settled;
}

/** What both networks have to do alike. Each returns what came of every step. */
const SCRIPTS: Record<string, (network: Network) => Promise<unknown[]>> = {
  async "a port can be listened on once at a time"(network) {
    const port = freePort();
    const listener = network.listen(port);
    const second = await outcome(() => network.listen(port));
    listener.close();
    network.listen(port).close();
    return [listener.addr.hostname, second];
  },
  async "a listener is closed"(network) {
    const listener = network.listen(0);
    const accepting = outcome(() => listener.accept());
    await delay(0);
    listener.close();
    // A process that is just being started holds a copy of the listener for a moment.
    if (network === tcp) await refusal(listener.addr.port);
    return [
      await accepting,
      await outcome(() => listener.accept()),
      await close(listener),
      await outcome(() => network.connect(listener.addr.port, never)),
    ];
  },
  async "a listener is closed with a connection queued"(network) {
    const listener = network.listen(0);
    const conn = await network.connect(listener.addr.port, never);
    const sent = await write(conn, "21");
    const reading = read(conn);
    listener.close();
    const results = [sent, await reading, await read(conn)];
    return [...results, await write(conn, "21"), await close(conn)];
  },
  async "connecting to a full backlog waits until aborted"(network) {
    // Linux queues one more.
    const listener = network === tcp
      ? Deno.listen({ hostname: HOST, port: 0, tcpBacklog: 1 })
      : network.listen(0);
    const controller = new AbortController();
    const connect = () =>
      network.connect(listener.addr.port, controller.signal);
    const queued = [await connect(), await connect()];
    const waiting = outcome(connect);
    const early = await Promise.race([waiting, delay(20)]);
    controller.abort("why");
    const results = [early, await waiting];
    for (const socket of [...queued, listener]) socket.close();
    return results;
  },
};

for (const play of PLAYS) SCRIPTS[play] = (network) => perform(play, network);

linuxTest("the network in memory behaves as Linux does", async (t) => {
  for (const [name, script] of Object.entries(SCRIPTS)) {
    await t.step(name, async () => {
      const memory = new MemoryNetwork({ backlog: 2 });
      assertEquals(await script(memory), await script(tcp));
    });
  }
});

type Handler = (conn: MemoryConnection) => unknown;

/** The port of a server in memory that handles one connection so. */
function serve(network: MemoryNetwork, handle: Handler): number {
  const listener = network.listen(0);
  listener.accept().then(handle);
  return listener.addr.port;
}

const reset: Handler = (conn) => conn.reset();
const resetSoon: Handler = (conn) => delay(0).then(() => conn.reset());
const resetAfterReply: Handler = async (conn) => {
  await read(conn);
  await write(conn, "42");
  conn.reset();
};

/** Asks a server that resets. Returns every outcome, as text. */
async function ask(network: Network, port: number, wait = 0): Promise<string> {
  const results = await outcome(async () => {
    const conn = await network.connect(port, never);
    if (wait > 0) await delay(wait);
    const calls = [await write(conn, "21"), await read(conn), await read(conn)];
    conn.close();
    return calls;
  });
  return JSON.stringify(results);
}

linuxTest("in memory a reset is what it is on Linux", async (t) => {
  const memory = new MemoryNetwork();

  await t.step("after a reply", async () => {
    await using server = await startResetting("42");
    const inMemory = await ask(memory, serve(memory, resetAfterReply));
    assertEquals(inMemory, await ask(tcp, server.port));
    assertMatch(inMemory, /^\[2,"42",.+ECONNRESET/);
  });

  await t.step("at once, ahead of connect, write or read", async () => {
    const outcomes = [
      await ask(memory, serve(memory, reset)),
      await ask(memory, serve(memory, resetSoon), 10),
      await ask(memory, serve(memory, resetSoon)),
    ];
    // Deno connects, and then asks for the other end's address. In memory nothing comes in between.
    memory.failConnect(systemError("ENOTCONN"));
    outcomes.push(await ask(memory, 9001));
    await using server = await startResetting();
    for (let count = 0; count < 50; count++) {
      const real = await ask(tcp, server.port);
      assert(outcomes.includes(real), real);
    }
    assertEquals(new Set(outcomes).size, 4);
  });

  await t.step("while the connection is queued", async () => {
    using queue = memory.listen(0);
    const conn = await memory.connect(queue.addr.port);
    await send(conn, "21");
    conn.reset();
    using listener = tcp.listen(0) as Deno.TcpListener;
    await abuse(listener.addr.port, "send-and-reset", 1);
    assertEquals(
      await outcome(() => queue.accept()),
      await outcome(() => listener.accept()),
    );
  });
});
