/** A network in memory, for tests that need no sockets. It behaves as `connection.ts` says.
 * @module */

import {
  type Address,
  type Connection,
  HOST,
  type Listener,
  type Network,
} from "../../io/network.ts";
import { writeAll } from "../../io/stream.ts";
import { Changes, MemoryConnection } from "./connection.ts";
import { systemError } from "./system_error.ts";

export type { MemoryConnection };

const FIRST_EPHEMERAL_PORT = 49152;

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

  /** Makes the next calls of `accept` reject, one for each error. */
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

/** Options of a {@linkcode MemoryNetwork}. */
export interface MemoryNetworkOptions {
  /** How far a side may send ahead of what the other has read, in bytes. No write takes more. */
  capacity?: number;
  /** How many connections may wait to be accepted. Beyond that `connect` waits. */
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
    // If both ends have the same address, TCP connects the socket to itself.
    else if (server !== client) throw systemError("ECONNREFUSED");
    return client;
  }

  /** Makes the next calls of `connect` reject, one for each error. */
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
