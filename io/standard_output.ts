/**
 * Standard output as the log needs it.
 *
 * @module
 */

import type { Output } from "./stream.ts";

/** The part of `Deno.stdout` that is used. */
type Stream = Pick<typeof Deno.stdout, "write" | "isTerminal">;

/** The capacity of Rust's `LineWriter`, in bytes. */
const KEPT_BYTES = 1024;

const NOTHING = new Uint8Array();
const LINE_FEED = new TextEncoder().encode("\n");

/**
 * Says what has become of a write that failed. Deno writes standard output through Rust's `LineWriter`:
 * of what can be written only in part, that keeps up to 1 KiB, to be written ahead of the next write.
 * Such a write has failed, and yet it comes out whole if it was no larger. Of a larger one part is lost,
 * and the next begins a new line.
 */
export class StandardOutput implements Output {
  readonly #stream: Stream;
  #isKeeping = false;
  #isCut = false;

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
    if (this.#isKeeping) await this.#stream.write(NOTHING);
    this.#isKeeping = false;
    if (this.#isCut) await this.#stream.write(LINE_FEED);
    this.#isCut = false;
    try {
      return await this.#stream.write(bytes);
    } catch (error) {
      this.#isKeeping = await this.#failsToWriteNothing();
      if (this.#isKeeping && bytes.length <= KEPT_BYTES) return bytes.length;
      this.#isCut = this.#isKeeping;
      throw error;
    }
  }

  /** An empty write fails as long as something is kept that can't be written. */
  async #failsToWriteNothing(): Promise<boolean> {
    try {
      await this.#stream.write(NOTHING);
      return false;
    } catch {
      return true;
    }
  }
}
