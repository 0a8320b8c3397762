/**
 * Reads lines as bytes.
 *
 * @module
 */

import type { Input } from "./stream.ts";

/** How much is read at once, in bytes. */
const READ_BYTES = 64 * 1024;

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** A line that is still incomplete, kept up to a limit. */
class PartialLine {
  readonly #limit: number;
  #bytes = new Uint8Array();
  #size = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get isEmpty(): boolean {
    return this.#size === 0;
  }

  /** Adds bytes. Beyond the limit only their number matters. */
  append(bytes: Uint8Array<ArrayBuffer>): void {
    const size = this.#size + bytes.length;
    if (size <= this.#limit) {
      if (size > this.#bytes.length) {
        const larger = new Uint8Array(2 * size);
        larger.set(this.#bytes.subarray(0, this.#size));
        this.#bytes = larger;
      }
      this.#bytes.set(bytes, this.#size);
    }
    this.#size = size;
  }

  /** Returns the line without its carriage return, or `undefined` if it is too long, and starts anew. */
  take(): Uint8Array<ArrayBuffer> | undefined {
    const size = this.#size;
    this.#size = 0;
    return size > this.#limit
      ? undefined
      : withoutReturn(this.#bytes.subarray(0, size));
  }
}

function withoutReturn(
  line: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  return line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line;
}

/**
 * Splits an input at `\n` and `\r\n`. It reads only when a line is asked for that has not come yet.
 *
 * @example Usage
 * ```ts no-assert
 * import { readLines } from "./lines.ts";
 *
 * for await (const line of readLines(Deno.stdin, 1024)) {
 *   console.log(line === undefined ? "too long" : line.length);
 * }
 * ```
 *
 * @param input Where the bytes come from.
 * @param limit The longest line, in bytes. Memory stays within a small multiple of it.
 * @returns Each line without its end, valid until the next is asked for; `undefined` for one that is
 * too long. What stands behind the last line end is a line, too.
 */
export async function* readLines(
  input: Input,
  limit: number,
): AsyncGenerator<Uint8Array<ArrayBuffer> | undefined, void> {
  const buffer = new Uint8Array(READ_BYTES);
  const partial = new PartialLine(limit);
  for (let size; (size = await input.read(buffer)) !== null;) {
    const read = buffer.subarray(0, size);
    let start = 0;
    for (let end; (end = read.indexOf(LINE_FEED, start)) !== -1;) {
      if (partial.isEmpty && end - start <= limit) {
        yield withoutReturn(read.subarray(start, end));
      } else {
        partial.append(read.subarray(start, end));
        yield partial.take();
      }
      start = end + 1;
    }
    partial.append(read.subarray(start));
  }
  if (!partial.isEmpty) yield partial.take();
}
