/** Standard output, in writes that are small enough to account for.
 * @module */

import { delay } from "@std/async/delay";
import { LINE_FEED } from "./lines.ts";
import type { LogOutput } from "./log.ts";
import type { Output } from "./stream.ts";

/** The capacity of Rust's `LineWriter`. */
const KEPT_BYTES = 1024;

/** A pipe takes this much whole or not at all (`PIPE_BUF` on Linux). */
const PIPE_BYTES = 4 * 1024;

/** How long to wait for room in a non-blocking pipe. */
const RETRY_MS = 10;

const SLOW_MS = 10;

const NOTHING = new Uint8Array();
const LINE_END = Uint8Array.of(LINE_FEED);

/** How many bytes to write at once: up to 1 KiB of whole lines, which may follow a longer one. */
function sizeOfWrite(lines: Uint8Array, isSlow: boolean): number {
  const lastEnd = (max: number) => lines.lastIndexOf(LINE_FEED, max - 1) + 1;
  const size = lastEnd(KEPT_BYTES);
  if (size > 0) return size;
  const end = lines.indexOf(LINE_FEED) + 1;
  // A slow reader shows progress with each page that a pipe frees.
  return isSlow ? Math.min(end, PIPE_BYTES) : lastEnd(end + KEPT_BYTES);
}

/**
 * Tells what became of a failed write. Deno writes standard output through Rust's `LineWriter`, which keeps up
 * to 1 KiB of what it could not write, and writes it ahead of the next. A failed write of no more than that
 * still comes out whole; of a larger one some can be lost.
 */
export class StandardOutput implements LogOutput {
  readonly #stream: Output;
  #kept = NOTHING;
  #isSlow = false;

  /** Creates an output that writes to the stream. */
  constructor(stream: Output) {
    this.#stream = stream;
  }

  /** Writes some of the bytes, which have to end with a line end. Resolves to how many. */
  async write(lines: Uint8Array): Promise<number> {
    const bytes = lines.subarray(0, sizeOfWrite(lines, this.#isSlow));
    const began = performance.now();
    try {
      return await this.#stream.write(bytes);
    } catch (error) {
      if (error instanceof Deno.errors.WouldBlock) {
        return await this.#waitForRoom(bytes.length);
      }
      if (await this.#isKeeping()) this.#kept = bytes.slice();
      throw error;
    } finally {
      this.#isSlow = performance.now() - began >= SLOW_MS;
    }
  }

  /** Writes what is kept. Resolves to it, or to nothing if some of it may be lost. */
  async recover(): Promise<Uint8Array> {
    const kept = this.#kept;
    if (kept.length === 0) return kept;
    await this.#stream.write(NOTHING);
    const isWhole = kept.length <= KEPT_BYTES;
    if (!isWhole) await this.#stream.write(LINE_END);
    this.#kept = NOTHING;
    return isWhole ? kept : NOTHING;
  }

  /** Waits until a full non-blocking pipe has room. Resolves to how much of the write has come out. */
  async #waitForRoom(size: number): Promise<number> {
    let written = 0;
    for (; await this.#isKeeping(); written = size) await delay(RETRY_MS);
    if (written === 0) await delay(RETRY_MS);
    return written;
  }

  /** An empty write fails as long as something is kept that can't be written. */
  async #isKeeping(): Promise<boolean> {
    try {
      await this.#stream.write(NOTHING);
      return false;
    } catch {
      return true;
    }
  }
}
