/** Helpers for the tests that show where tcpcalc differs from the Python pair.
 * @module */

import { deadline } from "@std/async/deadline";
import { writeAll } from "../../io/stream.ts";
import { linuxTest } from "./permissions.ts";
import { PATIENCE_MS } from "./program.ts";

/** How long to wait for something that must not happen, in milliseconds. */
const PENDING_MS = 100;

/** One row of the table in `docs/python.md`, with code that shows both sides of it. */
export interface Difference {
  /** What the Python pair does, as the table has it. */
  python: string;
  /** What tcpcalc does instead, as the table has it. */
  tcpcalc: string;
  /** The name of the test. */
  test: string;
  /** Shows it with the Python pair. */
  showPython: () => Promise<void>;
  /** Shows what tcpcalc does instead. */
  showTcpcalc: () => Promise<void>;
}

/** Defines the test of a row. */
export function differenceTest(difference: Difference): void {
  const { test, showPython, showTcpcalc } = difference;
  linuxTest(test, async (t) => {
    await t.step("the Python pair", showPython);
    await t.step("tcpcalc", showTcpcalc);
  });
}

/** A connection to a server, or to a client that takes the test for one. */
export class Peer implements Disposable {
  readonly #conn: Deno.TcpConn;
  readonly #buffer = new Uint8Array(4096);

  constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  static async connect(port: number): Promise<Peer> {
    return new Peer(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  /** This end, as Python prints it. */
  get name(): string {
    return `('127.0.0.1', ${this.#conn.localAddr.port})`;
  }

  async send(message: string | number[]): Promise<void> {
    const bytes = typeof message === "string"
      ? new TextEncoder().encode(message)
      : new Uint8Array(message);
    await deadline(writeAll(this.#conn, bytes), PATIENCE_MS);
  }

  /** What one read brings, as text; `null` at the end of the stream. */
  async receive(): Promise<string | null> {
    const size = await deadline(this.#conn.read(this.#buffer), PATIENCE_MS);
    if (size === null) return null;
    return new TextDecoder().decode(this.#buffer.subarray(0, size));
  }

  async sendNothing(): Promise<void> {
    await this.#conn.closeWrite();
  }

  [Symbol.dispose](): void {
    this.#conn.close();
  }
}

/** Sends a message on a connection of its own, and returns what one read brings of the reply. */
export async function exchange(
  port: number,
  message: string | number[],
): Promise<string | null> {
  using peer = await Peer.connect(port);
  await peer.send(message);
  return await peer.receive();
}

/** A server played by the test. */
export class FakeServer implements Disposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });

  get port(): number {
    return this.#listener.addr.port;
  }

  /** Resolves to the next client once its message has arrived. */
  async accept(): Promise<Peer> {
    const peer = new Peer(await this.#listener.accept());
    await peer.receive();
    return peer;
  }

  [Symbol.dispose](): void {
    this.#listener.close();
  }
}

/**
 * Throws if the promise settles soon. Something that never happens can be awaited only for a while; a busy
 * machine can't make this fail.
 */
export async function assertPending(promise: Promise<unknown>): Promise<void> {
  const { promise: elapsed, resolve } = Promise.withResolvers<"pending">();
  const timer = setTimeout(() => resolve("pending"), PENDING_MS);
  const first = await Promise.race([promise, elapsed]);
  clearTimeout(timer);
  if (first !== "pending") throw new Error(`not pending: ${first}`);
}
