/** The client: sends each number to one of several servers.
 * @module */

import { readLines } from "./io/lines.ts";
import {
  type Connection,
  FIRST_PORT,
  HOST,
  type Network,
} from "./io/network.ts";
import type { Printer } from "./io/printer.ts";
import { type Input, writeAll } from "./io/stream.ts";
import { Timer } from "./io/timer.ts";
import { parseInteger } from "./python/integer.ts";
import { osErrorCode, osErrorText } from "./python/os_error.ts";
import { decodeUtf8, escapeBytes, escapeUnprintable } from "./python/repr.ts";

/** The prompt of an interactive client. */
export const PROMPT =
  "Enter number to calculate: (or write exit to terminate): ";

const MAX_REPLY_BYTES = 1024 * 1024;
const MAX_LINE_BYTES = 1024 * 1024;
const INITIAL_BUFFER_BYTES = 64 * 1024;

/** After this silence a reply is whole: the Python server leaves the connection open. */
const REPLY_GAP_MS = 50;

/** How many more turns a due timer waits: after a freeze it would fire ahead of ready reads. */
const SETTLE_TURNS = 2;

/** The errors with which the system refuses a socket, whatever the server. */
const NO_SOCKET = new Set([
  "EAFNOSUPPORT",
  "EMFILE",
  "ENFILE",
  "ENOBUFS",
  "ENOMEM",
  "EPROTONOSUPPORT",
]);

const encoder = new TextEncoder();

/** What the client uses of a `Printer`. */
export type TextOutput = Pick<Printer, "print" | "ready" | "flush" | "hurry">;

/** What the client needs besides the numbers. */
export interface ClientOptions {
  /** The server numbers to draw from, each once. */
  servers: number[];
  /** How long one exchange may take, in milliseconds; 0 for ever. */
  timeout: number;
  /** Whether to try the other servers when one fails. */
  failover: boolean;
  /** Whether {@linkcode ClientOptions.stdout} gets the bare answers only. */
  quiet: boolean;
  /** Whether to add a hint when a server refuses. */
  hints: boolean;
  /** Connects to the servers. */
  network: Network;
  /** Draws a number from 0 up to but not including 1, as `Math.random` does. */
  random: () => number;
  /** Standard output. */
  stdout: TextOutput;
  /** Standard error. */
  stderr: TextOutput;
}

function* shuffled(
  numbers: number[],
  random: () => number,
): Generator<number> {
  const left = [...numbers];
  while (left.length > 0) {
    yield* left.splice(Math.floor(random() * left.length), 1);
  }
}

function setSettlingTimer(
  timer: Timer,
  ms: number,
  onTimeout: () => void,
  turns = SETTLE_TURNS,
): void {
  timer.set(ms, () => {
    if (turns === 0) onTimeout();
    else setSettlingTimer(timer, 0, onTimeout, turns - 1);
  });
}

function timeoutError(): DOMException {
  return new DOMException("The server took too long.", "TimeoutError");
}

/** Runs one exchange at a time. All share a buffer and an abort controller: new ones would double the cost. */
class Exchanger {
  readonly #network: Network;
  readonly #timeout: number;
  #buffer = new Uint8Array(INITIAL_BUFFER_BYTES);
  #connecting = new AbortController();
  #conn: Connection | undefined;
  readonly #timer = new Timer();
  readonly #gapTimer = new Timer();
  /** When the exchange must be over, by `performance.now`. */
  #deadline = Infinity;
  #timedOut = false;
  /** Whether a silence has shown that the reply is whole. */
  #isWhole = false;

  constructor(network: Network, timeout: number) {
    this.#network = network;
    this.#timeout = timeout;
  }

  /**
   * Connects, sends the message, reads the reply, and closes the connection in any case.
   * @returns The reply, valid until the next exchange; empty if the server closed without one.
   * @throws {Error} The system's error, a `TimeoutError`, or a `RangeError` for a reply of more than 1 MiB.
   */
  async exchange(
    port: number,
    message: Uint8Array,
    onConnected: () => void,
  ): Promise<Uint8Array> {
    this.#timedOut = this.#isWhole = false;
    if (this.#timeout > 0) {
      this.#deadline = performance.now() + this.#timeout;
      setSettlingTimer(this.#timer, this.#timeout, this.#expire);
    }
    try {
      const conn = this.#conn = await this.#connect(port);
      onConnected();
      return await this.#sendAndReceive(conn, message);
    } catch (error) {
      throw this.#timedOut ? timeoutError() : error;
    } finally {
      this.#timer.clear();
      this.#gapTimer.clear();
      this.#close();
    }
  }

  async #connect(port: number): Promise<Connection> {
    while (true) {
      // If nobody listens, the system may pick the same port for this end, and TCP connects the socket to
      // itself (RFC 9293, "simultaneous open"). The next attempt gets another port.
      const conn = await this.#network.connect(port, this.#connecting.signal);
      if (conn.localAddr.port !== port) return conn;
      conn.close();
    }
  }

  /** Does both at once: a message that is too long is answered before all of it is sent. */
  async #sendAndReceive(
    conn: Connection,
    message: Uint8Array,
  ): Promise<Uint8Array> {
    let failure: unknown;
    writeAll(conn, message).catch((error) => failure = error);
    const reply = await this.#receive(conn);
    if (reply.length === 0 && failure !== undefined) throw failure;
    return reply;
  }

  async #receive(conn: Connection): Promise<Uint8Array> {
    let size = 0;
    while (true) {
      // From the first byte on, the timer measures the gap.
      const isLate = performance.now() > this.#deadline;
      const count = await this.#read(conn, size);
      if (count === null) return this.#buffer.subarray(0, size);
      if (size > 0 && isLate) throw timeoutError();
      size += count;
      if (size > MAX_REPLY_BYTES) {
        throw new RangeError(`reply is longer than ${MAX_REPLY_BYTES} bytes`);
      }
      if (size === this.#buffer.length) this.#grow();
      this.#timer.clear();
      setSettlingTimer(this.#gapTimer, REPLY_GAP_MS, this.#finish);
    }
  }

  /** Reads on. Returns `null` at the end of the reply. */
  async #read(conn: Connection, size: number): Promise<number | null> {
    try {
      return await conn.read(this.#buffer.subarray(size));
    } catch (error) {
      if (this.#isWhole) return null;
      throw error;
    }
  }

  #grow(): void {
    const larger = new Uint8Array(2 * this.#buffer.length);
    larger.set(this.#buffer);
    this.#buffer = larger;
  }

  #close(): void {
    this.#conn?.close();
    this.#conn = undefined;
  }

  readonly #expire = (): void => {
    this.#timedOut = true;
    if (this.#conn === undefined) {
      this.#connecting.abort(timeoutError());
      this.#connecting = new AbortController();
    } else {
      this.#close();
    }
  };

  readonly #finish = (): void => {
    this.#isWhole = true;
    this.#close();
  };
}

class Client {
  readonly #options: ClientOptions;
  readonly #exchanger: Exchanger;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#exchanger = new Exchanger(options.network, options.timeout);
  }

  /** Asks one server, or with `failover` each until one replies. Returns whether an integer came back. */
  async ask(number: Uint8Array): Promise<boolean> {
    const { servers, random, failover, stdout } = this.#options;
    for (const server of shuffled(servers, random)) {
      const isInteger = await this.#askServer(server, number);
      const { ready } = stdout;
      if (ready !== undefined) await ready;
      if (isInteger !== undefined) return isInteger;
      if (!failover) break;
    }
    return false;
  }

  /** Asks a server. Returns whether the reply was an integer, or `undefined` if there was none. */
  async #askServer(
    server: number,
    number: Uint8Array,
  ): Promise<boolean | undefined> {
    const { quiet, stdout } = this.#options;
    const port = FIRST_PORT + server;
    let reply: Uint8Array;
    try {
      reply = await this.#exchanger.exchange(port, number, () => {
        if (!quiet) stdout.print(`connected to ${nameOf(port)}\n`);
      });
    } catch (error) {
      await this.#reportFailure(server, error);
      return undefined;
    }
    return await this.#reportReply(port, reply);
  }

  async #reportReply(
    port: number,
    reply: Uint8Array,
  ): Promise<boolean | undefined> {
    const { quiet, stdout } = this.#options;
    const text = decodeUtf8(reply);
    const shown = text === undefined
      ? escapeBytes(reply)
      : escapeUnprintable(text);
    const isInteger = text !== undefined && parseInteger(text) !== undefined;
    if (!quiet) {
      stdout.print(`Received from server: ${shown}\n`);
    } else if (isInteger) {
      // An integer has no other blanks than these, and none inside.
      stdout.print(`${text.match(/[^\s\x85]+/)![0]}\n`);
    } else if (reply.length > 0) {
      await complain(this.#options, shown);
    } else {
      const problem = `${nameOf(port)} closed the connection without a reply`;
      await complain(this.#options, problem);
    }
    return reply.length > 0 ? isInteger : undefined;
  }

  async #reportFailure(server: number, error: unknown): Promise<void> {
    const { quiet, hints, stdout, stderr } = this.#options;
    const code = osErrorCode(error) ?? "";
    const problem = NO_SOCKET.has(code)
      ? "socket creation failed"
      : `Failed to connect to ${nameOf(FIRST_PORT + server)}`;
    const line = `${problem} with error ${osErrorText(error)}`;
    if (quiet) await complain(this.#options, line);
    else stdout.print(`${line}\n`);
    if (hints && code === "ECONNREFUSED") {
      // A terminal should show it between the failure and the next prompt.
      await complain(
        this.#options,
        `Hint: start server ${server} in another terminal: tcpcalc serve ${server} ` +
          `(from a clone: npx -y deno task serve ${server})`,
      );
      await stderr.flush();
    }
  }
}

/** Prints a line on standard error, once the answers before it are written. */
async function complain(
  { stdout, stderr }: ClientOptions,
  line: string,
): Promise<void> {
  await stdout.flush();
  stderr.print(`${line}\n`);
}

function nameOf(port: number): string {
  return `Server ${HOST}:${port}`;
}

/**
 * Sends each number, which may be any text, in turn.
 * @returns Whether every number was answered with an integer.
 * @throws {Error} If standard output can't be written.
 */
export async function askAll(
  numbers: string[],
  options: ClientOptions,
): Promise<boolean> {
  const client = new Client(options);
  let allAnswered = true;
  for (const number of numbers) {
    // If nothing were sent, client and server would wait for each other.
    if (number === "") {
      await complain(options, "Nothing to send: the number is empty");
      allAnswered = false;
    } else if (!await client.ask(encoder.encode(number))) {
      allAnswered = false;
    }
  }
  return allAnswered;
}

function isExit(line: Uint8Array): boolean {
  return line.length === 4 && decodeUtf8(line)?.toLowerCase() === "exit";
}

/**
 * Prompts for numbers and sends each line, byte for byte, until one is `exit` or the input ends.
 * @throws {Error} If standard output can't be written.
 */
export async function interact(
  input: Input,
  options: ClientOptions,
): Promise<void> {
  const { quiet, stdout, stderr } = options;
  const client = new Client(options);
  const hurryingInput: Input = {
    read(buffer) {
      // The user must see all output before typing the next line.
      stderr.hurry();
      stdout.hurry();
      return input.read(buffer);
    },
  };
  if (!quiet) stdout.print(PROMPT);
  for await (const line of readLines(hurryingInput, MAX_LINE_BYTES)) {
    if (line === undefined) {
      const problem = `the line is longer than ${MAX_LINE_BYTES} bytes`;
      await complain(options, `Not sent: ${problem}`);
    } else if (isExit(line)) {
      return;
    } else if (line.length > 0) {
      await client.ask(line);
    }
    if (!quiet) stdout.print(PROMPT);
    // Lines that are not sent must not outrun the output either.
    const { ready } = stdout;
    if (ready !== undefined) await ready;
  }
  if (!quiet) stdout.print("\n");
}
