/** Runs tcpcalc as a process: `main.ts`, or the compiled program that the environment variable `TCPCALC`
 * names; and servers and clients like it.
 * @module */

import { deadline } from "@std/async/deadline";
import { delay } from "@std/async/delay";
import config from "../../deno.json" with { type: "json" };
import { writeAll } from "../../io/stream.ts";

/** Longer than anything takes on the slowest machine. */
export const PATIENCE_MS = 30_000;

const HOSTNAME = "127.0.0.1";

/** The options that a task of `deno.json` gives to `deno`, except `--output` and `--quiet`. */
export function taskOptions(task: "serve" | "client" | "compile"): string[] {
  const [, options] = /^deno \w+ (.*) main\.ts/.exec(
    config.tasks[task].command,
  )!;
  return options.replace(/--output \S+ ?|--quiet /g, "").trim().split(" ");
}

/** The command that runs the program, without its arguments, with the options of the task `serve`. */
export function programCommand(): string[] {
  const compiled = Deno.env.get("TCPCALC");
  if (compiled) return [compiled];
  const main = new URL("../../main.ts", import.meta.url).href;
  return [Deno.execPath(), "run", "--quiet", ...taskOptions("serve"), main];
}

/** The command that runs a script with `sh`, in which `"$@"` is a command. */
export function shCommand(script: string, command: string[]): string[] {
  return ["sh", "-c", script, "sh", ...command];
}

/** The commands that run a server, with these operands, and a client of the servers on these ports. */
export interface Implementation {
  server(operands: string[]): string[];
  client(ports: number[]): string[];
}

/** The program. */
export const tcpcalc: Implementation = {
  server: (operands) => [...programCommand(), "serve", ...operands],
  client: (ports) => [
    ...programCommand(),
    "client",
    `--servers=${ports.map((port) => port - 9000)}`,
  ],
};

/** What a process printed, or the rest of it, and its exit status. */
export interface Finished {
  code: number;
  stdout: string;
  stderr: string;
}

/** The last line of a text, without its line end. */
export function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1)!;
}

/** Leaves out the ports of the clients that a server names. */
export function withoutPeerPorts(stdout: string): string {
  return stdout.replace(/(?<=\('127\.0\.0\.1', )\d+(?=\))/g, "<peer port>");
}

/** The text of a stream, read only when asked for. */
class TextReader {
  readonly #stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  #chunks: ReadableStreamDefaultReader<string> | undefined;
  #unread = "";

  constructor(stream: ReadableStream<Uint8Array<ArrayBuffer>>) {
    this.#stream = stream;
  }

  /** Waits for the text, and returns everything up to its end; at the end of the stream, the rest. */
  async until(text: string): Promise<string> {
    while (!this.#unread.includes(text) && await this.#read());
    const start = this.#unread.indexOf(text);
    return this.#take(start === -1 ? Infinity : start + text.length);
  }

  /** Waits for the end of the stream, and returns the rest. */
  async rest(): Promise<string> {
    while (await this.#read());
    return this.#take(Infinity);
  }

  /** Reads on. Returns whether there was more. */
  async #read(): Promise<boolean> {
    this.#chunks ??= this.#stream
      .pipeThrough(new TextDecoderStream("utf-8", { ignoreBOM: true }))
      .getReader();
    try {
      const { value, done } = await deadline(this.#chunks.read(), PATIENCE_MS);
      this.#unread += value ?? "";
      return !done;
    } catch (error) {
      const problem = `no more text after ${JSON.stringify(this.#unread)}`;
      throw new Error(problem, { cause: error });
    }
  }

  #take(end: number): string {
    const text = this.#unread.slice(0, end);
    this.#unread = this.#unread.slice(end);
    return text;
  }
}

/** A process to interact with while it runs. Disposing of it kills it if it still runs. */
export class Session implements AsyncDisposable {
  readonly child: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #stdout: TextReader;
  readonly #stderr: TextReader;
  #ended = false;

  /** Starts a command, without colors. */
  constructor([file, ...args]: string[]) {
    this.child = new Deno.Command(file, {
      args,
      env: { NO_COLOR: "1" },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#stdin = this.child.stdin.getWriter();
    this.#stdout = new TextReader(this.child.stdout);
    this.#stderr = new TextReader(this.child.stderr);
  }

  /** Writes to its standard input. */
  async type(text: string): Promise<void> {
    await this.#stdin.write(new TextEncoder().encode(text));
  }

  /** Waits for the text on its standard output, and returns everything up to its end. */
  until(text: string): Promise<string> {
    return this.#stdout.until(text);
  }

  /** Waits for the text on its standard error, and returns everything up to its end. */
  untilError(text: string): Promise<string> {
    return this.#stderr.until(text);
  }

  /** Ends its standard input, and resolves to the rest of what it printed once it has ended. */
  async end(): Promise<Finished> {
    // It may have ended already, and its standard input with it.
    await this.#stdin.close().catch(() => {});
    const streams = [this.#stdout, this.#stderr];
    const [stdout, stderr] = await Promise.all(streams.map((it) => it.rest()));
    const { code } = await deadline(this.child.status, PATIENCE_MS);
    this.#ended = true;
    return { code, stdout, stderr };
  }

  /** Sends a signal, unless it has ended by itself, and waits for the end. */
  async stop(signal: Deno.Signal = "SIGTERM"): Promise<Finished> {
    try {
      this.child.kill(signal);
    } catch {
      // It has.
    }
    return await this.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ended) await this.stop("SIGKILL");
  }
}

/** Starts a command to hold a session with. */
export function startSession(command: string[]): Session {
  return new Session(command);
}

/** Runs the program to its end, with this text as its standard input. */
export function run(args: string[], stdin = ""): Promise<Finished> {
  return runCommand([...programCommand(), ...args], stdin);
}

/** Runs any command to its end, with this text as its standard input. */
export async function runCommand(
  command: string[],
  stdin = "",
): Promise<Finished> {
  await using session = new Session(command);
  // It may end before it has read all.
  session.type(stdin).catch(() => {});
  return await session.end();
}

/** A server process, and the port that it listens on. */
export interface RunningServer extends Session {
  port: number;
}

/** Starts tcpcalc's server on a port that the system chooses, and resolves when it listens. */
export function startServer(
  options: { args?: string[]; operand?: string; command?: string[] } = {},
): Promise<RunningServer> {
  const { args = [], operand = "-9000", command = programCommand() } = options;
  return startListening([...command, "serve", operand, ...args]);
}

/** Starts a server on a free port, by its own command or one that is made of it. */
export async function start(
  implementation: Implementation,
  commandOf = (command: string[]) => command,
): Promise<RunningServer> {
  while (true) {
    try {
      const port = implementation === tcpcalc ? 0 : freePort();
      const command = implementation.server([String(port - 9000)]);
      return await startListening(commandOf(command));
    } catch (error) {
      // What a server's connections leave behind is in Python's way for a minute, and can't be seen from here.
      if (!String(error).includes("Address already in use")) throw error;
    }
  }
}

/** Starts any command that prints where it listens as the program does, and resolves when it has. */
export async function startListening(
  command: string[],
): Promise<RunningServer> {
  const session = new Session(command);
  const line = await session.until("\n");
  const [, port] = /^Server .+ on 127\.0\.0\.1:([1-9]\d*)\n$/.exec(line) ?? [];
  if (port !== undefined) return Object.assign(session, { port: Number(port) });
  throw new Error(`no server: ${line} ${(await session.end()).stderr}`);
}

/** Resolves when nobody listens on the port any more. */
export async function refusal(port: number): Promise<void> {
  const start = performance.now();
  for (; performance.now() - start < PATIENCE_MS; await delay(10)) {
    try {
      (await Deno.connect({ hostname: HOSTNAME, port })).close();
    } catch (error) {
      if (error instanceof Deno.errors.ConnectionRefused) return;
      // Otherwise it was in the backlog of a listener that closed, for which each system has its own words.
    }
  }
  throw new Error(`still listening on ${port}`);
}

let lastPort = 20_000 + Math.floor(Math.random() * 12_000);

/**
 * A free port, another each time, below those that the system gives out: while nobody listens on it, it
 * stays free, refuses connections, and is never the client's own.
 */
export function freePort(): number {
  while (true) {
    const port = ++lastPort;
    try {
      Deno.listen({ hostname: HOSTNAME, port }).close();
      return port;
    } catch {
      // It is taken.
    }
  }
}

/** A connection of the test to a server, or to a client that takes the test for one. */
export class Peer implements Disposable {
  readonly #conn: Deno.TcpConn;
  readonly #buffer = new Uint8Array(4096);

  constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  static async connect(port: number): Promise<Peer> {
    return new Peer(await Deno.connect({ hostname: HOSTNAME, port }));
  }

  /** This end, as Python prints it. */
  get name(): string {
    return `('${HOSTNAME}', ${this.#conn.localAddr.port})`;
  }

  async send(message: string | Uint8Array | number[]): Promise<void> {
    const bytes = typeof message === "string"
      ? new TextEncoder().encode(message)
      : Uint8Array.from(message);
    await deadline(writeAll(this.#conn, bytes), PATIENCE_MS);
  }

  /** What one read brings, as text; `null` at the end of the stream. */
  async receive(): Promise<string | null> {
    const size = await deadline(this.#conn.read(this.#buffer), PATIENCE_MS);
    if (size === null) return null;
    return new TextDecoder().decode(this.#buffer.subarray(0, size));
  }

  async closeWrite(): Promise<void> {
    await this.#conn.closeWrite();
  }

  [Symbol.dispose](): void {
    this.#conn.close();
  }
}

/** Does what the original client does: connects, sends, reads once, closes. */
export async function exchangeOnce(
  port: number,
  message: string | Uint8Array | number[],
): Promise<string> {
  using peer = await Peer.connect(port);
  await peer.send(message);
  return await peer.receive() ?? "";
}
