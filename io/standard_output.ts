/**
 * Standard output as the log needs it.
 *
 * @module
 */

import type { Output } from "./stream.ts";

/** The part of `Deno.stdout` that is used. */
type Stream = Pick<typeof Deno.stdout, "write" | "isTerminal">;

const LINE_FEED = 0x0a;
const NEW_LINE = new Uint8Array([LINE_FEED]);

/**
 * Begins a new line after a write that has failed. Deno writes standard output through Rust's `LineWriter`:
 * part of such a write may be in the file, and up to 1 KiB more is kept and written ahead of the next.
 */
export class StandardOutput implements Output {
  readonly #stream: Stream;
  #mayBeCut = false;

  /**
   * Creates an output.
   *
   * @param stream Where the bytes go.
   */
  constructor(stream: Stream) {
    this.#stream = stream;
  }

  /** Whether somebody watches it. */
  isTerminal(): boolean {
    return this.#stream.isTerminal();
  }

  /** Writes some of the bytes. Resolves to how many. */
  async write(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
    try {
      if (this.#mayBeCut && bytes[0] !== LINE_FEED) {
        await this.#stream.write(NEW_LINE);
      }
      this.#mayBeCut = false;
      return await this.#stream.write(bytes);
    } catch (error) {
      this.#mayBeCut = true;
      throw error;
    }
  }
}
