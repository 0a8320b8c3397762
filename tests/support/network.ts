/**
 * A network in memory, for tests that need no sockets.
 *
 * It follows Linux and Deno 2.9 in what a program can tell apart; `network_test.ts` compares them. All
 * happens at once: what one side has done, the other sees in its next call.
 *
 * @module
 */

import {
  type Address,
  type Connection,
  HOST,
  type Listener,
  type Network,
} from "../../io/network.ts";
import { writeAll } from "../../io/stream.ts";
import { systemError } from "./system_error.ts";

const FIRST_EPHEMERAL_PORT = 49152;

/** Wakes all calls that wait for something to change. */
class Changes {
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

  /** Creates both ends of a connection; they are one if both addresses are. */
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

  // deno-lint-ignore require-await -- it rejects, and does not throw
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

  /** Closes the connection as a process does that is killed with `SO_LINGER` at 0: by a reset alone. */
  reset(): void {
    this.#throwIfClosed();
    this.#isClosed = true;
    this.#peer.#receiveReset();
    this.#changes.notify();
  }

  /** Has the read in flight, or else the next one, reject. */
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

/** A listener in memory. */
export class MemoryListener implements Listener {
  readonly addr: Address;
  readonly #backlog: number;
  readonly #onClose: () => void;
  readonly #queue: MemoryConnection[] = [];
  readonly #errors: Error[] = [];
  readonly #changes = new Changes();
  #isClosed = false;

  constructor(addr: Address, backlog: number, onClose: () => void) {
    this.addr = addr;
    this.#backlog = backlog;
    this.#onClose = onClose;
  }

  [Symbol.dispose](): void {
    if (!this.#isClosed) this.close();
  }

  /** How many connections wait to be accepted. */
  get queued(): number {
    return this.#queue.length;
  }

  async accept(): Promise<MemoryConnection> {
    while (!this.#isClosed) {
      if (this.#errors.length > 0) throw this.#errors.shift();
      const conn = this.#queue.shift();
      this.#changes.notify();
      if (conn !== undefined) return conn;
      await this.#changes.next();
    }
    throw new Deno.errors.BadResource("Listener has been closed");
  }

  close(): void {
    if (this.#isClosed) throw new Deno.errors.BadResource("Bad resource ID");
    this.#isClosed = true;
    this.#onClose();
    for (const conn of this.#queue.splice(0)) conn.reset();
    this.#changes.notify();
  }

  /** Has the next calls of `accept` reject, one for each error. */
  failAccept(...errors: Error[]): void {
    this.#errors.push(...errors);
    this.#changes.notify();
  }

  /** Queues a connection, once there is room. */
  async enqueue(
    connect: () => MemoryConnection,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const onAbort = () => this.#changes.notify();
    signal?.addEventListener("abort", onAbort);
    try {
      while (this.#queue.length >= this.#backlog && !this.#isClosed) {
        await this.#changes.next();
        signal?.throwIfAborted();
      }
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
    if (this.#isClosed) throw systemError("ECONNREFUSED");
    this.#queue.push(connect());
    this.#changes.notify();
  }
}

/** How a {@linkcode MemoryNetwork} is made. */
export interface MemoryNetworkOptions {
  /** How much a side may send ahead of what the other has read, in bytes. A write may be as short. */
  capacity?: number;
  /** How many connections may wait to be accepted. With one more, `connect` waits. */
  backlog?: number;
}

/** A network in memory. */
export class MemoryNetwork implements Network {
  readonly #capacity: number;
  readonly #backlog: number;
  readonly #listeners = new Map<number, MemoryListener>();
  readonly #connectErrors: Error[] = [];
  #nextPort = FIRST_EPHEMERAL_PORT;

  constructor(
    { capacity = 64 * 1024, backlog = 4096 }: MemoryNetworkOptions = {},
  ) {
    this.#capacity = capacity;
    this.#backlog = backlog;
  }

  /** The port that the next connection, or listener on port 0, gets. */
  get nextPort(): number {
    while (this.#listeners.has(this.#nextPort)) this.#nextPort++;
    return this.#nextPort;
  }

  listen(port: number): MemoryListener {
    if (this.#listeners.has(port)) throw systemError("EADDRINUSE");
    const address = this.#address(HOST, port);
    const listener = new MemoryListener(
      address,
      this.#backlog,
      () => this.#listeners.delete(address.port),
    );
    this.#listeners.set(address.port, listener);
    return listener;
  }

  /** The listener on a port, if there is one. */
  listenerOn(port: number): MemoryListener | undefined {
    return this.#listeners.get(port);
  }

  /** Connects, from a chosen address of this machine if one is given. */
  async connect(
    port: number,
    signal?: AbortSignal,
    hostname = HOST,
  ): Promise<MemoryConnection> {
    signal?.throwIfAborted();
    if (this.#connectErrors.length > 0) throw this.#connectErrors.shift();
    const local = this.#address(hostname, 0);
    const remote = { hostname: HOST, port };
    const listener = this.#listeners.get(port);
    const [client, server] = MemoryConnection.pair(
      local,
      remote,
      this.#capacity,
    );
    if (listener !== undefined) await listener.enqueue(() => server, signal);
    // Both ends having one address, TCP connects the socket to itself.
    else if (server !== client) throw systemError("ECONNREFUSED");
    return client;
  }

  /** Has the next calls of `connect` reject, one for each error. */
  failConnect(...errors: Error[]): void {
    this.#connectErrors.push(...errors);
  }

  #address(hostname: string, port: number): Address {
    if (port !== 0) return { hostname, port };
    const chosen = { hostname, port: this.nextPort };
    this.#nextPort++;
    return chosen;
  }
}

/** Sends text or bytes, all of them. */
export async function send(
  conn: Connection,
  message: string | Uint8Array<ArrayBuffer>,
): Promise<void> {
  await writeAll(
    conn,
    typeof message === "string" ? new TextEncoder().encode(message) : message,
  );
}

/** Reads to the end of the stream. */
export async function readAll(conn: Connection): Promise<string> {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const buffer = new Uint8Array(4 * 1024);
  let text = "";
  for (let size; (size = await conn.read(buffer)) !== null;) {
    text += decoder.decode(buffer.subarray(0, size), { stream: true });
  }
  return text + decoder.decode();
}
