/** Standard output and standard error, in the order of what is printed.
 * @module */

import { deadline } from "@std/async/deadline";
import { LINE_FEED } from "./lines.ts";
import { type Output, writePatiently } from "./stream.ts";
import { Timer } from "./timer.ts";

/** A pipe takes this many bytes whole or not at all (`PIPE_BUF`): nobody else writes in between. */
const PAGE_BYTES = 4096;

/** How long to gather lines under load: a write costs as much as a request. */
const GATHER_MS = 50;

/** An output that has taken nothing for this long has stalled. */
const STALL_MS = 1_000;

/** How many bytes may be pending for an output before {@linkcode Printer.ready} holds the caller up. */
const HIGH_WATER_MARK = 1024 * 1024;

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
  readonly stallTimer = new Timer();
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
    return this.pending >= HIGH_WATER_MARK;
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
      const report = encoder.encode(`${start}${lostLines(page.lost)}\n`);
      await writePatiently(this.#output, report);
      page.lost = 0;
    }
    for (let { bytes } = page; bytes.length > 0 && this.error === undefined;) {
      const most = bytes.subarray(0, PAGE_BYTES);
      const size = most.lastIndexOf(LINE_FEED) + 1 || most.length;
      await writePatiently(this.#output, bytes.subarray(0, size));
      this.isStalled = false;
      onProgress();
      bytes = bytes.subarray(size);
    }
    this.isCut = false;
  }

  /** Gives up what is pending. Returns how many lines may not come out. */
  abandon(): number {
    const unwritten = this.pages.reduce(
      (sum, { lines, lost }) => sum + lines + lost,
      this.lost,
    );
    this.pages.splice(this.isWriting ? 1 : 0);
    this.pending = this.lost = 0;
    return unwritten;
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
  /** When the last two writes began. Two may follow each other at once: a timer would cost more than the second. */
  #lastWrites = [-Infinity, -Infinity];
  #progress = Promise.withResolvers<void>();
  readonly #gatherTimer = new Timer();

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
    const isPending = () => this.#streams.some(({ pages }) => pages.length > 0);
    for (this.hurry(); isPending(); this.hurry()) await this.#progress.promise;
  }

  /** Writes all within so many milliseconds, and gives up the rest. Returns how many lines that may be. */
  async close(timeout: number): Promise<number> {
    const finished = this.flush().then(() => {
      for (const stream of this.#streams) this.#reportLost(stream);
      return this.flush();
    });
    await deadline(finished, Math.max(timeout, 0))
      .catch(() => this.#stall(...this.#streams));
    return this.#stdout.abandon() + this.#stderr.abandon();
  }

  get #isBehind(): boolean {
    return this.#streams.some((own) => own.isFull && !own.isStalled);
  }

  async #catchUp(): Promise<void> {
    while (this.#isBehind) await this.#progress.promise;
  }

  #append(stream: Stream, text: string): void {
    const isLost = stream.isFull && stream.isStalled;
    // A page with a long line takes more: the line's end is then written with what follows.
    const room = (this.#text.length > PAGE_BYTES ? 1.25 : 1) * PAGE_BYTES;
    const isFull = this.#text.length + text.length > room;
    if (isLost || isFull || stream !== this.#current) this.#closePage();
    if (isLost) {
      stream.lost++;
      return;
    }
    this.#current = stream;
    this.#text += text;
    if (this.#gatherTimer.isSet) return;
    const isBusy = stream.pages.length > 1 ||
      performance.now() - this.#lastWrites[1] < GATHER_MS;
    if (isBusy) this.#gatherTimer.set(GATHER_MS, this.hurry);
    // Once the caller is through, as it may be about to reply, or to print more.
    else queueMicrotask(this.hurry);
  }

  #closePage(): void {
    if (this.#text === "") return;
    this.#current.add(this.#pageCount++, this.#text);
    this.#text = "";
  }

  #reportLost(stream: Stream): void {
    if (stream.lost > 0) stream.add(this.#pageCount++, "");
  }

  /** Starts the writes whose turn it is. A stream that has stalled holds up the other in a long line only. */
  #advance(): void {
    this.#startWrite(this.#stdout, this.#stderr);
    this.#startWrite(this.#stderr, this.#stdout);
  }

  #startWrite(stream: Stream, other: Stream): void {
    const [page] = stream.pages;
    const [rival] = other.pages;
    if (page === undefined || stream.isWriting) return;
    // A line longer than a page is written in parts.
    const wouldCut = other.isWriting &&
      Math.max(page.bytes.length, rival.bytes.length) > PAGE_BYTES;
    if (wouldCut) stream.isStalled ||= other.isStalled;
    const isFirst = rival === undefined || page.order < rival.order;
    if (!wouldCut && (isFirst || other.isStalled)) this.#write(stream, page);
  }

  async #write(stream: Stream, page: Page): Promise<void> {
    stream.isWriting = true;
    this.#lastWrites = [performance.now(), this.#lastWrites[0]];
    try {
      await stream.write(page, () => {
        if (!this.#isLossy) return;
        stream.stallTimer.set(STALL_MS, () => this.#stall(stream));
      });
      if (stream.pages.length === 1) this.#reportLost(stream);
    } catch (error) {
      stream.isCut = true;
      if (!this.#isLossy) stream.error = error;
      else (stream.pages[1] ?? stream).lost += page.lines + page.lost;
    }
    stream.isWriting = false;
    stream.pages.shift();
    stream.pending -= page.bytes.length;
    this.#tell();
    this.#advance();
  }

  #stall(...streams: Stream[]): void {
    for (const stream of streams) stream.isStalled ||= stream.isWriting;
    this.#tell();
    this.#advance();
  }

  #tell(): void {
    this.#progress.resolve();
    this.#progress = Promise.withResolvers();
  }
}
