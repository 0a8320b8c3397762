import { assert, assertEquals, assertRejects } from "@std/assert";
import { MAX_MESSAGE_BYTES, TOO_LONG } from "../calc.ts";
import { osErrorText } from "../python/os_error.ts";
import { type RunningProgram, start } from "./support/environment.ts";
import {
  type MemoryConnection,
  type MemoryListener,
  MemoryNetwork,
  readAll,
  send,
} from "./support/network.ts";
import { systemError } from "./support/system_error.ts";
import { FakeTime, settle } from "./support/time.ts";

const PORT = 9001;

const LISTENING = "Server is listening on 127.0.0.1:9001\n";
const CLOSED = "The client socket is closed\n";

const NO_FILE = systemError("EMFILE");

/** Starts server 1. */
function serve(args: string[] = [], network = new MemoryNetwork()) {
  return start(["serve", "1", ...args], { network });
}

function connect({ network }: RunningProgram) {
  return network.connect(PORT);
}

function listenerOf({ network }: RunningProgram): MemoryListener {
  return network.listenerOn(PORT)!;
}

async function ask(
  conn: MemoryConnection,
  message: string | Uint8Array,
): Promise<string> {
  await send(conn, message);
  return await readAll(conn);
}

/** Connects, sends a message, and reads the reply to its end. */
async function askOnce(
  server: RunningProgram,
  message: string | Uint8Array,
): Promise<string> {
  using conn = await connect(server);
  return await ask(conn, message);
}

/** Stops the server. Returns its log, without the first line. */
async function logOf(server: RunningProgram, time?: FakeTime): Promise<string> {
  const stopped = server.stop();
  await time?.advance(5_000);
  const { code, stdout } = await stopped;
  assertEquals(code, 0);
  assert(stdout.startsWith(LISTENING));
  return stdout.slice(LISTENING.length);
}

function nameOf({ localAddr: { hostname, port } }: MemoryConnection): string {
  return `('${hostname}', ${port})`;
}

/** What is logged when a connection is accepted. */
function accepted(conn: MemoryConnection): string {
  return `Accepted connection from ${nameOf(conn)}\n`;
}

function timedOut(conn: MemoryConnection): string {
  return `Timed out waiting for ${nameOf(conn)}\n`;
}

function received(message: string): string {
  return `Received from client: ${message}\n`;
}

Deno.test("a quiet server answers, and prints where it listens and its own trouble", async () => {
  using time = new FakeTime();
  const server = serve(["--quiet", "--idle-timeout=1"]);
  await settle();
  listenerOf(server).failAccept(NO_FILE);
  const reply = askOnce(server, "21");
  const rejection = askOnce(server, "9".repeat(MAX_MESSAGE_BYTES + 1));
  using idle = await connect(server);
  (await connect(server)).close();
  await time.advance(1_200);
  assertEquals(await reply, "42");
  assertEquals(await rejection, TOO_LONG);
  assertEquals(await readAll(idle), "");
  assertEquals(await logOf(server, time), "");
  assertEquals(server.stderr.text.match(/\n/g)?.length, 1);
});

Deno.test("the longest message is doubled whole, and one byte more is rejected", async () => {
  const server = serve();
  const longest = "9".repeat(MAX_MESSAGE_BYTES);
  using conn = await connect(server);
  assertEquals(await ask(conn, longest), String(2n * BigInt(longest)));
  using other = await connect(server);
  await send(other, `${longest}9`);
  await other.closeWrite();
  assertEquals(await readAll(other), TOO_LONG);
  assertEquals(
    await logOf(server),
    accepted(conn) + received(longest) + accepted(other) + received(longest),
  );
});

Deno.test("the reply to a rejected client arrives however much it still sends, for 30 s", async () => {
  using time = new FakeTime();
  const server = serve();
  using conn = await connect(server);
  const sending = send(conn, "9".repeat(1024 ** 2));
  assertEquals(await readAll(conn), TOO_LONG);
  await sending;
  await time.advance(29_000);
  await send(conn, "9");
  await time.advance(2_100);
  // The first write to a closed socket succeeds, and is answered with a reset.
  await send(conn, "9");
  await assertRejects(() => send(conn, "9"), Deno.errors.BrokenPipe);
  await logOf(server, time);
});

Deno.test("a client that is gone before its message or its reply disturbs nobody", async () => {
  const server = serve();
  for (const leave of ["close", "reset"] as const) {
    for (const message of ["", "21", "9".repeat(MAX_MESSAGE_BYTES + 1)]) {
      const conn = await connect(server);
      await settle();
      const sent = send(conn, message);
      conn[leave]();
      await sent;
    }
  }
  assertEquals(await askOnce(server, "21"), "42");
  assertEquals((await logOf(server)).split(CLOSED).length - 1, 2);
  assertEquals(server.stderr.text, "");
});

Deno.test("a reply that the network takes in pieces arrives whole", async () => {
  await using server = serve([], new MemoryNetwork({ capacity: 3 }));
  assertEquals(await askOnce(server, "555"), "1110");
});

Deno.test("a client that stays idle is closed when its time is up", async () => {
  using time = new FakeTime();
  const times: [string[], number][] = [
    [[], 60_000],
    [["--idle-timeout=1.5"], 1_500],
  ];
  for (const [args, idleTimeout] of times) {
    const server = serve(args);
    using conn = await connect(server);
    using other = await connect(server);
    await time.advance(idleTimeout - 1);
    assertEquals(await ask(other, "21"), "42");
    await time.advance(500);
    assertEquals(await readAll(conn), "");
    const log = await logOf(server, time);
    assert(log.endsWith(timedOut(conn)) && !log.includes(timedOut(other)));
  }
});

Deno.test("idle clients hold up nobody, and without a timeout are answered in the end", async () => {
  using time = new FakeTime();
  const server = serve(["--idle-timeout=0"]);
  using idle = await connect(server);
  assertEquals(await askOnce(server, "21"), "42");
  await time.advance(1_000_000);
  assertEquals(await ask(idle, "21"), "42");
  await logOf(server, time);
});

Deno.test("no client gets any part of what another sent", async () => {
  const network = new MemoryNetwork({ capacity: MAX_MESSAGE_BYTES + 1 });
  await using server = serve([], network);
  // More than a server may keep buffers for, then two rounds that reuse the buffers of the one before.
  for (const [count, longest] of [[520, 9], [50, 1024], [50, 1024]]) {
    const clients = Array.from({ length: count }, () => connect(server));
    const conns = await Promise.all(clients);
    await settle();
    const messages = conns.map((_, index) =>
      String((index + 1) % 10).repeat(1 + (index * 97) % longest)
    );
    const replies = conns.map((conn, index) => ask(conn, messages[index]));
    assertEquals(
      await Promise.all(replies),
      messages.map((message) => String(2n * BigInt(message))),
    );
    for (const conn of conns) conn.close();
  }
});

Deno.test("a stop closes the listener, and requests in flight are answered", async () => {
  const server = serve();
  using early = await connect(server);
  using late = await connect(server);
  await settle();
  const log = logOf(server);
  await assertRejects(() => connect(server), Deno.errors.ConnectionRefused);
  assertEquals(await ask(early, "21"), "42");
  assertEquals(await ask(late, "22"), "44");
  assertEquals(
    await log,
    accepted(early) + accepted(late) + received("21") + received("22"),
  );
  assertEquals(server.stderr.text, "");
});

Deno.test("a client that is idle or still sending 4 s after the stop is cut off", async () => {
  using time = new FakeTime();
  const server = serve();
  using idle = await connect(server);
  using talker = await connect(server);
  await send(talker, "9".repeat(MAX_MESSAGE_BYTES + 1));
  await settle();
  const log = logOf(server);
  await time.advance(3_900);
  await send(talker, "9");
  await time.advance(1_100);
  assert(!(await log).includes(timedOut(idle)));
  assertEquals(await readAll(idle), "");
  assertEquals(await readAll(talker), TOO_LONG);
});

Deno.test("connections that were reset in the queue are passed over without a back-off", async () => {
  using time = new FakeTime();
  const server = serve();
  const conns = Array.from({ length: 1_000 }, () => connect(server));
  for (const conn of await Promise.all(conns)) conn.reset();
  listenerOf(server).failAccept(systemError("ECONNABORTED"));
  using last = await connect(server);
  assertEquals(await ask(last, "21"), "42");
  const log = await logOf(server, time);
  assert(log.endsWith(accepted(last) + received("21")));
  assertEquals(server.stderr.text, "");
});

Deno.test("while accept fails the server backs off, up to 100 ms", async () => {
  using time = new FakeTime();
  const server = serve();
  await settle();
  const errors = Array.from({ length: 6 }, () => NO_FILE);
  // After an accepted connection the back-off starts from the beginning.
  for (let round = 0; round < 2; round++) {
    listenerOf(server).failAccept(...errors);
    using conn = await connect(server);
    let reply: string | undefined;
    const asked = ask(conn, "21").then((text) => reply = text);
    for (const backoff of [5, 10, 20, 40, 80, 100]) {
      await time.advance(backoff - 1);
      assertEquals(reply, undefined);
      await time.advance(1);
    }
    assertEquals(await asked, "42");
  }
  await logOf(server, time);
});

Deno.test("a failing accept is reported once a minute", async () => {
  using time = new FakeTime();
  const server = serve();
  await settle();
  const report = `Failed to accept a connection with error ${
    osErrorText(NO_FILE)
  }\n`;
  listenerOf(server).failAccept(NO_FILE, NO_FILE);
  await time.advance(59_000);
  listenerOf(server).failAccept(NO_FILE);
  await time.advance(900);
  assertEquals(server.stderr.text, report);
  await time.advance(100);
  listenerOf(server).failAccept(NO_FILE);
  await time.advance(200);
  assertEquals(server.stderr.text, report + report);
  // A stop during the back-off is a stop like any other.
  listenerOf(server).failAccept(NO_FILE);
  await settle();
  await logOf(server, time);
});

Deno.test("without a descriptor the connection that has been idle for longest, for a second at least, makes room", async () => {
  using time = new FakeTime();
  for (const idleTimeout of [0, 60]) {
    const server = serve([`--idle-timeout=${idleTimeout}`]);
    using first = await connect(server);
    await time.advance(500);
    using second = await connect(server);
    await settle();
    listenerOf(server).failAccept(NO_FILE);
    await time.advance(200);
    assert(!server.stdout.text.includes("Timed out"));
    await time.advance(300);
    listenerOf(server).failAccept(NO_FILE);
    await time.advance(200);
    assert(server.stdout.text.includes(timedOut(first)));
    assertEquals(await readAll(first), "");
    using speaker = await connect(server);
    assertEquals(await ask(speaker, "21"), "42");
    const log = await logOf(server, time);
    assert(!log.includes(timedOut(second)));
    assertEquals(server.stderr.text.match(/\n/g)?.length, 1);
  }
});

Deno.test("without a descriptor a client that was rejected makes room if nobody is idle", async () => {
  using time = new FakeTime();
  const server = serve();
  using rejected = await connect(server);
  assertEquals(await ask(rejected, "7".repeat(2000)), TOO_LONG);
  for (const isOpen of [true, false]) {
    listenerOf(server).failAccept(NO_FILE);
    await time.advance(200);
    // What is sent to a closed connection comes back as a reset.
    await send(rejected, "7");
    await time.advance(1_000);
    if (!isOpen) await assertRejects(() => send(rejected, "7"));
  }
  await logOf(server, time);
});

Deno.test("a slow output holds the server up; one that takes nothing for a second costs lines, which are counted", async () => {
  using time = new FakeTime();
  const server = serve();
  await settle();
  server.stdout.pause();
  const loud = new Uint8Array(1024).fill(0xff);
  let answered = 0;
  const asked = Array.from({ length: 400 }, async () => {
    await askOnce(server, loud);
    answered++;
  });
  for (let halfSeconds = 0; halfSeconds < 10; halfSeconds++) {
    await time.advance(500);
    // It takes one write.
    server.stdout.resume();
    server.stdout.pause();
  }
  assert(answered > 0 && answered < 400, `${answered} answers`);
  await time.advance(2_000);
  await Promise.all(asked);
  server.stdout.resume();
  const log = await logOf(server, time);
  const lines = log.match(/^(Accepted|Received) .+\n/gm)!.length;
  const [, lost] = /^Lines that could not be written, at most: (\d+)\n/m.exec(
    log,
  )!;
  assert(lines < 800 && lines + Number(lost) >= 800, `${lines} and ${lost}`);
});
