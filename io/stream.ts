/** Byte streams: the parts of `Deno.stdin`, `Deno.stdout` and connections that the program uses.
 * @module */

import { delay } from "@std/async/delay";
import { LINE_FEED } from "./lines.ts";

/** Rust's `LineWriter`, which Deno writes standard output through, keeps the start of a line if it is shorter. */
const KEPT_BYTES = 1024;

/** How long to wait before trying a full non-blocking pipe again. */
const RETRY_MS = 10;

/** A source of bytes. */
export interface Input {
  /** Reads some bytes into the buffer. Resolves to how many, or to `null` at the end. */
  read(buffer: Uint8Array): Promise<number | null>;
}

/** A sink for bytes. */
export interface Output {
  /** Writes some of the bytes. Resolves to how many. */
  write(bytes: Uint8Array): Promise<number>;
}

/** Writes all of the bytes, as one write may take only some. Rejects with the error of a failed write. */
export async function writeAll(
  output: Output,
  bytes: Uint8Array,
): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    written += await output.write(bytes.subarray(written));
  }
}

/**
 * Writes all of the bytes, and waits while a non-blocking pipe is full. They must be lines of 4 KiB at most, or a part
 * of one line, which a pipe takes whole or not at all. Rejects with any other error.
 */
export async function writePatiently(
  output: Output,
  bytes: Uint8Array,
): Promise<void> {
  const isKept = bytes.length < KEPT_BYTES && bytes.at(-1) !== LINE_FEED;
  for (let isDone = false; !isDone;) {
    try {
      bytes = bytes.subarray(await output.write(bytes));
      isDone = bytes.length === 0;
    } catch (error) {
      if (!(error instanceof Deno.errors.WouldBlock)) throw error;
      await delay(RETRY_MS);
      // An empty write writes what is kept.
      if (isKept) bytes = new Uint8Array();
    }
  }
}
