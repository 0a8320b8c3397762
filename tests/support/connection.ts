/** A connection in memory.
 *
 * It follows Linux and Deno 2.9 in what a program can tell apart; `network_test.ts` compares them. There
 * is no latency: what one side has done, the other sees in its next call.
 * @module */

import type { Address, Connection } from "../../io/network.ts";
import { systemError } from "./system_error.ts";

/** Wakes all calls that wait for something to change. */
export class Changes {
  #waiters: (() => void)[] = [];

  next(): Promise<void> {
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  notify(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }
}

/** The bytes that one side has sent and the other has not read. */
class Pipe {
  readonly #bytes: Uint8Array;
  size = 0;
  /** Whether no more bytes follow. */
  isEnded = false;

  constructor(capacity: number) {
    this.#bytes = new Uint8Array(capacity);
  }

  /** Adds as many bytes as there is room for. Returns how many. */
  put(bytes: Uint8Array): number {
    const taken = bytes.subarray(0, this.#bytes.length - this.size);
    this.#bytes.set(taken, this.size);
    this.size += taken.length;
    return taken.length;
  }

  /** Removes as many bytes as there are and fit. Returns how many. */
  take(buffer: Uint8Array): number {
    const taken = this.#bytes.subarray(0, Math.min(this.size, buffer.length));
    buffer.set(taken);
    this.#bytes.copyWithin(0, taken.length, this.size);
    this.size -= taken.length;
    return taken.length;
  }
}

/** One end of a connection in memory. */
export class MemoryConnection implements Connection {
  readonly localAddr: Address;
  readonly remoteAddr: Address;
  readonly #in: Pipe;
  readonly #out: Pipe;
  #peer: MemoryConnection = this;
  readonly #changes = new Changes();
  readonly #readErrors: Error[] = [];
  /** What the next call reports of a reset; it is reported once. */
  #pendingError: Error | undefined;
  #isReset = false;
  #isClosed = false;

  private constructor(ends: [Address, Address], [incoming, outgoing]: Pipe[]) {
    [this.localAddr, this.remoteAddr] = ends;
    this.#in = incoming;
    this.#out = outgoing;
  }

  /** Creates both ends of a connection; they are the same if their addresses are. */
  static pair(
    a: Address,
    b: Address,
    capacity: number,
  ): [MemoryConnection, MemoryConnection] {
    const [there, back] = [new Pipe(capacity), new Pipe(capacity)];
    if (a.hostname === b.hostname && a.port === b.port) {
      const self = new MemoryConnection([a, b], [there, there]);
      return [self, self];
    }
    const client = new MemoryConnection([a, b], [back, there]);
    const server = new MemoryConnection([b, a], [there, back]);
    client.#peer = server;
    server.#peer = client;
    return [client, server];
  }

  /** Whether this side has closed the connection. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  [Symbol.dispose](): void {
    if (!this.#isClosed) this.close();
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    this.#throwIfClosed();
    while (true) {
      if (this.#readErrors.length > 0) throw this.#readErrors.shift();
      if (this.#in.size > 0 || buffer.length === 0) break;
      if (this.#in.isEnded) return null;
      this.#throwPendingError();
      if (this.#isReset) return null;
      await this.#nextChange();
    }
    const size = this.#in.take(buffer);
    this.#peer.#changes.notify();
    return size;
  }

  async write(bytes: Uint8Array): Promise<number> {
    this.#throwIfClosed();
    if (bytes.length === 0) return 0;
    while (true) {
      this.#throwPendingError();
      if (this.#isReset || this.#out.isEnded) throw systemError("EPIPE");
      const size = this.#out.put(bytes);
      // A socket that is gone answers with a reset.
      if (this.#peer.#isClosed) this.#receiveReset();
      this.#peer.#changes.notify();
      if (size > 0) return size;
      await this.#nextChange();
    }
  }

  // deno-lint-ignore require-await -- it must reject, not throw
  async closeWrite(): Promise<void> {
    this.#throwIfClosed();
    this.#end();
  }

  close(): void {
    this.#throwIfClosed();
    this.#isClosed = true;
    // Deno shuts a socket down before it closes it: a reset then follows the end of the stream.
    this.#end();
    if (this.#in.size > 0) this.#peer.#receiveReset();
    this.#changes.notify();
  }

  /** Closes the connection with a reset alone, as for a process that is killed with `SO_LINGER` at 0. */
  reset(): void {
    this.#throwIfClosed();
    this.#isClosed = true;
    this.#peer.#receiveReset();
    this.#changes.notify();
  }

  /** Makes the read in flight, or else the next one, reject. */
  failRead(error: Error): void {
    this.#readErrors.push(error);
    this.#changes.notify();
  }

  #end(): void {
    this.#out.isEnded = true;
    this.#peer.#changes.notify();
  }

  #receiveReset(): void {
    this.#isReset = true;
    if (!this.#in.isEnded) this.#pendingError = systemError("ECONNRESET");
    this.#changes.notify();
  }

  #throwIfClosed(): void {
    if (this.#isClosed) throw new Deno.errors.BadResource("Bad resource ID");
  }

  #throwPendingError(): void {
    const error = this.#pendingError;
    this.#pendingError = undefined;
    if (error !== undefined) throw error;
  }

  async #nextChange(): Promise<void> {
    await this.#changes.next();
    if (!this.#isClosed) return;
    const error = new Deno.errors.Interrupted("operation canceled");
    throw Object.assign(error, { code: "EINTR" });
  }
}
