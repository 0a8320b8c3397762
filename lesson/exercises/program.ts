/** Runs a student's program, and ends it with all that it has started.
 * @module */

import { Incoming, News, pause } from "./incoming.ts";

/** How long a program may take for anything, in milliseconds. */
export const PATIENCE_MS = 3_000;

/** What is printed, or what ends, because of something else comes this soon after it, in milliseconds. */
const SOON_MS = 500;

/** How many of the lines that it printed are shown. */
const SHOWN_LINES = 15;

const WINDOWS = Deno.build.os === "windows";

/** Python prints at once and in UTF-8, as on a terminal; and Deno says no more of an error than is told here. */
const ENVIRONMENT = {
  NO_COLOR: "1",
  PYTHONUNBUFFERED: "1",
  PYTHONUTF8: "1",
  RUST_BACKTRACE: "0",
};

/** What a program still lacks, as a sentence for its author. */
export class Unsolved extends Error {}

/** How to start a program. */
export interface Launch {
  /** The command. */
  command: string[];
  /** The folder to run it in. */
  cwd?: string;
  /** How long it may take to start, in milliseconds: a compiler may come first. */
  startMs: number;
}

/** A program that runs. */
export class Program implements AsyncDisposable {
  static readonly #running = new Set<Program>();

  /** Tells of all that the program does. */
  readonly news = new News();
  /** What it has printed to its standard output. */
  readonly stdout = new Incoming(this.news);
  /** How it has ended, if it has. */
  status: Deno.CommandStatus | undefined;
  readonly #stderr = new Incoming(this.news);
  readonly #child: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #reading = new AbortController();
  #printed = "";
  #slowestMs = 20;

  /** Starts a command with these arguments behind it. Throws `Unsolved` if that can't be. */
  constructor({ command: [file, ...first], cwd }: Launch, ...args: string[]) {
    try {
      this.#child = new Deno.Command(file, {
        args: [...first, ...args],
        cwd,
        env: ENVIRONMENT,
        // A process group of its own, to be ended as a whole.
        detached: !WINDOWS,
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
    } catch (error) {
      throw new Unsolved(`It can't be started. ${(error as Error).message}.`);
    }
    this.#stdin = this.#child.stdin.getWriter();
    this.#collect(this.#child.stdout, this.stdout);
    this.#collect(this.#child.stderr, this.#stderr);
    this.#child.status.then((status) => {
      this.status = status;
      this.news.tell();
    });
    Program.#running.add(this);
  }

  /** Ends all that run. */
  static endAll(): void {
    for (const program of Program.#running) program.#kill();
  }

  /** Has it stand still, or go on. Windows knows no such thing. */
  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    if (!WINDOWS) Deno.kill(this.#child.pid, signal);
  }

  /** Types a line. */
  type(line: string): void {
    // Whether anybody is there to read it shows soon.
    this.#stdin.write(new TextEncoder().encode(`${line}\n`)).catch(() => {});
  }

  /** Waits until what it has printed is like this. Returns whether it is. */
  async prints(pattern: RegExp, ms = PATIENCE_MS): Promise<boolean> {
    const isPrinted = () => pattern.test(this.stdout.text);
    await this.news.until(() => isPrinted() || this.stdout.end !== "", ms);
    return isPrinted();
  }

  /** Waits for what it should do at once. Returns whether it has. */
  async does(isDone: () => boolean): Promise<boolean> {
    const start = performance.now();
    const done = await this.news.until(isDone, PATIENCE_MS);
    this.#slowestMs = Math.max(this.#slowestMs, performance.now() - start);
    return done;
  }

  /** Gives it the time to notice what has been sent: twice as much as it has taken for anything else. */
  async notices(): Promise<void> {
    await pause(2 * this.#slowestMs);
  }

  /** Adds to a sentence how the program has ended, if it has, and the last lines that it printed. */
  async unsolved(sentence: string): Promise<Unsolved> {
    // What goes wrong on a connection often ends the program a moment later.
    await this.news.until(() => this.status !== undefined, SOON_MS);
    const lines = [sentence];
    if (this.stdout.endless || this.#stderr.endless) {
      lines.push("It prints without end.");
    } else if (this.status !== undefined) {
      const pipes = [this.stdout, this.#stderr];
      await this.news.until(() => pipes.every((it) => it.end !== ""), SOON_MS);
      const { code, signal } = this.status;
      const how = signal === null ? `exit status ${code}` : `signal ${signal}`;
      lines.push(`It has ended, with ${how}.`);
    }
    const printed = this.#printed.replaceAll("\r\n", "\n").trimEnd();
    if (printed !== "") {
      lines.push("The last lines that it printed:", ...lastLines(printed));
    } else if (this.status !== undefined) {
      lines.push("It has printed nothing.");
    } else {
      lines.push(
        "It has printed nothing, or its output waits in a buffer: see lesson/exercises/README.md.",
      );
    }
    return new Unsolved(lines.join("\n"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#kill();
    await this.#child.status;
    // A process that has left the group may hold the pipes open.
    this.#reading.abort();
    await this.#stdin.close().catch(() => {});
    Program.#running.delete(this);
  }

  #collect(pipe: ReadableStream<Uint8Array>, incoming: Incoming): void {
    const decoder = new TextDecoder();
    const write = (chunk: Uint8Array) => {
      const text = decoder.decode(chunk, { stream: true });
      this.#printed = (this.#printed + text).slice(-8_000);
      incoming.add(chunk);
      if (incoming.endless) throw new Error("nobody reads on");
    };
    const { signal } = this.#reading;
    pipe.pipeTo(new WritableStream({ write }), { signal })
      .catch(() => {}).finally(() => incoming.close("closed"));
  }

  /** SIGKILL, as it may ignore the others, and to the whole group, which may outlive it. */
  #kill(): void {
    const { pid } = this.#child;
    try {
      if (!WINDOWS) return Deno.kill(-pid, "SIGKILL");
      const args = ["/F", "/T", "/PID", String(pid)];
      new Deno.Command("taskkill", { args }).outputSync();
      this.#child.kill("SIGKILL");
    } catch (error) {
      // Otherwise all have ended.
      if (error instanceof Deno.errors.NotCapable) throw error;
    }
  }
}

/** The last lines of a text, indented, without what would drive a terminal. */
function lastLines(text: string): string[] {
  return text.replace(/[^\P{Cc}\n\t]/gu, "\ufffd").split("\n")
    .slice(-SHOWN_LINES)
    .map((line) => `    ${line.slice(0, 120)}${line.length > 120 ? "…" : ""}`);
}
