/**
 * The client: asks one of several servers for every number.
 *
 * @module
 */

import { deadline } from "@std/async/deadline";
import { parseInteger } from "./python/integer.ts";
import { osErrorCode, osErrorText } from "./python/os_error.ts";
import { decodeUtf8, printableBytes } from "./python/repr.ts";
import { writeAll } from "./io/write_all.ts";

/** What the interactive client asks with. */
export const PROMPT =
  "Enter number to calculate: (or write exit to terminate): ";

/** The port of server number 0. */
export const FIRST_PORT = 9000;

/** The longest reply that is taken, in bytes. The server's own have 1025 at most. */
const MAX_REPLY_BYTES = 1024 * 1024;

/**
 * How long a server may pause within its reply, in milliseconds. One that closes the connection, as it
 * should, is never waited for; one that does not costs this much.
 */
const REPLY_GAP_MS = 1_000;

/** The errors by which a system says that it has no socket to give, not that the server is away. */
const NO_SOCKET = new Set([
  "EAFNOSUPPORT",
  "EMFILE",
  "ENFILE",
  "ENOBUFS",
  "ENOMEM",
]);

const encoder = new TextEncoder();

/** What the client needs beside the numbers. */
export interface ClientOptions {
  /** The server numbers to draw from, each once. */
  servers: number[];
  /** How long one exchange may take, in milliseconds; 0 for ever. */
  timeout: number;
  /** Whether the other servers are tried where one fails. */
  failover: boolean;
  /** Whether nothing but the bare answers goes to {@linkcode ClientOptions.write}. */
  quiet: boolean;
  /** Draws a number from 0 up to but not including 1, as `Math.random` does. */
  random: () => number;
  /** Writes to standard output, in the order of the calls. It must not reject. */
  write: (text: string) => Promise<void>;
  /** Writes to standard error, in the order of the calls. It must not reject. */
  writeError: (text: string) => Promise<void>;
}

/** What {@linkcode exchange} needs beside a message. */
export interface ExchangeOptions {
  /** The server's port on 127.0.0.1. */
  port: number;
  /** How long it may take in all, in milliseconds; 0 for ever. */
  timeout: number;
  /** Called when the connection stands, before the message is sent. */
  onConnected?: () => void;
}

/**
 * Reads until the server closes the connection. Python's single read may bring a part of a long
 * reply, which looks like an answer and is none. What has come counts when the server then keeps the
 * connection open, or resets it (though Windows takes back what had come).
 */
async function readReply(conn: Deno.Conn): Promise<Uint8Array> {
  const buffer = new Uint8Array(MAX_REPLY_BYTES + 1);
  let size = 0;
  while (size < buffer.length) {
    const read = conn.read(buffer.subarray(size));
    let count: number | null;
    try {
      count = await (size === 0 ? read : deadline(read, REPLY_GAP_MS));
    } catch (error) {
      if (size === 0) throw error;
      break;
    }
    if (count === null) break;
    size += count;
  }
  if (size > MAX_REPLY_BYTES) {
    throw new RangeError(`reply is longer than ${MAX_REPLY_BYTES} bytes`);
  }
  return buffer.subarray(0, size);
}

/**
 * Connects to a port on 127.0.0.1. Where nobody listens, the system may draw the very port for this
 * end, and TCP then connects it to itself (RFC 9293, "simultaneous open"): it would read its own
 * message for a reply. The next attempt draws another port.
 */
async function connect(port: number, signal: AbortSignal): Promise<Deno.Conn> {
  while (true) {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port, signal });
    if (conn.localAddr.port !== port) return conn;
    conn.close();
  }
}

/** Sends and reads at once: to a message that is too long the reply comes before all is sent. */
async function converse(conn: Deno.Conn, message: string): Promise<Uint8Array> {
  let failure: unknown;
  writeAll(conn, encoder.encode(message)).catch((error) => failure = error);
  const reply = await readReply(conn);
  if (reply.length === 0 && failure !== undefined) throw failure;
  return reply;
}

/**
 * One exchange: connects, sends the message, reads the reply, and closes the connection whatever
 * happens.
 *
 * @example Usage
 * ```ts
 * import { exchange } from "./client.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * const reply = exchange("21", { port: listener.addr.port, timeout: 10_000 });
 * const conn = await listener.accept();
 * await conn.read(new Uint8Array(1024));
 * await conn.write(new TextEncoder().encode("42"));
 * conn.close();
 * assertEquals(new TextDecoder().decode(await reply), "42");
 * listener.close();
 * ```
 *
 * @param message What to send.
 * @param options See {@linkcode ExchangeOptions}.
 * @returns The reply; empty if the server closed the connection without one.
 * @throws {Error} The operating system's error, a `TimeoutError` when the time is up, or a
 * `RangeError` for a reply of more than 1 MiB.
 */
export async function exchange(
  message: string,
  { port, timeout, onConnected }: ExchangeOptions,
): Promise<Uint8Array> {
  const connecting = new AbortController();
  let conn: Deno.Conn | undefined;

  async function connectAndConverse(): Promise<Uint8Array> {
    conn = await connect(port, connecting.signal);
    onConnected?.();
    return await converse(conn, message);
  }

  try {
    const reply = connectAndConverse();
    return await (timeout > 0 ? deadline(reply, timeout) : reply);
  } finally {
    if (conn === undefined) connecting.abort();
    else conn.close();
  }
}

/** All of the servers in random order. */
function* draw(servers: number[], random: () => number): Generator<number> {
  const left = [...servers];
  while (left.length > 0) {
    yield* left.splice(Math.floor(random() * left.length), 1);
  }
}

/**
 * Asks one server for one number, or, with `failover`, one after the other until one answers, and
 * prints what happens.
 *
 * @param number The text to send, which may be anything but empty.
 * @param options See {@linkcode ClientOptions}.
 * @returns Whether the answer was an integer.
 */
export async function ask(
  number: string,
  options: ClientOptions,
): Promise<boolean> {
  const { servers, timeout, failover, quiet, random, write, writeError } =
    options;
  for (const server of draw(servers, random)) {
    const port = FIRST_PORT + server;
    const name = `Server 127.0.0.1:${port}`;
    let reply: Uint8Array;
    try {
      reply = await exchange(number, {
        port,
        timeout,
        onConnected: () => void (quiet || write(`connected to ${name}\n`)),
      });
    } catch (error) {
      const text = osErrorText(error);
      const line = NO_SOCKET.has(osErrorCode(error) ?? "")
        ? `socket creation failed with error ${text}\n`
        : `Failed to connect to ${name} with error ${text}\n`;
      await (quiet ? writeError(line) : write(line));
      if (failover) continue;
      return false;
    }
    const integer = parseInteger(decodeUtf8(reply) ?? "") !== undefined;
    const shown = printableBytes(reply);
    if (!quiet) await write(`Received from server: ${shown}\n`);
    else if (integer) await write(`${shown}\n`);
    else await writeError(`${shown}\n`);
    return integer;
  }
  return false;
}

/**
 * Asks for each number in turn.
 *
 * @param numbers The numbers, which may be any text.
 * @param options See {@linkcode ClientOptions}.
 * @returns Whether every answer was an integer.
 */
export async function askAll(
  numbers: string[],
  options: ClientOptions,
): Promise<boolean> {
  let integers = true;
  for (const number of numbers) {
    // Without this line an empty number would leave server and client waiting for each other.
    if (number === "") {
      await options.writeError("Nothing to send: the number is empty\n");
    }
    if (number === "" || !await ask(number, options)) integers = false;
  }
  return integers;
}

/**
 * Prompts for numbers and asks for each, until a line says `exit` or the input ends. An empty line is
 * not sent: the server would wait for it, and the client for the server.
 *
 * @param lines What the user types, without the line ends.
 * @param options See {@linkcode ClientOptions}.
 */
export async function interact(
  lines: AsyncIterable<string>,
  options: ClientOptions,
): Promise<void> {
  const { quiet, write } = options;
  if (!quiet) await write(PROMPT);
  for await (const line of lines) {
    if (line.toLowerCase() === "exit") return;
    if (line !== "") await ask(line, options);
    if (!quiet) await write(PROMPT);
  }
  if (!quiet) await write("\n");
}
