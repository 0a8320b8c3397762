import { assert, assertEquals, assertRejects } from "@std/assert";
import { MAX_MESSAGE_BYTES, NOT_AN_INTEGER, TOO_LONG } from "../calc.ts";
import type { Connection } from "../io/network.ts";
import { osErrorText } from "../python/os_error.ts";
import { serve, type ServeOptions } from "../server.ts";
import {
  type MemoryConnection,
  MemoryNetwork,
  readAll,
  send,
} from "./support/network.ts";
import { systemError } from "./support/system_error.ts";
import { FakeTime, settle } from "./support/time.ts";

const PORT = 9001;

/** A server on a network of its own, and what it has printed. Disposing of it stops it. */
class TestServer implements AsyncDisposable {
  readonly network: MemoryNetwork;
  readonly lines: string[] = [];
  readonly warnings: string[] = [];
  readonly listener;
  readonly #controller = new AbortController();
  readonly #served: Promise<void>;

  constructor(
    { network = new MemoryNetwork(), ...options }: Partial<ServeOptions> & {
      network?: MemoryNetwork;
    } = {},
  ) {
    this.network = network;
    this.listener = network.listen(PORT);
    this.#served = serve(this.listener, {
      idleTimeout: 0,
      log: { print: (line) => this.lines.push(line), ready: undefined },
      warn: (line) => this.warnings.push(line),
      signal: this.#controller.signal,
      ...options,
    });
  }

  connect(hostname?: string): Promise<MemoryConnection> {
    return this.network.connect(PORT, undefined, hostname);
  }

  /** Connects, sends a message, and reads the reply to its end. */
  async ask(message: string | Uint8Array<ArrayBuffer>): Promise<string> {
    using conn = await this.connect();
    return await ask(conn, message);
  }

  async stop(): Promise<void> {
    this.#controller.abort();
    await this.#served;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

async function ask(
  conn: Connection,
  message: string | Uint8Array<ArrayBuffer>,
): Promise<string> {
  await send(conn, message);
  return await readAll(conn);
}

/** What is logged when a connection is accepted. */
function accepted({ localAddr: { hostname, port } }: Connection): string {
  return `Accepted connection from ('${hostname}', ${port})`;
}

function timedOut({ localAddr: { hostname, port } }: Connection): string {
  return `Timed out waiting for ('${hostname}', ${port})`;
}

const CLOSED = "The client socket is closed";

Deno.test("a message is answered, and the connection closed", async () => {
  await using server = new TestServer();
  assertEquals(await server.ask("21"), "42");
  assertEquals(await server.ask(" -4\n"), "-8");
  assertEquals(await server.ask("abc"), NOT_AN_INTEGER);
});

Deno.test("the log has every connection and every message, in order", async () => {
  await using server = new TestServer();
  using conn = await server.connect();
  using other = await server.connect("127.9.8.7");
  await ask(other, "-4\n");
  await ask(conn, "21");
  assertEquals(server.lines, [
    accepted(conn),
    accepted(other),
    "Received from client: -4\\n",
    "Received from client: 21",
  ]);
});

Deno.test("a server without a log still answers, and still reports trouble", async () => {
  using time = new FakeTime();
  await using server = new TestServer({ log: undefined, idleTimeout: 1_000 });
  server.listener.failAccept(systemError("EMFILE"));
  const reply = server.ask("21");
  const rejection = server.ask("9".repeat(MAX_MESSAGE_BYTES + 1));
  using idle = await server.connect();
  (await server.connect()).close();
  await time.advance(1_100);
  assertEquals(await reply, "42");
  assertEquals(await rejection, TOO_LONG);
  assertEquals(await readAll(idle), "");
  assertEquals(server.warnings.length, 1);
});

Deno.test("a message is read as UTF-8, and shown as repr shows it", async () => {
  await using server = new TestServer();
  assertEquals(await server.ask("１٢"), "24");
  assertEquals(await server.ask("\ufeff1"), NOT_AN_INTEGER);
  const bytes = new Uint8Array([0x31, 0xff, 0x1b]);
  assertEquals(await server.ask(bytes), NOT_AN_INTEGER);
  assertEquals(server.lines.filter((line) => line.startsWith("Received")), [
    "Received from client: １٢",
    "Received from client: \\ufeff1",
    "Received from client: 1\\xff\\x1b",
  ]);
});

Deno.test("the longest message is doubled whole, and one byte more is rejected", async () => {
  await using server = new TestServer();
  const longest = "9".repeat(MAX_MESSAGE_BYTES);
  using conn = await server.connect();
  assertEquals(await ask(conn, longest), String(2n * BigInt(longest)));
  using other = await server.connect();
  await send(other, `${longest}9`);
  await other.closeWrite();
  assertEquals(await readAll(other), TOO_LONG);
  const received = `Received from client: ${longest}`;
  assertEquals(
    server.lines,
    [accepted(conn), received, accepted(other), received],
  );
});

Deno.test("the rejection arrives, however much the client still sends", async () => {
  await using server = new TestServer();
  using conn = await server.connect();
  const sending = send(conn, new Uint8Array(1024 ** 2).fill(0x39));
  assertEquals(await readAll(conn), TOO_LONG);
  await sending;
});

Deno.test("a rejected client that never stops sending is cut off after 30 s", async () => {
  using time = new FakeTime();
  await using server = new TestServer();
  using conn = await server.connect();
  await send(conn, "9".repeat(MAX_MESSAGE_BYTES + 1));
  await time.advance(30_000);
  await send(conn, "9");
  await time.advance(20);
  // The first write to a closed socket succeeds, and is answered with a reset.
  await send(conn, "9");
  await assertRejects(() => send(conn, "9"), Deno.errors.BrokenPipe);
});

Deno.test("a rejected client that sends without end is cut off after 1 GiB", async () => {
  await using server = new TestServer();
  using conn = await server.connect();
  const bytes = new Uint8Array(1024 ** 2);
  let mebibytes = 0;
  await assertRejects(async () => {
    for (; mebibytes < 2048; mebibytes++) await send(conn, bytes);
  }, Deno.errors.BrokenPipe);
  assertEquals(mebibytes, 1024);
});

Deno.test("a client that closes or resets without a message is logged as closed", async () => {
  await using server = new TestServer();
  const closing = await server.connect();
  closing.close();
  await settle();
  const resetting = await server.connect();
  await settle();
  resetting.reset();
  await settle();
  assertEquals(
    server.lines,
    [accepted(closing), CLOSED, accepted(resetting), CLOSED],
  );
});

Deno.test("a client that is gone before its reply disturbs nobody", async () => {
  await using server = new TestServer();
  for (const message of ["21", "9".repeat(MAX_MESSAGE_BYTES + 1)]) {
    for (const leave of ["close", "reset"] as const) {
      const conn = await server.connect();
      const sent = send(conn, message);
      conn[leave]();
      await sent;
    }
  }
  assertEquals(await server.ask("21"), "42");
  assertEquals(server.warnings, []);
});

Deno.test("a reply that the network takes in pieces arrives whole", async () => {
  const network = new MemoryNetwork({ capacity: 3 });
  await using server = new TestServer({ network });
  assertEquals(await server.ask("555"), "1110");
});

Deno.test("a client that stays idle is closed when its time is up", async () => {
  using time = new FakeTime();
  await using server = new TestServer({ idleTimeout: 2_000 });
  using conn = await server.connect();
  await time.advance(2_000);
  assertEquals(server.lines, [accepted(conn)]);
  await time.advance(10);
  assertEquals(await readAll(conn), "");
  assertEquals(server.lines, [accepted(conn), timedOut(conn)]);
  assertEquals(await server.ask("21"), "42");
});

Deno.test("a client whose message had arrived is answered, however late the server reads it", async () => {
  using time = new FakeTime();
  await using server = new TestServer({ idleTimeout: 2_000 });
  using conn = await server.connect();
  using idle = await server.connect();
  await settle();
  const reply = ask(conn, "21");
  time.freeze(2_500);
  assertEquals(await reply, "42");
  await time.advance(20);
  assertEquals(await readAll(idle), "");
  assertEquals(server.lines.filter((line) => line.startsWith("Timed")), [
    timedOut(idle),
  ]);
});

Deno.test("idle clients hold up nobody, and without a timeout are answered in the end", async () => {
  using time = new FakeTime();
  await using server = new TestServer();
  const idle = await Promise.all(
    Array.from({ length: 10 }, () => server.connect()),
  );
  for (let integer = 0; integer < 20; integer++) {
    assertEquals(await server.ask(String(integer)), String(2 * integer));
  }
  await time.advance(1_000_000);
  for (const conn of idle) {
    assertEquals(await ask(conn, "21"), "42");
    conn.close();
  }
});

Deno.test("no client gets any part of what another sent", async () => {
  const network = new MemoryNetwork({ capacity: MAX_MESSAGE_BYTES + 1 });
  await using server = new TestServer({ network });
  // More than there are pooled buffers, then two rounds that reuse the buffers of the one before.
  for (const [count, longest] of [[520, 9], [50, 1024], [50, 1024]]) {
    const conns = await Promise.all(
      Array.from({ length: count }, () => server.connect()),
    );
    await settle();
    const messages = conns.map((_, index) =>
      String((index + 1) % 10).repeat(1 + (index * 97) % longest)
    );
    const replies = await Promise.all(
      conns.map((conn, index) => ask(conn, messages[index])),
    );
    assertEquals(
      replies,
      messages.map((message) => String(2n * BigInt(message))),
    );
    for (const conn of conns) conn.close();
  }
});

Deno.test("a stop closes the listener, and requests in flight are answered", async () => {
  const server = new TestServer();
  using early = await server.connect();
  using late = await server.connect();
  await settle();
  const stopped = server.stop();
  await assertRejects(() => server.connect(), Deno.errors.ConnectionRefused);
  assertEquals(await ask(early, "21"), "42");
  assertEquals(await ask(late, "abc"), NOT_AN_INTEGER);
  await stopped;
  assertEquals(server.lines, [
    accepted(early),
    accepted(late),
    "Received from client: 21",
    "Received from client: abc",
  ]);
  assertEquals(server.warnings, []);
});

Deno.test("a client that is idle or still sending 4 s after the stop is cut off", async () => {
  using time = new FakeTime();
  const server = new TestServer();
  using idle = await server.connect();
  using talker = await server.connect();
  await send(talker, "9".repeat(MAX_MESSAGE_BYTES + 1));
  await settle();
  let isStopped = false;
  const stopped = server.stop().then(() => isStopped = true);
  await time.advance(3_999);
  assert(!isStopped);
  await time.advance(1);
  await stopped;
  assertEquals(await readAll(idle), "");
  assertEquals(await readAll(talker), TOO_LONG);
  assert(!server.lines.includes(timedOut(idle)));
});

Deno.test("a server whose signal is already aborted accepts nothing", async () => {
  const server = new TestServer({ signal: AbortSignal.abort() });
  await server.stop();
  await assertRejects(() => server.connect(), Deno.errors.ConnectionRefused);
});

Deno.test("connections that failed in the backlog are passed over without a back-off", async () => {
  using time = new FakeTime();
  await using server = new TestServer();
  server.listener.failAccept(
    ...Array.from({ length: 1000 }, () => systemError("ENOTCONN")),
    systemError("ECONNABORTED"),
    systemError("EINVAL"),
  );
  assertEquals(await server.ask("21"), "42");
  assertEquals(server.warnings, []);
  assertEquals(time.timers, 0);
});

Deno.test("the server backs off, up to 100 ms, while accept fails", async () => {
  using time = new FakeTime();
  await using server = new TestServer();
  await settle();
  const errors = Array.from({ length: 6 }, () => systemError("EMFILE"));
  // After an accepted connection the back-off starts from the beginning.
  for (let round = 0; round < 2; round++) {
    server.listener.failAccept(...errors);
    using conn = await server.connect();
    const reply = ask(conn, "21");
    for (const backoff of [5, 10, 20, 40, 80, 100]) {
      await time.advance(backoff - 1);
      assertEquals(server.lines.length, 2 * round);
      await time.advance(1);
    }
    assertEquals(await reply, "42");
  }
});

Deno.test("a failing accept is reported once a minute", async () => {
  using time = new FakeTime();
  await using server = new TestServer();
  const error = systemError("EMFILE");
  const report = `Failed to accept a connection with error ${
    osErrorText(error)
  }`;
  server.listener.failAccept(error, error);
  await time.advance(59_000);
  server.listener.failAccept(error);
  await time.advance(999);
  assertEquals(server.warnings, [report]);
  await time.advance(1);
  server.listener.failAccept(error);
  await time.advance(100);
  assertEquals(server.warnings, [report, report]);
});

Deno.test("a stop during a back-off is a stop like any other", async () => {
  using time = new FakeTime();
  const server = new TestServer();
  server.listener.failAccept(systemError("EMFILE"));
  await settle();
  const stopped = server.stop();
  await time.advance(5);
  await stopped;
});

Deno.test("nothing is accepted until the log is ready", async () => {
  const log = {
    lines: [] as string[],
    print(line: string) {
      this.lines.push(line);
    },
    ready: undefined as Promise<void> | undefined,
  };
  await using server = new TestServer({ log });
  await settle();
  const { promise, resolve } = Promise.withResolvers<void>();
  log.ready = promise;
  // The call of `accept` that was in flight takes the first.
  using first = await server.connect();
  using second = await server.connect();
  await settle();
  assertEquals(server.listener.queued, 1);
  assertEquals(log.lines, [accepted(first)]);
  log.ready = undefined;
  resolve();
  assertEquals(await ask(second, "21"), "42");
});

Deno.test("a stop does not wait for the log", async () => {
  const log = { print: () => {}, ready: new Promise<void>(() => {}) };
  const server = new TestServer({ log });
  using conn = await server.connect();
  await settle();
  await server.stop();
  await assertRejects(() => readAll(conn), Deno.errors.ConnectionReset);
});
