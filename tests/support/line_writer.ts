/** Rust's `LineWriter`, flushed after each write, which stands between `Deno.stdout` and a file or pipe.
 * @module */

import { LINE_FEED } from "../../io/lines.ts";
import type { Output } from "../../io/stream.ts";

const CAPACITY = 1024;

/** What is kept of bytes that could not be written. */
function keptOf(bytes: Uint8Array): Uint8Array {
  const head = bytes.slice(0, CAPACITY);
  if (bytes.length <= CAPACITY) return head;
  return head.slice(0, head.lastIndexOf(LINE_FEED) + 1 || CAPACITY);
}

/** Keeps what it could not write for the next write, and fails without saying so. */
export class LineWriter implements Output {
  readonly #file: Output;
  #kept: Uint8Array = new Uint8Array();

  /** Creates a writer to the file. */
  constructor(file: Output) {
    this.#file = file;
  }

  /** Writes some of the bytes. */
  async write(bytes: Uint8Array): Promise<number> {
    await this.#flush();
    const lines = bytes.subarray(0, bytes.lastIndexOf(LINE_FEED) + 1);
    const isDirect = lines.length > 0 || bytes.length >= CAPACITY;
    const direct = lines.length > 0 ? lines : bytes;
    const size = isDirect ? await this.#file.write(direct) : 0;
    if (lines.length === 0 && isDirect) return size;
    this.#kept = keptOf((size < lines.length ? lines : bytes).subarray(size));
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
