/**
 * Standard output, with an account of failed writes.
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
 * Tells what became of a failed write. Deno writes standard output through Rust's `LineWriter`, which
 * keeps up to 1 KiB of what it could not write, and writes it ahead of the next. A failed write of no more
 * than that still comes out whole; of a larger one some is lost, and the next has to begin a new line.
 */
export class StandardOutput implements Output {
  readonly #stream: Stream;
  #isKeeping = false;
  #isCut = false;

  /** Creates an output that writes to the stream. */
  constructor(stream: Stream) {
    this.#stream = stream;
  }

  /** Whether it is a terminal. */
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

  /** An empty write fails as long as kept bytes can't be written. */
  async #failsToWriteNothing(): Promise<boolean> {
    try {
      await this.#stream.write(NOTHING);
      return false;
    } catch {
      return true;
    }
  }
}
