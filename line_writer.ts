/**
 * Writes lines without holding up whoever prints them.
 *
 * @module
 */

import { type Output, writeAll } from "./write_all.ts";

/** How long lines are gathered while there are many of them, in milliseconds. */
const GATHER_MS = 10;

/** How much is kept for an output that takes nothing, in UTF-16 code units. */
const MAX_PENDING = 4 * 1024 * 1024;

/** How much one write takes, in bytes. */
const CHUNK_BYTES = 64 * 1024;

/** What {@linkcode lineWriter} returns. */
export interface LineWriter {
  /** Takes a line, given without its line end, and returns at once. */
  print(line: string): void;
  /**
   * Resolves when every line taken so far is written, or was dropped because the output reported an
   * error. It waits for as long as the output takes nothing: whoever can't wait sets a deadline.
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
 * import { lineWriter } from "./line_writer.ts";
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
  const chunk = new Uint8Array(CHUNK_BYTES);
  let pending = "";
  /** How many lines have found no room, behind those that are pending. */
  let dropped = 0;
  /** How many lines an error has taken, before those that are pending. */
  let failed = 0;
  let lastWrite = -Infinity;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let writing: Promise<void> | undefined;

  /** Writes lines. Returns how many an error has kept from the output. */
  async function write(lines: string): Promise<number> {
    for (let start = 0; start < lines.length;) {
      const { read, written } = encoder.encodeInto(lines.slice(start), chunk);
      try {
        await writeAll(output, chunk.subarray(0, written));
      } catch {
        // Some of the chunk may have come through: Deno does not say so.
        return lines.slice(start).split("\n").length - 1;
      }
      start += read;
    }
    return 0;
  }

  /** Tells of missing lines. Returns how many are still to be told of. */
  async function tell(missing: number): Promise<number> {
    if (missing === 0) return 0;
    const notice = `Dropped ${missing} lines that could not be written\n`;
    return await write(notice) === 0 ? 0 : missing;
  }

  async function writePending(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    const lines = pending;
    const missing = dropped;
    pending = "";
    dropped = 0;
    failed = await tell(failed);
    failed += await write(lines);
    failed += await tell(missing);
    lastWrite = performance.now();
    writing = undefined;
    if (pending !== "") schedule();
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
      if (pending.length >= MAX_PENDING) {
        dropped++;
        return;
      }
      pending += line + "\n";
      if (timer === undefined && writing === undefined) schedule();
    },
    async flush() {
      while (writing !== undefined || pending !== "") {
        if (writing === undefined) start();
        await writing;
      }
    },
  };
}
