/**
 * Writes lines without holding up whoever prints them.
 *
 * @module
 */

import { type Output, writeAll } from "./write_all.ts";

/** How long lines are gathered while there are many of them, in milliseconds. */
const GATHER_MS = 20;

/** How much is kept for an output that takes nothing, in bytes. */
const MAX_PENDING = 4 * 1024 * 1024;

/** How much room there is at first, in bytes: for a busy 20 ms. */
const BUFFER_BYTES = 256 * 1024;

/** How much one write takes, in bytes. Of one that fails, nobody knows how much has come through. */
const WRITE_BYTES = 64 * 1024;

/** How many bytes of UTF-8 a UTF-16 code unit takes at most. */
const MAX_BYTES_PER_UNIT = 3;

const LINE_FEED = 0x0a;

/** What {@linkcode lineWriter} returns. */
export interface LineWriter {
  /** Takes a line, given without its line end, and returns at once. */
  print(line: string): void;
  /**
   * Resolves when every line is written, or was dropped because the output reported an error. It waits
   * for as long as lines come, or the output takes nothing: whoever can't wait sets a deadline.
   */
  flush(): Promise<void>;
}

/**
 * Writes lines in the order in which they come, by one write at a time. A line after a quiet while is
 * written at once; the lines that come within the next {@linkcode GATHER_MS} are written together, as
 * a write costs more than the request that it tells of.
 *
 * Of lines for which the output has no time, as a pipe that nobody reads, about 4 MB are kept. Those
 * that come after are dropped, and so are those that end in an error, as on a disk that is full. A line
 * in their place says how many.
 *
 * @example Usage
 * ```ts no-assert
 * import { lineWriter } from "./log.ts";
 *
 * const log = lineWriter(Deno.stdout);
 * log.print("Server is listening on 127.0.0.1:9001");
 * await log.flush();
 * ```
 *
 * @param output Where the lines go.
 * @returns The writer.
 */
export function lineWriter(output: Output): LineWriter {
  const encoder = new TextEncoder();
  /**
   * The lines that are pending, in its first bytes. A string that grows would be a chain of pieces, and
   * the garbage collector would have to copy them.
   */
  let buffer = new Uint8Array(BUFFER_BYTES);
  let pending = 0;
  /** The other buffer: while it is written, lines go into the first. */
  let spare = new Uint8Array(BUFFER_BYTES);
  /** How many lines have found no room, behind those that are pending. */
  let dropped = 0;
  /** How many lines an error has taken, before those that are pending. */
  let failed = 0;
  let lastWrite = -Infinity;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let writing: Promise<void> | undefined;

  /** Makes room for so many more bytes. */
  function reserve(size: number): void {
    if (pending + size <= buffer.length) return;
    const larger = new Uint8Array(2 * buffer.length + size);
    larger.set(buffer.subarray(0, pending));
    buffer = larger;
  }

  /** Adds a line to those that are pending. */
  function append(line: string): void {
    reserve(MAX_BYTES_PER_UNIT * line.length + 1);
    // Nearly every line is short and ASCII, and a call of the encoder dearer than this loop.
    let ascii = 0;
    for (; ascii < line.length; ascii++) {
      const unit = line.charCodeAt(ascii);
      if (unit > 0x7f) break;
      buffer[pending + ascii] = unit;
    }
    pending += ascii;
    if (ascii < line.length) {
      const rest = buffer.subarray(pending);
      pending += encoder.encodeInto(line.slice(ascii), rest).written;
    }
    buffer[pending++] = LINE_FEED;
  }

  /** Writes lines. Returns how many an error has kept from the output. */
  async function write(lines: Uint8Array<ArrayBuffer>): Promise<number> {
    for (let start = 0; start < lines.length;) {
      const most = lines.subarray(start, start + WRITE_BYTES);
      // A line is cut only if it is longer than a write.
      const wholeLines = most.lastIndexOf(LINE_FEED) + 1;
      const part = wholeLines > 0 ? most.subarray(0, wholeLines) : most;
      try {
        await writeAll(output, part);
      } catch {
        return lines.subarray(start).filter((byte) => byte === LINE_FEED)
          .length;
      }
      start += part.length;
    }
    return 0;
  }

  /** Tells of missing lines. Returns how many are still to be told of. */
  async function tell(missing: number): Promise<number> {
    if (missing === 0) return 0;
    const lines = missing === 1 ? "line" : "lines";
    const notice = `Dropped ${missing} ${lines} that could not be written\n`;
    return await write(encoder.encode(notice)) === 0 ? 0 : missing;
  }

  async function writePending(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    const lines = buffer.subarray(0, pending);
    const missing = dropped;
    [buffer, spare] = [spare, buffer];
    pending = 0;
    dropped = 0;
    failed = await tell(failed);
    failed += await write(lines);
    failed += await tell(missing);
    // One that had to grow is not kept for quieter times.
    if (spare.length > BUFFER_BYTES) spare = new Uint8Array(BUFFER_BYTES);
    lastWrite = performance.now();
    writing = undefined;
    if (pending > 0) schedule();
  }

  function schedule(): void {
    const quiet = performance.now() - lastWrite >= GATHER_MS;
    timer = setTimeout(start, quiet ? 0 : GATHER_MS);
  }

  function start(): void {
    writing = writePending();
  }

  return {
    print(line) {
      if (pending >= MAX_PENDING) {
        dropped++;
        return;
      }
      append(line);
      if (timer === undefined && writing === undefined) schedule();
    },
    async flush() {
      while (writing !== undefined || pending > 0) {
        if (writing === undefined) start();
        await writing;
      }
    },
  };
}
