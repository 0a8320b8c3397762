/** Standard output and standard error, in the order of what is printed.
 * @module */

import { deadline } from "@std/async/deadline";
import { delay } from "@std/async/delay";
import { LINE_FEED } from "./lines.ts";
import type { Output } from "./stream.ts";
import { Timer } from "./timer.ts";

/** A pipe takes this many bytes whole or not at all (`PIPE_BUF`): nobody else writes in between. */
const PAGE_BYTES = 4096;

/** Rust's `LineWriter`, which Deno writes standard output through, keeps the start of a line if it is shorter. */
const KEPT_BYTES = 1024;

/** How long to gather lines under load: a write costs as much as a request. */
const GATHER_MS = 50;

/** How long to leave a non-blocking pipe alone that is full. */
const RETRY_MS = 10;

/** An output that has taken nothing for this long has stalled. */
const STALL_MS = 1_000;

/** How many bytes may be pending for an output before {@linkcode Printer.ready} holds the caller up. */
const HIGH_WATER = 1024 * 1024;

const encoder = new TextEncoder();

/** The line that stands in the place of lost lines, without its end. */
export function lostLines(count: number): string {
  return `Lines that could not be written, at most: ${count}`;
}

interface Page {
  /** Its place among the pages of both streams. */
  order: number;
  bytes: Uint8Array;
  lines: number;
  /** How many lines were lost before it. */
  lost: number;
}

class Stream {
  readonly #output: Output;
  /** What waits to be written. The first page may be in flight. */
  readonly pages: Page[] = [];
  pending = 0;
  /** How many lines were lost after the last page. */
  lost = 0;
  isWriting = false;
  isStalled = false;
  /** Whether a failed write may have ended in the middle of a line. */
  isCut = false;
  /** After this error it takes nothing more. */
  error: unknown;

  constructor(output: Output) {
    this.#output = output;
  }

  get isFull(): boolean {
    return this.pending >= HIGH_WATER;
  }

  add(order: number, text: string): void {
    const bytes = encoder.encode(text);
    const lines = text.split("\n").length - 1;
    this.pages.push({ order, bytes, lines, lost: this.lost });
    this.lost = 0;
    this.pending += bytes.length;
  }

  /** Writes a page, each time as many whole lines as a pipe takes whole. */
  async write(page: Page, onProgress: () => void): Promise<void> {
    onProgress();
    if (page.lost > 0) {
      const start = this.isCut ? "\n" : "";
      await this.#write(encoder.encode(`${start}${lostLines(page.lost)}\n`));
      page.lost = 0;
    }
    for (let { bytes } = page; bytes.length > 0 && this.error === undefined;) {
      const most = bytes.subarray(0, PAGE_BYTES);
      const size = most.lastIndexOf(LINE_FEED) + 1 || most.length;
      await this.#write(bytes.subarray(0, size));
      this.isStalled = false;
      onProgress();
      bytes = bytes.subarray(size);
    }
    this.isCut = false;
  }

  async #write(bytes: Uint8Array): Promise<void> {
    const isKept = bytes.length < KEPT_BYTES && bytes.at(-1) !== LINE_FEED;
    for (let isDone = false; !isDone;) {
      try {
        bytes = bytes.subarray(await this.#output.write(bytes));
        isDone = bytes.length === 0;
      } catch (error) {
        if (!(error instanceof Deno.errors.WouldBlock)) throw error;
        await delay(RETRY_MS);
        // An empty write writes what is kept.
        if (isKept) bytes = new Uint8Array();
      }
    }
  }
}

/**
 * Prints without making the caller wait. Both streams share a queue, so that where they end in the same place, all
 * is in order, and neither cuts into a line of the other.
 */
export class Printer {
  readonly #stdout: Stream;
  readonly #stderr: Stream;
  readonly #streams: Stream[];
  readonly #isLossy: boolean;
  /** The stream of the last page, which takes more lines, and what is in it. */
  #current: Stream;
  #text = "";
  #pageCount = 0;
  #lastWrite = -Infinity;
  #progress = Promise.withResolvers<void>();
  readonly #gatherTimer = new Timer();
  readonly #stallTimer = new Timer();

  /**
   * Creates a printer. A lossy one drops lines, and says how many, if a write fails or its output has stalled.
   * Another waits for a slow output for ever, and prints nothing more on standard output once that has failed.
   */
  constructor(stdout: Output, stderr: Output, isLossy: boolean) {
    this.#current = this.#stdout = new Stream(stdout);
    this.#stderr = new Stream(stderr);
    this.#streams = [this.#stdout, this.#stderr];
    this.#isLossy = isLossy;
  }

  /** Prints a line on standard output; with another end than `\n`, as in Python, the start of one. */
  print(line: string, end = "\n"): void {
    this.#append(this.#stdout, line + end);
  }

  /** Prints a line on standard error. */
  printError(line: string): void {
    this.#append(this.#stderr, `${line}\n`);
  }

  /** The error of standard output; never that of a lossy printer. */
  get error(): unknown {
    return this.#stdout.error;
  }

  /** `undefined`, or a promise to await before printing more: the outputs catch up, or stall. */
  get ready(): Promise<void> | undefined {
    return this.#isBehind ? this.#catchUp() : undefined;
  }

  /** Starts to write what is pending. */
  readonly hurry = (): void => {
    this.#gatherTimer.clear();
    this.#closePage();
    this.#advance();
  };

  /** Resolves when all is written, or lost. */
  async flush(): Promise<void> {
    this.hurry();
    while (this.#streams.some(({ pages }) => pages.length > 0)) {
      await this.#progress.promise;
      this.hurry();
    }
  }

  /** Writes all within so many milliseconds. Returns how many lines of standard output are not written by then. */
  async close(timeout: number): Promise<number> {
    const finished = this.flush().then(() => {
      for (const stream of this.#streams) {
        if (stream.lost > 0) stream.add(this.#pageCount++, "");
      }
      return this.flush();
    });
    await deadline(finished, Math.max(timeout, 0)).catch(this.#stall);
    const { pages, lost } = this.#stdout;
    return pages.reduce((sum, page) => sum + page.lines + page.lost, lost);
  }

  get #isBehind(): boolean {
    return this.#streams.some((own) => own.isFull && !own.isStalled);
  }

  async #catchUp(): Promise<void> {
    while (this.#isBehind) await this.#progress.promise;
  }

  #append(stream: Stream, text: string): void {
    const isLost = stream.isFull && stream.isStalled;
    const isFull = this.#text.length + text.length > PAGE_BYTES;
    if (isLost || isFull || stream !== this.#current) this.#closePage();
    if (isLost) {
      stream.lost++;
      return;
    }
    this.#current = stream;
    this.#text += text;
    if (this.#gatherTimer.isSet) return;
    const isBusy = stream.isWriting ||
      performance.now() - this.#lastWrite < GATHER_MS;
    this.#gatherTimer.set(isBusy ? GATHER_MS : 0, this.hurry);
  }

  #closePage(): void {
    if (this.#text === "") return;
    this.#current.add(this.#pageCount++, this.#text);
    this.#text = "";
  }

  /** Starts the writes whose turn it is. A stream that has stalled holds up no other. */
  #advance(): void {
    for (const stream of this.#streams) {
      const [page] = stream.pages;
      const isNext = page !== undefined && !stream.isWriting &&
        this.#streams.every(({ pages, isStalled }) =>
          isStalled || pages.length === 0 || page.order <= pages[0].order
        );
      if (isNext) this.#write(stream, page);
    }
  }

  async #write(stream: Stream, page: Page): Promise<void> {
    stream.isWriting = true;
    try {
      await stream.write(page, () => {
        if (this.#isLossy) this.#stallTimer.set(STALL_MS, this.#stall);
      });
    } catch (error) {
      stream.isCut = true;
      if (!this.#isLossy) stream.error = error;
      else (stream.pages[1] ?? stream).lost += page.lines + page.lost;
    }
    stream.isWriting = false;
    stream.pages.shift();
    stream.pending -= page.bytes.length;
    this.#lastWrite = performance.now();
    this.#tell();
    this.#advance();
  }

  readonly #stall = (): void => {
    for (const stream of this.#streams) {
      stream.isStalled ||= stream.isWriting;
    }
    this.#tell();
    this.#advance();
  };

  #tell(): void {
    this.#progress.resolve();
    this.#progress = Promise.withResolvers();
  }
}
