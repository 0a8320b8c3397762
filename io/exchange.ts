/** One exchange with a server: connect, send, receive, close.
 * @module */

import type { Connection, Network } from "./network.ts";
import { writeAll } from "./stream.ts";
import { Timer } from "./timer.ts";

const MAX_REPLY_BYTES = 1024 * 1024;

/** After this silence a reply is whole: the Python server leaves the connection open. */
const REPLY_GAP_MS = 50;

function timeoutError(): DOMException {
  return new DOMException("The server took too long.", "TimeoutError");
}

/** Runs one exchange at a time. All share a buffer and an abort controller: allocating them each time would double its cost. */
export class Exchanger {
  readonly #network: Network;
  readonly #timeout: number;
  /** With a byte more, to tell a reply that is too long. What is never touched takes no memory. */
  readonly #buffer = new Uint8Array(MAX_REPLY_BYTES + 1);
  #connecting = new AbortController();
  #conn: Connection | undefined;
  /** Before the first bytes of the reply it measures the timeout, then the gap after each piece. */
  readonly #timer = new Timer();
  #isExpired = false;
  #isWhole = false;

  /** Creates an exchanger. The timeout of an exchange is in milliseconds; 0 means for ever. */
  constructor(network: Network, timeout: number) {
    this.#network = network;
    this.#timeout = timeout || Infinity;
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
    this.#isExpired = this.#isWhole = false;
    const deadline = performance.now() + this.#timeout;
    this.#timer.set(this.#timeout, this.#expire);
    try {
      const conn = this.#conn = await this.#connect(port);
      onConnected();
      // It sends while it receives: a message that is too long is answered before all of it is sent.
      let failure: unknown;
      writeAll(conn, message).catch((error) => failure = error);
      const reply = await this.#receive(conn, deadline);
      if (reply.length === 0 && failure !== undefined) throw failure;
      return reply;
    } catch (error) {
      throw this.#isExpired ? timeoutError() : error;
    } finally {
      this.#timer.clear();
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

  async #receive(conn: Connection, deadline: number): Promise<Uint8Array> {
    for (let size = 0, wasLate = false;;) {
      const isLate = performance.now() > deadline;
      const count = await conn.read(this.#buffer.subarray(size))
        .catch((error) => {
          if (!this.#isWhole) throw error;
          return null;
        });
      if (count === null) return this.#buffer.subarray(0, size);
      // What came in time may be read late, after a freeze.
      if (wasLate) throw timeoutError();
      wasLate = isLate;
      size += count;
      if (size > MAX_REPLY_BYTES) {
        throw new RangeError(`reply is longer than ${MAX_REPLY_BYTES} bytes`);
      }
      this.#timer.set(REPLY_GAP_MS, this.#finish);
    }
  }

  #close(): void {
    this.#conn?.close();
    this.#conn = undefined;
  }

  readonly #expire = (): void => {
    this.#isExpired = true;
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
