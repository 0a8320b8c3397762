/**
 * Writes all of some bytes.
 *
 * @module
 */

/** What bytes can be written to: the part of a connection or of `Deno.stdout` that is used. */
export interface Output {
  /** Writes some of the bytes, and resolves to how many. */
  write(bytes: Uint8Array): Promise<number>;
}

/**
 * Writes all of the bytes, where one write may take only some.
 *
 * @example Usage
 * ```ts
 * import { writeAll } from "./write_all.ts";
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
  bytes: Uint8Array,
): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    written += await output.write(bytes.subarray(written));
  }
}
