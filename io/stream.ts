/** Byte streams: the parts of `Deno.stdin`, `Deno.stdout` and connections that the program uses.
 * @module */

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
