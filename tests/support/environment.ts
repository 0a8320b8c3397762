/** The program in memory: what `main` shares with its process, in the hands of a test.
 * @module */

import type { Input } from "../../io/stream.ts";
import { main, type OutputStream } from "../../main.ts";
import { Changes, MemoryNetwork } from "./network.ts";
import type { Finished } from "./program.ts";

const encoder = new TextEncoder();

/** An input that the test writes to. */
export class MemoryInput implements Input {
  readonly #chunks: Uint8Array[] = [];
  #isEnded = false;
  readonly #changes = new Changes();

  /** Adds text or bytes. What is added at once is read at once, as far as the reader has room. */
  push(chunk: string | Uint8Array): void {
    const isText = typeof chunk === "string";
    this.#chunks.push(isText ? encoder.encode(chunk) : chunk);
    this.#changes.notify();
  }

  /** Ends the input. */
  end(): void {
    this.#isEnded = true;
    this.#changes.notify();
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    while (this.#chunks.length === 0) {
      if (this.#isEnded) return null;
      await this.#changes.next();
    }
    const chunk = this.#chunks[0];
    const size = Math.min(chunk.length, buffer.length);
    buffer.set(chunk.subarray(0, size));
    if (size === chunk.length) this.#chunks.shift();
    else this.#chunks[0] = chunk.subarray(size);
    return size;
  }
}

/** An output that keeps what is written to it. It takes everything unless told otherwise. */
export class MemoryOutput implements OutputStream {
  /** How many bytes each write took. */
  readonly writes: number[] = [];
  readonly #isTerminal: boolean;
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  #text = "";
  /** How much of the text {@linkcode MemoryOutput.until} has returned. */
  #returned = 0;
  #room = Infinity;
  #error: Error | undefined;
  #resumed: PromiseWithResolvers<void> | undefined;
  readonly #changes = new Changes();
  #isEnded = false;

  /** Creates an output, a terminal if so wanted. */
  constructor({ isTerminal = false } = {}) {
    this.#isTerminal = isTerminal;
  }

  /** Everything written so far. */
  get text() {
    return this.#text;
  }

  isTerminal(): boolean {
    return this.#isTerminal;
  }

  /** Makes all writes fail, including the one in flight, once this many more bytes are taken. */
  fail(error: Error, room = 0): void {
    this.resume();
    this.#error = error;
    this.#room = room;
  }

  /** Makes writes neither succeed nor fail. */
  pause(): void {
    this.#resumed ??= Promise.withResolvers();
  }

  /** Undoes {@linkcode MemoryOutput.fail} or {@linkcode MemoryOutput.pause}. */
  resume(): void {
    this.#error = undefined;
    this.#room = Infinity;
    this.#resumed?.resolve();
    this.#resumed = undefined;
  }

  async write(bytes: Uint8Array): Promise<number> {
    await this.#resumed?.promise;
    const taken = bytes.subarray(0, this.#room);
    if (taken.length < Math.min(bytes.length, 1) && this.#error !== undefined) {
      throw this.#error;
    }
    this.#room -= taken.length;
    this.writes.push(taken.length);
    this.#text += this.#decoder.decode(taken, { stream: true });
    this.#changes.notify();
    return taken.length;
  }

  /** Waits for a text, and returns all from the end of the last one. Rejects if the program ends first. */
  async until(text: string): Promise<string> {
    let start: number;
    while ((start = this.#text.indexOf(text, this.#returned)) === -1) {
      if (this.#isEnded) {
        const rest = JSON.stringify(this.#text.slice(this.#returned));
        throw new Error(`${JSON.stringify(text)} did not come, but ${rest}`);
      }
      await this.#changes.next();
    }
    const from = this.#returned;
    this.#returned = start + text.length;
    return this.#text.slice(from, this.#returned);
  }

  /** Declares that nothing more will be written. */
  end(): void {
    this.#isEnded = true;
    this.#changes.notify();
  }
}

/** What the program runs with. All of it can be left out; numbers are then drawn as 0. */
export interface RunOptions {
  /** Standard input: its whole text, or one that the test goes on writing to. */
  stdin?: string | Uint8Array | MemoryInput;
  stdout?: MemoryOutput;
  stderr?: MemoryOutput;
  network?: MemoryNetwork;
  random?: () => number;
  noColor?: boolean;
}

function inputOf(stdin: string | Uint8Array | MemoryInput): MemoryInput {
  if (stdin instanceof MemoryInput) return stdin;
  const input = new MemoryInput();
  if (stdin.length > 0) input.push(stdin);
  input.end();
  return input;
}

/** The running program. Disposing of it stops it. */
export class RunningProgram implements AsyncDisposable {
  readonly stdin;
  readonly stdout;
  readonly stderr;
  readonly network;
  readonly noColor;
  /** Resolves to the exit status. */
  readonly status;
  readonly #controller = new AbortController();

  constructor(args: string[], options: RunOptions) {
    this.stdin = inputOf(options.stdin ?? "");
    this.stdout = options.stdout ?? new MemoryOutput();
    this.stderr = options.stderr ?? new MemoryOutput();
    this.network = options.network ?? new MemoryNetwork();
    this.noColor = options.noColor ?? true;
    const { random = () => 0 } = options;
    const { signal } = this.#controller;
    this.status = main(args, { ...this, random, signal }).finally(() => {
      this.stdout.end();
      this.stderr.end();
    });
  }

  /** Waits for the program to end. */
  async finished(): Promise<Finished> {
    const code = await this.status;
    return { code, stdout: this.stdout.text, stderr: this.stderr.text };
  }

  /** Stops the program as a signal with this exit status does. */
  stop(reason = 143): Promise<Finished> {
    this.#controller.abort(reason);
    return this.finished();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** Starts the program. */
export function start(args: string[], options: RunOptions = {}) {
  return new RunningProgram(args, options);
}

/** Runs the program to its end. */
export function run(args: string[], options?: RunOptions): Promise<Finished> {
  return start(args, options).finished();
}
