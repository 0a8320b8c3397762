/**
 * Byte streams: the parts of `Deno.stdin`, `Deno.stdout` and connections that the program uses.
 *
 * @module
 */

/** What bytes can be read from. */
export interface Input {
  /** Reads some bytes into the buffer. Resolves to how many, or to `null` at the end. */
  read(buffer: Uint8Array<ArrayBuffer>): Promise<number | null>;
}

/** What bytes can be written to. */
export interface Output {
  /** Writes some of the bytes. Resolves to how many. */
  write(bytes: Uint8Array<ArrayBuffer>): Promise<number>;
}

/**
 * Writes all of the bytes, where one write may take only some.
 *
 * @example Usage
 * ```ts
 * import { writeAll } from "./stream.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const taken: number[] = [];
 * const slow = {
 *   write(bytes: Uint8Array) {
 *     taken.push(bytes[0]);
 *     return Promise.resolve(1);
 *   },
 * };
 * await writeAll(slow, new Uint8Array([4, 2]));
 * assertEquals(taken, [4, 2]);
 * ```
 *
 * @param output Where the bytes go.
 * @param bytes What to write.
 * @throws {Error} What a write has rejected with; the bytes before it are written.
 */
export async function writeAll(
  output: Output,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    written += await output.write(bytes.subarray(written));
  }
}
