/** Text for standard output and standard error.
 * @module */

import { type Output, writeAll } from "./stream.ts";

/** How much may be pending before {@linkcode Printer.ready} holds the caller up, in UTF-16 code units. */
const HIGH_WATER = 64 * 1024;

const encoder = new TextEncoder();

/** Writes text in order while the caller goes on; what comes close together goes out in one write. */
export class Printer {
  readonly #output: Output;
  #pending = "";
  #timer: ReturnType<typeof setTimeout> | undefined;
  #writing: Promise<void> | undefined;
  #error: unknown;

  /** Creates a printer that writes to the output. */
  constructor(output: Output) {
    this.#output = output;
  }

  /** Takes text, which is dropped once a write has failed. */
  print(text: string): void {
    if (this.#error !== undefined) return;
    this.#pending += text;
    if (this.#timer === undefined && this.#writing === undefined) {
      this.#timer = setTimeout(this.#start);
    }
  }

  /** `undefined`, or a promise to await before printing more. Throws the error of a failed write. */
  get ready(): Promise<void> | undefined {
    if (this.#error !== undefined) throw this.#error;
    return this.#pending.length < HIGH_WATER ? undefined : this.flush();
  }

  /** Resolves when all text is written. Throws the error of a failed write. */
  async flush(): Promise<void> {
    while (this.#writing !== undefined || this.#pending !== "") {
      if (this.#writing === undefined) this.#start();
      await this.#writing;
    }
    if (this.#error !== undefined) throw this.#error;
  }

  readonly #start = (): void => {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing = this.#write();
  };

  async #write(): Promise<void> {
    const bytes = encoder.encode(this.#pending);
    this.#pending = "";
    try {
      await writeAll(this.#output, bytes);
    } catch (error) {
      this.#error = error;
      this.#pending = "";
    }
    this.#writing = undefined;
    if (this.#pending !== "") this.#timer = setTimeout(this.#start);
  }
}
