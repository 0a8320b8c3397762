/** Standard output, with an account of failed writes.
 * @module */

import { delay } from "@std/async/delay";
import type { Output } from "./stream.ts";

/** The capacity of Rust's `LineWriter`. */
const KEPT_BYTES = 1024;

/** How long to wait for room in a non-blocking pipe. */
const RETRY_MS = 10;

const NOTHING = new Uint8Array();
const LINE_FEED = new TextEncoder().encode("\n");

/**
 * Tells what became of a failed write. Deno writes standard output through Rust's `LineWriter`, which
 * keeps up to 1 KiB of what it could not write, and writes it ahead of the next. A failed write of no more
 * than that still comes out whole; of a larger one some is lost, and the next has to begin a new line.
 */
export class StandardOutput implements Output {
  readonly #stream: Output;
  #isKeeping = false;
  #isCut = false;

  /** Creates an output that writes to the stream. */
  constructor(stream: Output) {
    this.#stream = stream;
  }

  /** Writes some of the bytes. Resolves to how many. */
  async write(bytes: Uint8Array): Promise<number> {
    try {
      if (this.#isKeeping) await this.#stream.write(NOTHING);
      this.#isKeeping = false;
      if (this.#isCut) await this.#stream.write(LINE_FEED);
      this.#isCut = false;
    } catch (error) {
      return await this.#wait(error);
    }
    try {
      return await this.#stream.write(bytes);
    } catch (error) {
      this.#isKeeping = await this.#failsToWriteNothing();
      if (!this.#isKeeping) return await this.#wait(error);
      if (bytes.length <= KEPT_BYTES) return bytes.length;
      this.#isCut = true;
      throw error;
    }
  }

  /** Waits for room in a full pipe that another process has made non-blocking. Throws other errors. */
  async #wait(error: unknown): Promise<number> {
    if (!(error instanceof Deno.errors.WouldBlock)) throw error;
    await delay(RETRY_MS);
    return 0;
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
