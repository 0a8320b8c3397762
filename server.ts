/** The server: one integer in, its double out, for many clients at once.
 * @module */

import { abortable } from "@std/async/abortable";
import { deadline } from "@std/async/deadline";
import { delay } from "@std/async/delay";
import { double, MAX_MESSAGE_BYTES, NOT_AN_INTEGER, TOO_LONG } from "./calc.ts";
import { IdleTimeout } from "./io/idle_timeout.ts";
import type { Connection, Listener } from "./io/network.ts";
import type { Printer } from "./io/printer.ts";
import { writeAll } from "./io/stream.ts";
import { osErrorCode, osErrorText } from "./python/os_error.ts";
import { decodeUtf8, escapeBytes } from "./python/repr.ts";

/** How long requests in flight may take after the stop signal, in milliseconds. */
const SHUTDOWN_DEADLINE_MS = 3_500;

/** How long to linger after a rejection, in milliseconds. */
const LINGER_MS = 30_000;

/** How long the connection that makes room for another must have been idle, in milliseconds. */
const MIN_IDLE_MS = 1_000;

const INITIAL_ACCEPT_BACKOFF_MS = 5;
const MAX_ACCEPT_BACKOFF_MS = 100;

/** The least time between two reports of a failing accept, in milliseconds. */
const ACCEPT_REPORT_INTERVAL_MS = 60_000;

const MAX_POOLED_BUFFERS = 512;

// Errors of one connection, not of the listener (accept(2), "Error handling"). Deno also asks for the peer's
// address, which a connection that was reset in the backlog no longer has: `ENOTCONN`, on macOS `EINVAL`.
// Backing off on these would let a client that keeps resetting stall accept.
const PEER_ERRORS = ["ECONNABORTED", "ECONNRESET", "EINVAL", "ENOTCONN"];

/** The errors of a process, or of a system, that has no descriptor left. */
const OUT_OF_DESCRIPTORS = ["EMFILE", "ENFILE"];

const encoder = new TextEncoder();
const rejection = encoder.encode(TOO_LONG);
const scratch = new Uint8Array(64 * 1024);

/** The server's settings, as the command line has them. */
export interface ServerSettings {
  /** How long a client may stay idle before its message, in milliseconds; 0 for ever. */
  idleTimeout: number;
  /** Whether to log nothing per connection. */
  quiet: boolean;
}

/** What {@linkcode serve} needs besides a listener. */
export interface ServeOptions extends ServerSettings {
  /** Where connections, messages and trouble of the server's own are logged. */
  printer: Printer;
  /** Stops the server. */
  signal: AbortSignal;
}

function peerName({ remoteAddr }: Connection): string {
  return `('${remoteAddr.hostname}', ${remoteAddr.port})`;
}

class Server {
  readonly #listener: Listener;
  readonly #printer: Printer;
  /** For what is printed per connection; `undefined` if the server is quiet. */
  readonly #log: Printer | undefined;
  readonly #signal: AbortSignal;
  readonly #idle: IdleTimeout<Connection>;
  readonly #lingering = new IdleTimeout<Connection>(LINGER_MS);
  /** For reuse: a new buffer for each connection would be most of the garbage. */
  readonly #buffers: Uint8Array[] = [];
  #allClosed: PromiseWithResolvers<void> | undefined;
  #activeConnections = 0;
  #deadlinePassed = false;
  #lastAcceptReport = -Infinity;

  constructor(listener: Listener, options: ServeOptions) {
    this.#listener = listener;
    this.#printer = options.printer;
    this.#log = options.quiet ? undefined : options.printer;
    this.#signal = options.signal;
    this.#idle = new IdleTimeout(options.idleTimeout);
  }

  async run(): Promise<void> {
    this.#signal.addEventListener("abort", () => this.#listener.close());
    await this.#acceptAll();
    await this.#drain();
  }

  async #acceptAll(): Promise<void> {
    let backoff = INITIAL_ACCEPT_BACKOFF_MS;
    while (!this.#signal.aborted) {
      const { ready } = this.#printer;
      if (ready !== undefined) {
        await abortable(ready, this.#signal).catch(() => {});
      }
      try {
        this.#handle(await this.#listener.accept());
        backoff = INITIAL_ACCEPT_BACKOFF_MS;
      } catch (error) {
        const code = osErrorCode(error) ?? "";
        if (this.#signal.aborted || PEER_ERRORS.includes(code)) continue;
        this.#reportAcceptError(error);
        // At the first failure reads may be ready: who has sent something must not make room.
        const isRetry = backoff > INITIAL_ACCEPT_BACKOFF_MS;
        if (isRetry && OUT_OF_DESCRIPTORS.includes(code)) this.#makeRoom();
        await delay(backoff);
        backoff = Math.min(2 * backoff, MAX_ACCEPT_BACKOFF_MS);
      }
    }
  }

  #makeRoom(): boolean {
    return this.#idle.closeOldest(MIN_IDLE_MS) ||
      this.#lingering.closeOldest(MIN_IDLE_MS);
  }

  #reportAcceptError(error: unknown): void {
    const now = performance.now();
    if (now - this.#lastAcceptReport < ACCEPT_REPORT_INTERVAL_MS) return;
    this.#lastAcceptReport = now;
    this.#printer.printError(
      `Failed to accept a connection with error ${osErrorText(error)}`,
    );
  }

  /** Handles a connection until it is closed. Never rejects. */
  async #handle(conn: Connection): Promise<void> {
    this.#activeConnections++;
    this.#log?.print(`Accepted connection from ${peerName(conn)}`);
    const buffer = this.#buffers.pop() ?? new Uint8Array(MAX_MESSAGE_BYTES + 1);
    let size: number | null = null;
    const entry = this.#idle.add(conn);
    try {
      size = await conn.read(buffer);
    } catch {
      // The client has reset the connection, or has timed out.
    }
    if (!this.#idle.remove(entry)) {
      if (!this.#deadlinePassed) {
        this.#log?.print(`Timed out waiting for ${peerName(conn)}`);
      }
    } else if (size !== null && size > MAX_MESSAGE_BYTES) {
      await this.#reject(conn, buffer);
    } else {
      try {
        if (size === null) {
          this.#log?.print("The client socket is closed");
        } else {
          const reply = this.#answer(buffer, size);
          const sent = await conn.write(reply);
          // An async function more for each reply would cost 2 %.
          if (sent < reply.length) await writeAll(conn, reply.subarray(sent));
        }
      } catch {
        // The client is gone, and its reply with it.
      }
      conn.close();
    }
    if (this.#buffers.length < MAX_POOLED_BUFFERS) this.#buffers.push(buffer);
    if (--this.#activeConnections === 0) this.#allClosed?.resolve();
  }

  /** Returns the reply, which takes the message's place in the buffer. */
  #answer(buffer: Uint8Array, size: number): Uint8Array {
    const message = buffer.subarray(0, size);
    const text = decodeUtf8(message);
    this.#log?.print(`Received from client: ${escapeBytes(message)}`);
    const reply = text === undefined ? NOT_AN_INTEGER : double(text);
    // It fits: a double has at most one digit more than its message.
    const { written } = encoder.encodeInto(reply, buffer);
    return buffer.subarray(0, written);
  }

  /** Lingers after the reply: closing a socket with unread input resets it, which can overtake the reply. */
  async #reject(conn: Connection, buffer: Uint8Array): Promise<void> {
    const head = buffer.subarray(0, MAX_MESSAGE_BYTES);
    this.#log?.print(`Received from client: ${escapeBytes(head)}`);
    const entry = this.#lingering.add(conn);
    try {
      await writeAll(conn, rejection);
      await conn.closeWrite();
      while (await conn.read(scratch) !== null);
    } catch {
      // The client is gone, or has kept sending for too long.
    }
    if (this.#lingering.remove(entry)) conn.close();
  }

  async #drain(): Promise<void> {
    const allClosed = this.#allClosed = Promise.withResolvers<void>();
    if (this.#activeConnections === 0) allClosed.resolve();
    await deadline(allClosed.promise, SHUTDOWN_DEADLINE_MS).catch(() => {});
    this.#deadlinePassed = true;
    this.#idle.closeAll();
    this.#lingering.closeAll();
    await allClosed.promise;
  }
}

/**
 * Answers every client of a listener: reads one message, replies to it, and closes the connection.
 * No client can end it or hold up another. The signal closes the listener; the result resolves once the
 * requests in flight are answered, or at a deadline, when the connections that are left are closed.
 */
export function serve(
  listener: Listener,
  options: ServeOptions,
): Promise<void> {
  return new Server(listener, options).run();
}
