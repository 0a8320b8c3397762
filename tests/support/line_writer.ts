/** Rust's `LineWriter`, which stands between `Deno.stdout` and the file or pipe.
 * @module */

import { LINE_FEED } from "../../io/lines.ts";
import type { Output } from "../../io/stream.ts";

const CAPACITY = 1024;

/** Keeps what could not be written for the next write. A write with line ends has to end with one. */
export class LineWriter {
  readonly #file: Output;
  #kept = new Uint8Array();

  /** Creates a writer to the file. */
  constructor(file: Output) {
    this.#file = file;
  }

  /** Writes some of the bytes. Fails if it keeps any of them. */
  async write(bytes: Uint8Array): Promise<number> {
    await this.#flush();
    if (bytes.at(-1) !== LINE_FEED && bytes.length >= CAPACITY) {
      return await this.#file.write(bytes);
    }
    const size = await this.#file.write(bytes.slice());
    const kept = bytes.slice(size, size + CAPACITY);
    this.#kept = kept.slice(0, kept.lastIndexOf(LINE_FEED) + 1 || CAPACITY);
    const taken = size + this.#kept.length;
    await this.#flush();
    return taken;
  }

  async #flush(): Promise<void> {
    while (this.#kept.length > 0) {
      this.#kept = this.#kept.subarray(await this.#file.write(this.#kept));
    }
  }
}
