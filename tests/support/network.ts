/** A network in memory, for tests that need no sockets. It follows Linux and Deno 2.9 in what a program can
 * tell apart; `network_test.ts` compares them. There is no latency: what one side has done, the other sees
 * in its next call.
 * @module */

import {
  type Connection,
  HOST,
  type Listener,
  type Network,
} from "../../io/network.ts";
import { writeAll } from "../../io/stream.ts";
import { systemError } from "./system_error.ts";

const FIRST_EPHEMERAL_PORT = 49152;

type Address = Connection["localAddr"];

function address(port: number): Address {
  return { transport: "tcp", hostname: HOST, port } as Address;
}

/** Wakes all calls that wait for something to change. */
export class Changes {
  #changed = Promise.withResolvers<void>();

  next(): Promise<void> {
    return this.#changed.promise;
  }

  notify(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

/** One end of a connection in memory. */
export class MemoryConnection implements Connection {
  readonly localAddr: Address;
  readonly remoteAddr: Address;
  #peer: MemoryConnection = this;
  /** What the other side has sent, and this one has not read. */
  readonly #unread: Uint8Array;
  #size = 0;
  /** Whether the other side sends no more. */
  #isEnded = false;
  /** What the next call reports of a reset; it is reported once. */
  #pendingError: Error | undefined;
  #isReset = false;
  #isClosed = false;
  readonly #changes = new Changes();

  private constructor([local, remote]: Address[], capacity: number) {
    this.localAddr = local;
    this.remoteAddr = remote;
    this.#unread = new Uint8Array(capacity);
  }

  /** Creates both ends of a connection; they are the same if their addresses are. */
  static pair(a: Address, b: Address, capacity: number): MemoryConnection[] {
    const client = new MemoryConnection([a, b], capacity);
    if (a.port === b.port) return [client, client];
    const server = new MemoryConnection([b, a], capacity);
    client.#peer = server;
    server.#peer = client;
    return [client, server];
  }

  /** Whether this side has closed the connection. */
  get isClosed() {
    return this.#isClosed;
  }

  /** Whether the other side has reset it. */
  get isReset() {
    return this.#isReset;
  }

  [Symbol.dispose](): void {
    if (!this.#isClosed) this.close();
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    this.#throwIfClosed();
    while (this.#size === 0 && buffer.length > 0) {
      if (this.#isEnded) return null;
      this.#throwPendingError();
      if (this.#isReset) return null;
      await this.#nextChange();
    }
    const size = Math.min(this.#size, buffer.length);
    buffer.set(this.#unread.subarray(0, size));
    this.#unread.copyWithin(0, size, this.#size);
    this.#size -= size;
    this.#peer.#changes.notify();
    return size;
  }

  async write(bytes: Uint8Array): Promise<number> {
    this.#throwIfClosed();
    const peer = this.#peer;
    while (bytes.length > 0) {
      this.#throwPendingError();
      if (this.#isReset || peer.#isEnded) throw systemError("EPIPE");
      const sent = bytes.subarray(0, peer.#unread.length - peer.#size);
      peer.#unread.set(sent, peer.#size);
      peer.#size += sent.length;
      // A socket that is gone answers with a reset.
      if (peer.#isClosed) this.#receiveReset();
      peer.#changes.notify();
      if (sent.length > 0) return sent.length;
      await this.#nextChange();
    }
    return 0;
  }

  // deno-lint-ignore require-await -- it must reject, not throw
  async closeWrite(): Promise<void> {
    this.#throwIfClosed();
    this.#peer.#end();
  }

  close(): void {
    this.#throwIfClosed();
    this.#isClosed = true;
    // Deno shuts a socket down before it closes it: a reset then follows the end of the stream.
    this.#peer.#end();
    if (this.#size > 0) this.#peer.#receiveReset();
    this.#changes.notify();
  }

  /** Closes the connection with a reset alone, as for a process that is killed with `SO_LINGER` at 0. */
  reset(): void {
    this.#throwIfClosed();
    this.#isClosed = true;
    this.#peer.#receiveReset();
    this.#changes.notify();
  }

  #end(): void {
    this.#isEnded = true;
    this.#changes.notify();
  }

  #receiveReset(): void {
    this.#isReset = true;
    if (!this.#isEnded) this.#pendingError = systemError("ECONNRESET");
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

  async accept(): Promise<MemoryConnection> {
    while (!this.#isClosed) {
      if (this.#errors.length > 0) throw this.#errors.shift();
      const conn = this.#queue.shift();
      this.#changes.notify();
      // Deno asks for the other end's address, which there is none of any more.
      if (conn?.isReset) throw systemError("ENOTCONN");
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

  /** Makes the next calls of `accept` reject, one for each error. */
  failAccept(...errors: Error[]): void {
    this.#errors.push(...errors);
    this.#changes.notify();
  }

  /** Queues a connection once there is room. */
  async enqueue(conn: MemoryConnection, signal?: AbortSignal): Promise<void> {
    const onAbort = () => this.#changes.notify();
    signal?.addEventListener("abort", onAbort);
    while (this.#queue.length >= this.#backlog && !this.#isClosed) {
      await this.#changes.next();
      signal?.throwIfAborted();
    }
    signal?.removeEventListener("abort", onAbort);
    if (this.#isClosed) throw systemError("ECONNREFUSED");
    this.#queue.push(conn);
    this.#changes.notify();
  }
}

/** A network in memory. */
export class MemoryNetwork implements Network {
  readonly #capacity;
  readonly #backlog;
  readonly #listeners = new Map<number, MemoryListener>();
  readonly #connectErrors: Error[] = [];
  #nextPort = FIRST_EPHEMERAL_PORT;

  /** The capacity is how many bytes a side may send ahead; beyond the backlog `connect` waits. */
  constructor({ capacity = 64 * 1024, backlog = 4096 } = {}) {
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
    const local = this.#address(port);
    const onClose = () => this.#listeners.delete(local.port);
    const listener = new MemoryListener(local, this.#backlog, onClose);
    this.#listeners.set(local.port, listener);
    return listener;
  }

  /** The listener on a port, if there is one. */
  listenerOn(port: number): MemoryListener | undefined {
    return this.#listeners.get(port);
  }

  async connect(port: number, signal?: AbortSignal): Promise<MemoryConnection> {
    signal?.throwIfAborted();
    if (this.#connectErrors.length > 0) throw this.#connectErrors.shift();
    const listener = this.#listeners.get(port);
    const [client, server] = MemoryConnection.pair(
      this.#address(0),
      address(port),
      this.#capacity,
    );
    if (listener !== undefined) await listener.enqueue(server, signal);
    // If both ends have the same address, TCP connects the socket to itself.
    else if (server !== client) throw systemError("ECONNREFUSED");
    // A server that resets at once can come before this end knows that it is connected.
    await Promise.resolve();
    if (client.isReset) throw systemError("ECONNRESET");
    return client;
  }

  /** Makes the next calls of `connect` reject, one for each error. */
  failConnect(...errors: Error[]): void {
    this.#connectErrors.push(...errors);
  }

  #address(port: number): Address {
    if (port !== 0) return address(port);
    const chosen = address(this.nextPort);
    this.#nextPort++;
    return chosen;
  }
}

/** Sends text or bytes, all of them. */
export function send(conn: Connection, message: string | Uint8Array) {
  const isText = typeof message === "string";
  return writeAll(conn, isText ? new TextEncoder().encode(message) : message);
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
