/** Standard output, in writes that are small enough to account for.
 * @module */

import { delay } from "@std/async/delay";
import { countLines, LINE_FEED } from "./lines.ts";
import type { Output } from "./stream.ts";

/** The capacity of Rust's `LineWriter`. */
const KEPT_BYTES = 1024;

/** A pipe takes this much whole or not at all (`PIPE_BUF` on Linux). */
const PIPE_BYTES = 4 * 1024;

/** How long to wait for room in a non-blocking pipe. */
const RETRY_MS = 10;

const NOTHING = new Uint8Array();

/** How many bytes to write at once: up to 1 KiB of whole lines, or up to 4 KiB of a longer line without its end. */
function sizeOfWrite(lines: Uint8Array): number {
  if (lines.length <= KEPT_BYTES) return lines.length;
  const size = lines.lastIndexOf(LINE_FEED, KEPT_BYTES - 1) + 1;
  if (size > 0) return size;
  const part = lines.subarray(0, PIPE_BYTES);
  const end = part.indexOf(LINE_FEED);
  return end < 0 ? part.length : end;
}

/**
 * Tells exactly what became of a failed write. Deno writes standard output through Rust's `LineWriter`, which
 * keeps up to 1 KiB of what it could not write, and writes it ahead of the next. Of a larger write some is
 * lost then, unless it holds no line end.
 */
export class StandardOutput implements Output {
  readonly #stream: Output;
  #kept = NOTHING;

  /** Creates an output that writes to the stream. */
  constructor(stream: Output) {
    this.#stream = stream;
  }

  /** How many of the lines taken are kept until the output can be written to again. */
  get keptLines(): number {
    return countLines(this.#kept);
  }

  /** Takes some of the lines, which have to end with a line end. Resolves to how many bytes. */
  async write(lines: Uint8Array): Promise<number> {
    const bytes = lines.subarray(0, sizeOfWrite(lines));
    try {
      if (this.#kept.length > 0) await this.#stream.write(NOTHING);
      this.#kept = NOTHING;
      return await this.#stream.write(bytes);
    } catch (error) {
      if (this.#kept.length === 0 && await this.#failsToWriteNothing()) {
        this.#kept = bytes.slice();
        return bytes.length;
      }
      if (!(error instanceof Deno.errors.WouldBlock)) throw error;
      // A full pipe that another process has made non-blocking.
      await delay(RETRY_MS);
      return 0;
    }
  }

  /** An empty write fails as long as kept bytes can't be written. */
  async #failsToWriteNothing(): Promise<boolean> {
    try {
      await this.#stream.write(NOTHING);
      return false;
    } catch {
      return true;
    }
  }
}
