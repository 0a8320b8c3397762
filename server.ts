/**
 * The server: one integer in, its double out, for many clients at once.
 *
 * @module
 */

import { deadline } from "@std/async/deadline";
import { delay } from "@std/async/delay";
import { double, MAX_MESSAGE_BYTES, NOT_AN_INTEGER, TOO_LONG } from "./calc.ts";
import { idleTimeout } from "./io/idle_timeout.ts";
import { osErrorCode, osErrorText } from "./python/os_error.ts";
import { decodeUtf8, printableBytes } from "./python/repr.ts";
import { writeAll } from "./io/write_all.ts";

/**
 * How long {@linkcode serve} waits for what is in hand when it is told to stop, in milliseconds. The
 * program promises to have ended after 5 s, with its last lines written.
 */
const STOP_GRACE_MS = 4_000;

/** How long and how much of a refused message is read on, in milliseconds and bytes. */
const DRAIN_MS = 30_000;
const DRAIN_BYTES = 1024 ** 3;

/** How long the accept loop pauses when the system can give no connection, in milliseconds. */
const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 100;

/** How long after a line about such a pause there is no other, in milliseconds. */
const PAUSE_NOTICE_MS = 60_000;

/**
 * What `accept` reports of one connection, not of the listener (accept(2), "Error handling"). Deno
 * also asks for the peer's address, which a connection that was reset in the queue has no more:
 * `ENOTCONN`, on macOS `EINVAL`. To pause for these would let anyone stop the service who resets a few
 * connections a second.
 */
const ERRORS_OF_ONE_CONNECTION = new Set([
  "ECONNABORTED",
  "ECONNRESET",
  "EHOSTDOWN",
  "EHOSTUNREACH",
  "EINTR",
  "EINVAL",
  "ENETDOWN",
  "ENETUNREACH",
  "ENOPROTOOPT",
  "ENOTCONN",
  "EPERM",
  "EPROTO",
]);

const encoder = new TextEncoder();
const refusal = encoder.encode(TOO_LONG);

/** Where input goes that nobody looks at; so all connections can share it. */
const scratch = new Uint8Array(64 * 1024);

/** What {@linkcode serve} needs beside a listener. */
export interface ServeOptions {
  /** How long a client may say nothing, in milliseconds; 0 for ever. */
  idleTimeout: number;
  /** Takes each line of the server's log. It must neither throw nor wait. */
  print: (line: string) => void;
  /** Takes each line about trouble of the server's own. It must neither throw nor wait. */
  warn: (line: string) => void;
  /** Stops the server when it is aborted. */
  signal: AbortSignal;
}

/** Decodes a short message of printable ASCII, as most are, at a fraction of the decoder's cost. */
function decodeShortAscii(message: Uint8Array): string | undefined {
  if (message.length > 32) return undefined;
  let text = "";
  for (let i = 0; i < message.length; i++) {
    const byte = message[i];
    if (byte < 0x20 || byte > 0x7e) return undefined;
    text += String.fromCharCode(byte);
  }
  return text;
}

/** The other end of a connection, as Python prints an address. */
function peerName(conn: Deno.Conn): string {
  return `('127.0.0.1', ${(conn.remoteAddr as Deno.NetAddr).port})`;
}

/** Reads what a client still sends, up to a bound, and throws it away. */
async function drain(conn: Deno.Conn): Promise<void> {
  for (let left = DRAIN_BYTES; left > 0;) {
    const size = await conn.read(scratch);
    if (size === null) return;
    left -= size;
  }
}

/**
 * Answers every client of a listener: reads one message, replies to it, and closes the connection.
 * Nothing that a client does ends it or holds up another client.
 *
 * @example Usage
 * ```ts no-assert
 * import { serve } from "./server.ts";
 *
 * const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * await serve(listener, {
 *   idleTimeout: 60_000,
 *   print: console.log,
 *   warn: console.error,
 *   signal: AbortSignal.timeout(10),
 * });
 * ```
 *
 * @param listener Where the clients connect. It is closed in the end.
 * @param options See {@linkcode ServeOptions}.
 * @returns A promise that resolves after the signal, when the connections in hand are answered and
 * closed, or after 4 s, when those that are not answered by then are closed.
 */
export async function serve(
  listener: Deno.TcpListener,
  options: ServeOptions,
): Promise<void> {
  const { print, warn, signal } = options;
  const silent = idleTimeout<Deno.Conn>(options.idleTimeout);
  // One timer for all of these too: one for each would stay, with its memory, for its 30 s.
  const refused = idleTimeout<Deno.Conn>(DRAIN_MS);
  // A fresh buffer for each connection would be most of the garbage collector's work.
  const buffers: Uint8Array<ArrayBuffer>[] = [];
  const allClosed = Promise.withResolvers<void>();
  let inHand = 0;
  let cutOff = false;

  /** Puts the reply to a message into the buffer that holds the message, and returns its part. */
  function answer(
    buffer: Uint8Array<ArrayBuffer>,
    size: number,
  ): Uint8Array<ArrayBuffer> {
    const message = buffer.subarray(0, size);
    let text = decodeShortAscii(message);
    if (text !== undefined) {
      print(`Received from client: ${text}`);
    } else {
      text = decodeUtf8(message);
      print(`Received from client: ${printableBytes(message)}`);
    }
    const reply = text === undefined ? NOT_AN_INTEGER : double(text);
    // It fits: a double has one digit more than its message at most.
    const { written } = encoder.encodeInto(reply, buffer);
    return buffer.subarray(0, written);
  }

  /**
   * Answers a message that is too long, and closes the connection. To close a socket that has unread
   * input resets the connection, and the reset can overtake the reply; so what still comes is read
   * first. Never rejects.
   */
  async function refuse(conn: Deno.Conn): Promise<void> {
    const wait = refused.add(conn);
    try {
      await writeAll(conn, refusal);
      await conn.closeWrite();
      await drain(conn);
    } catch {
      // The client is gone, or its time is up.
    }
    if (refused.remove(wait)) conn.close();
  }

  /** Owns a connection from its first moment to its last. Never rejects. */
  async function handle(conn: Deno.Conn): Promise<void> {
    inHand++;
    print(`Accepted connection from ${peerName(conn)}`);
    const buffer = buffers.pop() ?? new Uint8Array(MAX_MESSAGE_BYTES + 1);
    let size: number | null = null;
    const wait = silent.add(conn);
    try {
      size = await conn.read(buffer);
    } catch {
      // The client has reset the connection, or it was closed because the client said nothing.
    }
    if (!silent.remove(wait)) {
      if (!cutOff) print(`Timed out waiting for ${peerName(conn)}`);
    } else if (size !== null && size > MAX_MESSAGE_BYTES) {
      const head = buffer.subarray(0, MAX_MESSAGE_BYTES);
      print(`Received from client: ${printableBytes(head)}`);
      await refuse(conn);
    } else {
      try {
        if (size === null) {
          print("The client socket is closed");
        } else {
          const reply = answer(buffer, size);
          const sent = await conn.write(reply);
          if (sent < reply.length) await writeAll(conn, reply.subarray(sent));
        }
      } catch {
        // The client is gone: there is nobody left to tell.
      }
      conn.close();
    }
    buffers.push(buffer);
    if (--inHand === 0 && signal.aborted) allClosed.resolve();
  }

  async function acceptAll(): Promise<void> {
    let pause = FIRST_PAUSE_MS;
    let lastNotice = -Infinity;
    while (!signal.aborted) {
      try {
        handle(await listener.accept());
        pause = FIRST_PAUSE_MS;
      } catch (error) {
        const code = osErrorCode(error) ?? "";
        if (signal.aborted || ERRORS_OF_ONE_CONNECTION.has(code)) continue;
        const now = performance.now();
        if (now - lastNotice >= PAUSE_NOTICE_MS) {
          lastNotice = now;
          warn(
            `Failed to accept a connection with error ${osErrorText(error)}`,
          );
        }
        await delay(pause);
        pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
      }
    }
  }

  if (signal.aborted) listener.close();
  else signal.addEventListener("abort", () => listener.close(), { once: true });
  await acceptAll();
  if (inHand > 0) {
    await deadline(allClosed.promise, STOP_GRACE_MS).catch(() => {});
  }
  cutOff = true;
  silent.closeAll();
  refused.closeAll();
  if (inHand > 0) await allClosed.promise;
}
