/** Text for standard output and standard error.
 * @module */

import { type Output, writeAll } from "./stream.ts";
import { Timer } from "./timer.ts";

/** How much may be pending before {@linkcode Printer.ready} holds the caller up, in UTF-16 code units. */
const HIGH_WATER = 64 * 1024;

const encoder = new TextEncoder();

/** Writes text in order while the caller goes on; what comes close together goes out in one write. */
export class Printer {
  readonly #output: Output;
  readonly #gather: number;
  #pending = "";
  readonly #timer = new Timer();
  #writing: Promise<void> | undefined;
  #lastWrite = -Infinity;
  #error: unknown;

  /** Creates a printer that, for so many milliseconds after a write to the output, gathers text for the next. */
  constructor(output: Output, gather = 0) {
    this.#output = output;
    this.#gather = gather;
  }

  /** Takes text, which is dropped once a write has failed. */
  print(text: string): void {
    if (this.#error !== undefined) return;
    this.#pending += text;
    if (this.#writing === undefined && !this.#timer.isSet) this.#schedule();
  }

  /** `undefined`, or a promise to await before printing more. Throws the error of a failed write. */
  get ready(): Promise<void> | undefined {
    if (this.#error !== undefined) throw this.#error;
    return this.#pending.length < HIGH_WATER ? undefined : this.flush();
  }

  /** Resolves when all text is written. Throws the error of a failed write. */
  async flush(): Promise<void> {
    while (this.#writing !== undefined || this.#pending !== "") {
      this.hurry();
      await this.#writing;
    }
    if (this.#error !== undefined) throw this.#error;
  }

  /** Starts to write what is pending, unless a write is in flight. */
  hurry(): void {
    if (this.#writing === undefined && this.#pending !== "") this.#start();
  }

  #schedule(): void {
    const isBusy = performance.now() - this.#lastWrite < this.#gather;
    this.#timer.set(isBusy ? this.#gather : 0, this.#start);
  }

  readonly #start = (): void => {
    this.#timer.clear();
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
    this.#lastWrite = performance.now();
    if (this.#pending !== "") this.#schedule();
  }
}
