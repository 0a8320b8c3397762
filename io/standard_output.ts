/** Standard output, in writes that are small enough to account for.
 * @module */

import { delay } from "@std/async/delay";
import { LINE_FEED } from "./lines.ts";
import type { LogOutput } from "./log.ts";
import type { Output } from "./stream.ts";

const KEPT_BYTES = 1024;

const PAGE_BYTES = 4 * 1024;

/** If more than this is to be written, larger writes are worth more than an exact count. */
const BULK_BYTES = 8 * 1024;

/** The share of what was written without delay that a write may take: a pipe's buffer earns no large one. */
const FAST_SHARE = 1 / 64;
const SLOW_MS = 100;

const RETRY_MS = 10;

const NOTHING = new Uint8Array();
const LINE_END = Uint8Array.of(LINE_FEED);

function sizeOfWrite(lines: Uint8Array, fastBytes: number): number {
  const lastEnd = (max: number) => lines.lastIndexOf(LINE_FEED, max - 1) + 1;
  const max = Math.min(fastBytes * FAST_SHARE, PAGE_BYTES);
  const isFast = max > KEPT_BYTES;
  const size = lastEnd(isFast && lines.length > BULK_BYTES ? max : KEPT_BYTES);
  if (size > 0) return size;
  const end = lines.indexOf(LINE_FEED) + 1;
  // A slow reader shows progress with each page that a pipe frees.
  return isFast ? lastEnd(end + KEPT_BYTES) : Math.min(end, PAGE_BYTES);
}

function hasLongLine(lines: Uint8Array): boolean {
  let start = 0;
  for (let end; (end = lines.indexOf(LINE_FEED, start) + 1) > 0; start = end) {
    if (end - start > KEPT_BYTES) return true;
  }
  return false;
}

/**
 * Tells what became of a failed write. Deno writes standard output through Rust's `LineWriter`, which keeps up
 * to 1 KiB of what it could not write, and writes it ahead of the next. A failed write of no more than that
 * still comes out whole; of a larger one some can be lost.
 */
export class StandardOutput implements LogOutput {
  readonly #stream: Output;
  #kept = NOTHING;
  /** How many bytes the output has taken since it was last slow. */
  #fastBytes = 0;

  /** Creates an output that writes to the stream. */
  constructor(stream: Output) {
    this.#stream = stream;
  }

  /** Writes some of the bytes, which have to end with a line end. Resolves to how many. */
  async write(lines: Uint8Array): Promise<number> {
    const bytes = lines.subarray(0, sizeOfWrite(lines, this.#fastBytes));
    const began = performance.now();
    try {
      const size = await this.#stream.write(bytes);
      const isSlow = performance.now() - began >= SLOW_MS;
      this.#fastBytes = isSlow
        ? Math.min(this.#fastBytes, 0)
        : this.#fastBytes + size;
      return size;
    } catch (error) {
      return await this.#handleError(error, bytes);
    }
  }

  /** Writes what is kept. Resolves to it, or to nothing if some of it may be lost. */
  async recover(): Promise<Uint8Array> {
    const kept = this.#kept;
    if (kept.length === 0) return kept;
    await this.#stream.write(NOTHING);
    if (hasLongLine(kept)) await this.#stream.write(LINE_END);
    this.#kept = NOTHING;
    return kept.length <= KEPT_BYTES ? kept : NOTHING;
  }

  async #handleError(error: unknown, bytes: Uint8Array): Promise<number> {
    const isFull = error instanceof Deno.errors.WouldBlock;
    this.#fastBytes = isFull ? -Infinity : Math.min(this.#fastBytes, 0);
    const isKept = await this.#isKeeping();
    if (isFull && (!isKept || bytes.length <= KEPT_BYTES)) {
      return await this.#waitForRoom(bytes.length);
    }
    if (isKept) this.#kept = bytes.slice();
    throw error;
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
