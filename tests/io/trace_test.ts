import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertThrows,
} from "@std/assert";
import type { Connection } from "../../io/network.ts";
import { traced } from "../../io/trace.ts";
import { osErrorText } from "../../python/os_error.ts";
import { MemoryNetwork, send } from "../support/network.ts";
import { systemError } from "../support/system_error.ts";
import { settle } from "../support/time.ts";

const CLIENT = "127.0.0.1:49152";
const SERVER = "127.0.0.1:9001";

/** What begins a line in a color, and what ends it. */
const COLOR = "\x1b[36m";
const NO_COLOR = "\x1b[0m";

const { signal } = new AbortController();

/** A traced network, and the lines that it prints. */
class Trace {
  readonly memory = new MemoryNetwork();
  readonly network;
  readonly #lines: string[] = [];

  constructor({ isColored = false } = {}) {
    const print = (line: string) => this.#lines.push(line);
    this.network = traced(this.memory, print, isColored);
  }

  /** The lines since the last call, without their times. */
  take(): string[] {
    return this.#lines.splice(0).map((line) => {
      const start = line.startsWith("\x1b") ? COLOR.length : 0;
      const time = line.slice(start, start + "12:04:31.205  ".length);
      assertMatch(time, /^([01]\d|2[0-3])(:[0-5]\d){2}\.\d{3} {2}$/);
      return line.replace(time, "");
    });
  }

  /** Connects a client to a server, and drops the lines about that. */
  async connect() {
    const listener = this.network.listen(9001);
    const client = await this.network.connect(9001, signal);
    const server = await listener.accept();
    this.take();
    return { listener, client, server };
  }
}

async function read(conn: Connection): Promise<string | null> {
  const buffer = new Uint8Array(1024);
  const size = await conn.read(buffer);
  return size === null
    ? null
    : new TextDecoder().decode(buffer.subarray(0, size));
}

Deno.test("every call of an exchange is shown, with both ends and its result", async () => {
  const trace = new Trace();
  const listener = trace.network.listen(9001);
  assertEquals(listener.addr, trace.memory.listenerOn(9001)!.addr);
  const client = await trace.network.connect(9001, signal);
  const server = await listener.accept();
  assertEquals(server.remoteAddr, client.localAddr);
  await send(client, "21");
  assertEquals(await read(server), "21");
  await send(server, "42");
  await server.closeWrite();
  server.close();
  assertEquals(await read(client), "42");
  assertEquals(await read(client), null);
  client.close();
  listener.close();
  assertEquals(trace.take(), [
    `listen   ${SERVER}`,
    `connect  ${CLIENT} -> ${SERVER}`,
    `accept   ${SERVER} <- ${CLIENT}`,
    `send     ${CLIENT} -> ${SERVER}  2 bytes  21`,
    `recv     ${SERVER} <- ${CLIENT}  2 bytes  21`,
    `send     ${SERVER} -> ${CLIENT}  2 bytes  42`,
    `shutdown ${SERVER} -> ${CLIENT}`,
    `close    ${SERVER} -> ${CLIENT}`,
    `recv     ${CLIENT} <- ${SERVER}  2 bytes  42`,
    `recv     ${CLIENT} <- ${SERVER}  end of stream`,
    `close    ${CLIENT}`,
    `close    ${SERVER}`,
  ]);
});

Deno.test("bytes are escaped, and cut after 64", async () => {
  const trace = new Trace();
  const { client, server } = await trace.connect();
  const messages: [message: string | Uint8Array<ArrayBuffer>, shown: string][] =
    [
      ["1", "1 byte  1"],
      ["1\n\x1b", "3 bytes  1\\n\\x1b"],
      [new Uint8Array([0x31, 0xff]), "2 bytes  1\\xff"],
      ["7".repeat(64), `64 bytes  ${"7".repeat(64)}`],
      ["7".repeat(65), `65 bytes  ${"7".repeat(64)}…`],
    ];
  for (const [message, shown] of messages) {
    await send(client, message);
    await read(server);
    assertEquals(trace.take(), [
      `send     ${CLIENT} -> ${SERVER}  ${shown}`,
      `recv     ${SERVER} <- ${CLIENT}  ${shown}`,
    ]);
  }
});

Deno.test("only the bytes that a send has taken are shown", async () => {
  const trace = new Trace();
  const { client } = await trace.connect();
  await client.write(new Uint8Array(64 * 1024 - 2));
  trace.take();
  assertEquals(await client.write(new TextEncoder().encode("12345")), 2);
  assertEquals(
    trace.take(),
    [`send     ${CLIENT} -> ${SERVER}  2 bytes  12`],
  );
});

Deno.test("a call that fails is shown with its error, and fails", async () => {
  const trace = new Trace();
  const { memory, network } = trace;
  const [inUse, refused, noFile, reset, pipe] = ([
    ...["EADDRINUSE", "ECONNREFUSED", "EMFILE", "ECONNRESET", "EPIPE"],
  ] as const).map(systemError);
  const listener = network.listen(9001);
  const client = await memory.connect(9001);
  const server = await listener.accept();
  trace.take();
  assertThrows(() => network.listen(9001), Error, inUse.message);
  memory.listenerOn(9001)!.failAccept(noFile);
  await assertRejects(() => listener.accept(), Error, noFile.message);
  await assertRejects(
    () => network.connect(9002, signal),
    Error,
    refused.message,
  );
  client.reset();
  await assertRejects(() => read(server), Error, reset.message);
  await assertRejects(() => send(server, "42"), Error, pipe.message);
  assertEquals(trace.take(), [
    `listen   ${SERVER}  ${osErrorText(inUse)}`,
    `accept   ${SERVER}  ${osErrorText(noFile)}`,
    `connect  127.0.0.1 -> 127.0.0.1:9002  ${osErrorText(refused)}`,
    `recv     ${SERVER} <- ${CLIENT}  ${osErrorText(reset)}`,
    `send     ${SERVER} -> ${CLIENT}  ${osErrorText(pipe)}`,
  ]);
});

Deno.test("a call that ends with the closing of its own socket is not shown as failed", async () => {
  const trace = new Trace();
  const { listener, client } = await trace.connect();
  const ended = [
    assertRejects(() => listener.accept(), Deno.errors.BadResource),
    assertRejects(() => read(client), Deno.errors.Interrupted),
  ];
  await settle();
  listener.close();
  client.close();
  await Promise.all(ended);
  await assertRejects(() => client.closeWrite(), Deno.errors.BadResource);
  assertEquals(trace.take(), [
    `close    ${SERVER}`,
    `close    ${CLIENT}`,
  ]);
});

Deno.test("with colors, the lines of each connection have one of their own, and the listener's have none", async () => {
  const trace = new Trace({ isColored: true });
  const listener = trace.network.listen(9001);
  assertEquals(trace.take(), [`listen   ${SERVER}`]);
  const conns: Connection[] = [];
  while (conns.length < 5) {
    await trace.memory.connect(9001);
    conns.push(await listener.accept());
  }
  for (const conn of conns) conn.close();
  const colors = trace.take().map((line) => {
    assert(line.endsWith(NO_COLOR));
    return line.slice(0, COLOR.length);
  });
  assert(colors.includes(COLOR));
  assertEquals(new Set(colors).size, conns.length);
  assertEquals(colors.slice(5), colors.slice(0, 5));
  assertEquals(
    (await trace.network.connect(9001, signal)).localAddr.port,
    49157,
  );
  assert(trace.take()[0].startsWith(colors[0]));
});
