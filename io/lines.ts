/** Lines of bytes.
 * @module */

import type { Input } from "./stream.ts";

/** The byte that ends a line. */
export const LINE_FEED = 0x0a;

const CARRIAGE_RETURN = 0x0d;

/**
 * Splits an input at `\n` and `\r\n`, without reading ahead of the line that is asked for.
 * @param limit The longest line, in bytes.
 * @returns Each line without its end, valid until the next is asked for; `undefined` for one that is
 * too long. The last line needs no line end.
 */
export async function* readLines(
  input: Input,
  limit: number,
): AsyncGenerator<Uint8Array | undefined, void> {
  // One byte for a carriage return, and one to tell a line that is too long.
  const buffer = new Uint8Array(limit + 2);
  let size = 0;
  let isTooLong = false;
  const checked = (line: Uint8Array) =>
    isTooLong || line.length > limit ? undefined : line;
  for (let read; (read = await input.read(buffer.subarray(size))) !== null;) {
    const filled = buffer.subarray(0, size + read);
    let start = 0;
    for (let end; (end = filled.indexOf(LINE_FEED, start)) !== -1;) {
      const hasReturn = end > start && filled[end - 1] === CARRIAGE_RETURN;
      yield checked(filled.subarray(start, hasReturn ? end - 1 : end));
      isTooLong = false;
      start = end + 1;
    }
    buffer.copyWithin(0, start, filled.length);
    size = filled.length - start;
    if (size === buffer.length) {
      isTooLong = true;
      size = 0;
    }
  }
  if (size > 0 || isTooLong) yield checked(buffer.subarray(0, size));
}
