/** Lines as bytes.
 * @module */

import type { Input } from "./stream.ts";

const READ_BYTES = 64 * 1024;

/** The byte that ends a line. */
export const LINE_FEED = 0x0a;

const CARRIAGE_RETURN = 0x0d;

/** How many lines end in the bytes. */
export function countLines(bytes: Uint8Array): number {
  let count = 0;
  for (const byte of bytes) if (byte === LINE_FEED) count++;
  return count;
}

/** A line that is still incomplete, cut off at a limit. */
class PartialLine {
  readonly #limit: number;
  #bytes: Uint8Array = new Uint8Array();
  #size = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get isEmpty(): boolean {
    return this.#size === 0;
  }

  append(bytes: Uint8Array): void {
    const kept = bytes.subarray(0, this.#limit - this.#size);
    const size = this.#size + kept.length;
    if (size > this.#bytes.length) {
      const larger = new Uint8Array(2 * size);
      larger.set(this.#bytes.subarray(0, this.#size));
      this.#bytes = larger;
    }
    this.#bytes.set(kept, this.#size);
    this.#size = size;
  }

  take(): Uint8Array {
    const size = this.#size;
    this.#size = 0;
    return this.#bytes.subarray(0, size);
  }
}

function withoutReturn(
  line: Uint8Array,
): Uint8Array {
  return line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line;
}

/**
 * Splits an input at `\n` and `\r\n`, without reading ahead of the line that is asked for.
 * @param limit The longest line, in bytes. Memory stays within a small multiple of it.
 * @returns Each line without its end, valid until the next is asked for; `undefined` for one that is
 * too long. The last line needs no line end.
 */
export async function* readLines(
  input: Input,
  limit: number,
): AsyncGenerator<Uint8Array | undefined, void> {
  const buffer = new Uint8Array(READ_BYTES);
  // One byte for a carriage return, and one to tell a line that is too long.
  const partial = new PartialLine(limit + 2);
  const checked = (line: Uint8Array) => line.length <= limit ? line : undefined;
  for (let size; (size = await input.read(buffer)) !== null;) {
    const read = buffer.subarray(0, size);
    let start = 0;
    for (let end; (end = read.indexOf(LINE_FEED, start)) !== -1;) {
      let line: Uint8Array = read.subarray(start, end);
      if (!partial.isEmpty) {
        partial.append(line);
        line = partial.take();
      }
      yield checked(withoutReturn(line));
      start = end + 1;
    }
    partial.append(read.subarray(start));
  }
  if (!partial.isEmpty) yield checked(partial.take());
}
