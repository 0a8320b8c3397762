/** The program in memory: what `main` shares with its process, in the hands of a test.
 * @module */

import type { Input } from "../../io/stream.ts";
import { main, type OutputStream } from "../../main.ts";
import { MemoryNetwork } from "./network.ts";

const encoder = new TextEncoder();

/** An input that the test writes to. */
export class MemoryInput implements Input {
  readonly #chunks: Uint8Array[] = [];
  #isEnded = false;
  #wake = () => {};

  /** Adds text or bytes. What is added at once is read at once, as far as the reader has room. */
  push(chunk: string | Uint8Array): void {
    this.#chunks.push(
      typeof chunk === "string" ? encoder.encode(chunk) : chunk,
    );
    this.#wake();
  }

  /** Ends the input. */
  end(): void {
    this.#isEnded = true;
    this.#wake();
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    while (this.#chunks.length === 0) {
      if (this.#isEnded) return null;
      await new Promise<void>((resolve) => this.#wake = resolve);
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
  #changed = Promise.withResolvers<void>();
  #isEnded = false;

  /** Creates an output, a terminal if so wanted. */
  constructor({ isTerminal = false } = {}) {
    this.#isTerminal = isTerminal;
  }

  /** Everything written so far. */
  get text(): string {
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

  /** Takes the write that {@linkcode MemoryOutput.pause} holds up, and holds up the next. */
  takeOne(): void {
    this.resume();
    this.pause();
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
    this.#notify();
    return taken.length;
  }

  /**
   * Waits for a text, and returns everything from the end of the last one waited for to the end of this
   * one. Rejects if the program ends first.
   */
  async until(text: string): Promise<string> {
    let start: number;
    while ((start = this.#text.indexOf(text, this.#returned)) === -1) {
      if (this.#isEnded) {
        const rest = JSON.stringify(this.#text.slice(this.#returned));
        throw new Error(`${JSON.stringify(text)} did not come, but ${rest}`);
      }
      await this.#changed.promise;
    }
    const from = this.#returned;
    this.#returned = start + text.length;
    return this.#text.slice(from, this.#returned);
  }

  /** Declares that nothing more will be written. */
  end(): void {
    this.#isEnded = true;
    this.#notify();
  }

  #notify(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

/** What the program runs with. All of it can be left out. */
export interface RunOptions {
  /** Standard input: its whole text, or one that the test goes on writing to. */
  stdin?: string | Uint8Array | MemoryInput;
  /** Standard output. */
  stdout?: MemoryOutput;
  /** Standard error. */
  stderr?: MemoryOutput;
  /** The network. */
  network?: MemoryNetwork;
  /** Draws a number from 0 up to but not including 1. Always 0 if left out. */
  random?: () => number;
}

/** The running program. */
export interface RunningProgram extends AsyncDisposable {
  /** Standard input. */
  readonly stdin: MemoryInput;
  /** Standard output. */
  readonly stdout: MemoryOutput;
  /** Standard error. */
  readonly stderr: MemoryOutput;
  /** The network. */
  readonly network: MemoryNetwork;
  /** Resolves to the exit status. */
  readonly status: Promise<number>;
  /** Stops the program as a signal with this exit status does. */
  stop(reason?: number): Promise<Finished>;
  /** Waits for the program to end. */
  finished(): Promise<Finished>;
}

/** What the program printed, and how it ended. */
export interface Finished {
  /** The exit status. */
  code: number;
  /** All of standard output. */
  stdout: string;
  /** All of standard error. */
  stderr: string;
}

function inputOf(stdin: string | Uint8Array | MemoryInput): MemoryInput {
  if (stdin instanceof MemoryInput) return stdin;
  const input = new MemoryInput();
  if (stdin.length > 0) input.push(stdin);
  input.end();
  return input;
}

/** Starts the program. Disposing of it stops it. */
export function start(
  args: string[],
  {
    stdin = "",
    stdout = new MemoryOutput(),
    stderr = new MemoryOutput(),
    network = new MemoryNetwork(),
    random = () => 0,
  }: RunOptions = {},
): RunningProgram {
  const input = inputOf(stdin);
  const controller = new AbortController();
  const status = main(args, {
    stdin: input,
    stdout,
    stderr,
    network,
    random,
    signal: controller.signal,
  }).finally(() => {
    stdout.end();
    stderr.end();
  });

  async function finished(): Promise<Finished> {
    return { code: await status, stdout: stdout.text, stderr: stderr.text };
  }

  async function stop(reason = 143): Promise<Finished> {
    controller.abort(reason);
    return await finished();
  }

  return {
    stdin: input,
    stdout,
    stderr,
    network,
    status,
    stop,
    finished,
    async [Symbol.asyncDispose]() {
      await stop();
    },
  };
}

/** Runs the program to its end. */
export async function run(
  args: string[],
  options?: RunOptions,
): Promise<Finished> {
  return await start(args, options).finished();
}
