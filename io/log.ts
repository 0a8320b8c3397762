/** The server's log.
 * @module */

import { deadline } from "@std/async/deadline";
import { countLines, LINE_FEED } from "./lines.ts";
import type { Output } from "./stream.ts";
import { Timer } from "./timer.ts";

/** How long to gather lines under load: a write costs more than a request. */
const GATHER_MS = 50;

/** How much may be pending before {@linkcode Log.ready} holds the caller up. */
const HIGH_WATER_BYTES = 1024 * 1024;

const MAX_STALLED_BYTES = 4 * 1024 * 1024;

const STALL_MS = 1_000;

const BATCH_BYTES = 256 * 1024;

const SHORT_LINE = 256;

const MAX_BYTES_PER_UNIT = 3;

const encoder = new TextEncoder();

/** The line that reports lost lines, without its line end. */
export function droppedLines(count: number): string {
  const lines = count === 1 ? "line" : "lines";
  return `Dropped ${count} ${lines} that could not be written`;
}

/** Where a log goes. */
export interface LogOutput extends Output {
  /** Writes what a failed write has left. Resolves to the whole lines in it; throws as a write does. */
  recover?(): Promise<Uint8Array>;
}

/** Pending lines, as bytes: a growing string is a chain of pieces for the garbage collector to copy. */
class Batch {
  droppedBefore = 0;
  #buffer = new Uint8Array(BATCH_BYTES);
  #size = 0;

  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#size);
  }

  /** Returns the line's size in bytes. */
  append(line: string): number {
    this.#reserve(MAX_BYTES_PER_UNIT * line.length + 1);
    const buffer = this.#buffer;
    const start = this.#size;
    // Most lines are short and ASCII; for those the encoder costs more than this loop.
    const loopEnd = line.length > SHORT_LINE ? 0 : line.length;
    let ascii = 0;
    for (; ascii < loopEnd; ascii++) {
      const unit = line.charCodeAt(ascii);
      if (unit > 0x7f) break;
      buffer[start + ascii] = unit;
    }
    let end = start + ascii;
    if (ascii < line.length) {
      const rest = buffer.subarray(end);
      end += encoder.encodeInto(line.slice(ascii), rest).written;
    }
    buffer[end++] = LINE_FEED;
    this.#size = end;
    return end - start;
  }

  reset(): void {
    this.droppedBefore = 0;
    this.#size = 0;
    if (this.#buffer.length > BATCH_BYTES) {
      this.#buffer = new Uint8Array(BATCH_BYTES);
    }
  }

  #reserve(size: number): void {
    if (this.#size + size <= this.#buffer.length) return;
    const larger = new Uint8Array(2 * this.#buffer.length + size);
    larger.set(this.bytes);
    this.#buffer = larger;
  }
}

/**
 * Writes lines in order without making {@linkcode Log.print} wait: at once after a quiet spell, gathered
 * under load. {@linkcode Log.ready} lets the caller keep to the output's pace. Lines are dropped only when
 * a write fails, or when none has completed for a second and 4 MiB are pending, and a line in their place
 * reports how many.
 */
export class Log {
  readonly #output: LogOutput;
  /** What waits to be written, in order. New lines go into the last. */
  readonly #batches: Batch[] = [];
  #current: Batch | undefined;
  #offset = 0;
  #spare: Batch | undefined;
  #pending = 0;
  /** How many lines were dropped after the last batch. */
  #dropped = 0;
  /** How many lines are missing before the first batch. */
  #missing = 0;
  /** How many of them the last report counts, if its write has failed. */
  #reported = 0;
  /** Whether a failed write has left the output in the middle of a line. */
  #cut = false;
  readonly #timer = new Timer();
  #writing: Promise<void> | undefined;
  #lastProgress = -Infinity;
  #drained: PromiseWithResolvers<void> | undefined;
  readonly #stallTimer = new Timer();

  /** Creates a log that writes to the output. */
  constructor(output: LogOutput) {
    this.#output = output;
  }

  /** Takes a line, without its line end. */
  print(line: string): void {
    if (this.#pending >= MAX_STALLED_BYTES && this.#isStalled()) {
      this.#dropped++;
      return;
    }
    if (this.#batches.length === 0 || this.#dropped > 0) this.#addBatch();
    this.#pending += this.#batches[this.#batches.length - 1].append(line);
    if (this.#writing === undefined && !this.#timer.isSet) this.#schedule();
  }

  /** `undefined` while there is room; else a promise that resolves once the output catches up or stalls. */
  get ready(): Promise<void> | undefined {
    if (this.#pending < HIGH_WATER_BYTES || this.#isStalled()) return undefined;
    if (this.#drained === undefined) {
      this.#drained = Promise.withResolvers();
      this.#watch();
      if (this.#writing === undefined) this.#start();
    }
    return this.#drained.promise;
  }

  /** Writes what is pending, for so many milliseconds at most. Returns how many lines are lost unreported. */
  async close(timeout: number): Promise<number> {
    try {
      await deadline(this.#flush(), Math.max(timeout, 0));
    } catch {
      // Time is up.
    }
    this.#timer.clear();
    this.#stallTimer.clear();
    let lost = this.#missing + this.#dropped;
    if (this.#current !== undefined) {
      lost += countLines(this.#current.bytes.subarray(this.#offset));
    }
    for (const { bytes, droppedBefore } of this.#batches) {
      lost += droppedBefore + countLines(bytes);
    }
    return lost;
  }

  async #flush(): Promise<void> {
    while (this.#writing !== undefined || this.#batches.length > 0) {
      if (this.#writing === undefined) this.#start();
      await this.#writing;
    }
    if (this.#missing > 0) await this.#reportMissing();
  }

  #addBatch(): void {
    const batch = this.#spare ?? new Batch();
    this.#spare = undefined;
    batch.droppedBefore = this.#dropped;
    this.#dropped = 0;
    this.#batches.push(batch);
  }

  #schedule(): void {
    const isBusy = performance.now() - this.#lastProgress < GATHER_MS;
    const isFull = this.#pending >= HIGH_WATER_BYTES;
    this.#timer.set(isBusy && !isFull ? GATHER_MS : 0, this.#start);
  }

  readonly #start = (): void => {
    this.#timer.clear();
    this.#lastProgress = performance.now();
    this.#writing = this.#writeBatches();
  };

  async #writeBatches(): Promise<void> {
    for (let left = this.#batches.length; left > 0; left--) {
      await this.#writeBatch();
    }
    if (this.#batches.length === 0 && this.#dropped > 0) {
      this.#missing += this.#dropped;
      this.#dropped = 0;
      await this.#reportMissing();
    }
    this.#writing = undefined;
    if (this.#batches.length > 0) this.#schedule();
  }

  async #writeBatch(): Promise<void> {
    this.#missing += this.#batches[0].droppedBefore;
    this.#batches[0].droppedBefore = 0;
    const isReported = this.#missing === 0 || await this.#reportMissing();
    const batch = this.#current = this.#batches.shift()!;
    const { bytes } = batch;
    this.#offset = 0;
    if (!isReported || !await this.#write(bytes)) {
      const rest = bytes.subarray(this.#offset);
      this.#missing += countLines(rest);
      this.#progress(rest.length);
    }
    this.#current = undefined;
    batch.reset();
    this.#spare = batch;
  }

  /** Reports what is missing. Returns whether nothing is left to report. */
  async #reportMissing(): Promise<boolean> {
    if (!await this.#recover()) return false;
    if (this.#missing === 0) return true;
    const start = this.#cut ? "\n" : "";
    const report = encoder.encode(`${start}${droppedLines(this.#missing)}\n`);
    this.#offset = 0;
    this.#pending += report.length;
    if (await this.#write(report)) {
      this.#missing = 0;
      return true;
    }
    this.#reported = this.#missing;
    this.#progress(report.length - this.#offset);
    return false;
  }

  /** Takes account of what came out late. Returns whether the output works. */
  async #recover(): Promise<boolean> {
    try {
      const lines = await this.#output.recover?.();
      if (lines !== undefined && lines.length > 0) {
        this.#missing -= this.#reported || countLines(lines);
        this.#cut = false;
      }
      this.#reported = 0;
      return true;
    } catch {
      return false;
    }
  }

  /** Writes lines. Returns whether all are written; {@linkcode #offset} says how many bytes are. */
  async #write(lines: Uint8Array): Promise<boolean> {
    while (this.#offset < lines.length) {
      let size: number;
      try {
        size = await this.#output.write(lines.subarray(this.#offset));
      } catch {
        return false;
      }
      if (size === 0) continue;
      this.#offset += size;
      this.#cut = lines[this.#offset - 1] !== LINE_FEED;
      this.#lastProgress = performance.now();
      this.#progress(size);
    }
    return true;
  }

  #progress(size: number): void {
    this.#pending -= size;
    if (this.#pending < HIGH_WATER_BYTES) this.#resolveDrained();
  }

  #isStalled(): boolean {
    return this.#writing !== undefined &&
      performance.now() - this.#lastProgress >= STALL_MS;
  }

  readonly #watch = (): void => {
    if (this.#isStalled()) {
      this.#resolveDrained();
    } else {
      const left = STALL_MS - (performance.now() - this.#lastProgress);
      this.#stallTimer.set(Math.max(left, 1), this.#watch);
    }
  };

  #resolveDrained(): void {
    this.#stallTimer.clear();
    this.#drained?.resolve();
    this.#drained = undefined;
  }
}
