/** The client: sends each number to one of several servers, and prints what comes back.
 * @module */

import { Exchanger } from "./io/exchange.ts";
import { readLines } from "./io/lines.ts";
import { FIRST_PORT, HOST, type Network } from "./io/network.ts";
import type { Printer } from "./io/printer.ts";
import type { Input } from "./io/stream.ts";
import { parseInteger } from "./python/integer.ts";
import { osErrorCode, osErrorText } from "./python/os_error.ts";
import { decodeUtf8, escapeBytes } from "./python/repr.ts";

/** The prompt of an interactive client. */
export const PROMPT =
  "Enter number to calculate: (or write exit to terminate): ";

const MAX_LINE_BYTES = 1024 * 1024;

/** The errors with which the system refuses a socket, whatever the server. */
const NO_SOCKET = /^E(AFNOSUPPORT|MFILE|NFILE|NOBUFS|NOMEM|PROTONOSUPPORT)$/;

const encoder = new TextEncoder();

/** The client's settings, as the command line has them. */
export interface ClientSettings {
  /** The server numbers to choose from, each once. */
  servers: number[];
  /** How long one exchange may take, in milliseconds; 0 for ever. */
  timeout: number;
  /** Whether to try the other servers when one fails. */
  failover: boolean;
  /** Whether to print the bare answers only. */
  quiet: boolean;
}

/** What the client needs besides the numbers. */
export interface ClientOptions extends ClientSettings {
  /** Whether to add a hint when a server refuses. */
  hints: boolean;
  /** Connects to the servers. */
  network: Network;
  /** Draws a number from 0 up to but not including 1, as `Math.random` does. */
  random: () => number;
  /** Standard output and standard error. */
  printer: Printer;
}

function nameOf(server: number): string {
  return `Server ${HOST}:${FIRST_PORT + server}`;
}

function isExit(line: Uint8Array): boolean {
  return line.length === 4 && decodeUtf8(line)?.toLowerCase() === "exit";
}

class Client {
  readonly #options: ClientOptions;
  readonly #exchanger: Exchanger;
  /** The servers whose hint has been given. */
  readonly #hinted = new Set<number>();

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#exchanger = new Exchanger(options.network, options.timeout);
  }

  /** Asks one server, or with `failover` each until one replies. Returns whether an integer came back. */
  async ask(number: Uint8Array): Promise<boolean> {
    const { servers, random, failover } = this.#options;
    const left = [...servers];
    do {
      const [server] = left.splice(Math.floor(random() * left.length), 1);
      const isInteger = await this.#askServer(server, number);
      await this.settle();
      if (isInteger !== undefined) return isInteger;
    } while (failover && left.length > 0);
    return false;
  }

  /** Waits for outputs that can't keep up. Throws the error of standard output, if it can't be written. */
  async settle(): Promise<void> {
    const { printer } = this.#options;
    await printer.ready;
    if (printer.error !== undefined) throw printer.error;
  }

  /** Asks a server. Returns whether the reply was an integer, or `undefined` if there was none. */
  async #askServer(
    server: number,
    number: Uint8Array,
  ): Promise<boolean | undefined> {
    const { quiet, printer } = this.#options;
    try {
      const reply = await this.#exchanger.exchange(
        FIRST_PORT + server,
        number,
        () => {
          if (!quiet) printer.print(`connected to ${nameOf(server)}`);
        },
      );
      return this.#reportReply(server, reply);
    } catch (error) {
      this.#reportFailure(server, error);
    }
  }

  #reportReply(server: number, reply: Uint8Array): boolean | undefined {
    const { quiet, printer } = this.#options;
    const text = decodeUtf8(reply);
    const shown = escapeBytes(reply);
    const isInteger = text !== undefined && parseInteger(text) !== undefined;
    if (!quiet) {
      printer.print(`Received from server: ${shown}`);
    } else if (isInteger) {
      // `\s` lacks U+0085, which `int` takes for a blank.
      printer.print(text.match(/[^\s\x85]+/)![0]);
    } else {
      const problem = `${nameOf(server)} closed the connection without a reply`;
      printer.printError(reply.length > 0 ? shown : problem);
    }
    return reply.length > 0 ? isInteger : undefined;
  }

  #reportFailure(server: number, error: unknown): void {
    const { quiet, hints, printer } = this.#options;
    const code = osErrorCode(error) ?? "";
    const problem = NO_SOCKET.test(code)
      ? "socket creation failed"
      : `Failed to connect to ${nameOf(server)}`;
    const line = `${problem} with error ${osErrorText(error)}`;
    if (quiet) printer.printError(line);
    else printer.print(line);
    if (!hints || code !== "ECONNREFUSED" || this.#hinted.has(server)) return;
    this.#hinted.add(server);
    printer.printError(
      `Hint: start server ${server} in another terminal: tcpcalc serve ${server} (from a clone: npx -y deno task serve ${server})`,
    );
  }
}

/**
 * Sends each number, which may be any text, in turn.
 * @returns Whether every number was answered with an integer; an empty one is not.
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
      options.printer.printError("Nothing to send: the number is empty");
      allAnswered = false;
    } else if (!await client.ask(encoder.encode(number))) {
      allAnswered = false;
    }
  }
  return allAnswered;
}

/**
 * Prompts for numbers and sends each line, byte for byte, until one is `exit` or the input ends.
 * @throws {Error} If standard output can't be written.
 */
export async function interact(
  input: Input,
  options: ClientOptions,
): Promise<void> {
  const { quiet, printer } = options;
  const client = new Client(options);
  const hurryingInput: Input = {
    read(buffer) {
      // The user must see all output before typing the next line.
      printer.hurry();
      return input.read(buffer);
    },
  };
  if (!quiet) printer.print(PROMPT, "");
  for await (const line of readLines(hurryingInput, MAX_LINE_BYTES)) {
    if (line === undefined) {
      const problem = `the line is longer than ${MAX_LINE_BYTES} bytes`;
      printer.printError(`Not sent: ${problem}`);
    } else if (isExit(line)) {
      return;
    } else if (line.length > 0) {
      await client.ask(line);
    }
    if (!quiet) printer.print(PROMPT, "");
    // Lines that are not sent must not outrun the output either.
    await client.settle();
  }
  if (!quiet) printer.print("");
}
