/**
 * Runs tcpcalc as a process: `main.ts`, or the compiled program that the environment variable
 * `TCPCALC` names.
 *
 * @module
 */

import { deadline } from "@std/async/deadline";
import { delay } from "@std/async/delay";
import config from "../../deno.json" with { type: "json" };
import { writeAll } from "../../io/stream.ts";

/** Longer than anything takes on the slowest machine: what is not there by then never comes. */
export const PATIENCE_MS = 30_000;

/** The options that a task of `deno.json` gives to `deno`, but for where `deno compile` writes to. */
export function taskOptions(task: "serve" | "client" | "compile"): string[] {
  const [, options] = /^deno \w+ (.*) main\.ts/.exec(config.tasks[task])!;
  return options.replace(/ --output \S+/, "").split(" ");
}

/** The command that runs the program, without its arguments, with the options of the task `serve`. */
export function programCommand(): string[] {
  const compiled = Deno.env.get("TCPCALC");
  if (compiled) return [compiled];
  return [
    Deno.execPath(),
    "run",
    "--quiet",
    ...taskOptions("serve"),
    new URL("../../main.ts", import.meta.url).href,
  ];
}

/** Starts a command, its output piped and without colors. */
function spawn(
  [file, ...args]: string[],
  stdin: "null" | "piped",
): Deno.ChildProcess {
  return new Deno.Command(file, {
    args,
    env: { NO_COLOR: "1" },
    stdin,
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** What a process printed, and how it ended. */
export interface Finished {
  /** Its exit status. */
  code: number;
  /** All of its standard output. */
  stdout: string;
  /** All of its standard error. */
  stderr: string;
}

/** Runs the program to its end, with this text as its standard input. */
export async function run(args: string[], stdin = ""): Promise<Finished> {
  return await runCommand([...programCommand(), ...args], stdin);
}

/** Runs any command to its end, with this text as its standard input. */
export async function runCommand(
  command: string[],
  stdin = "",
): Promise<Finished> {
  const child = spawn(command, "piped");
  const output = child.output();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(stdin));
  await writer.close();
  const { code, stdout, stderr } = await deadline(output, PATIENCE_MS)
    .catch((error: unknown) => {
      // Left alone, it could keep the other end of its sockets waiting, too.
      child.kill("SIGKILL");
      throw error;
    });
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  return {
    code,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
  };
}

/** The standard output of a process, read as it comes. */
interface ProcessOutput {
  /** Waits for the text, and returns all up to its end; at the end of the output, what is left. */
  until(text: string): Promise<string>;
  /** Waits for the process to end. Of its standard output it returns what is left. */
  finished(): Promise<Finished>;
}

function outputOf(child: Deno.ChildProcess): ProcessOutput {
  const stderr = new Response(child.stderr).text();
  const chunks = child.stdout
    .pipeThrough(new TextDecoderStream("utf-8", { ignoreBOM: true }))
    .getReader();
  let unread = "";

  /** Reads on. Returns whether there was more. */
  async function read(): Promise<boolean> {
    try {
      const { value, done } = await deadline(chunks.read(), PATIENCE_MS);
      unread += value ?? "";
      return !done;
    } catch (error) {
      throw new Error(`no more output after ${JSON.stringify(unread)}`, {
        cause: error,
      });
    }
  }

  function take(end: number): string {
    const text = unread.slice(0, end);
    unread = unread.slice(end);
    return text;
  }

  return {
    async until(text) {
      while (!unread.includes(text)) {
        if (!await read()) return take(unread.length);
      }
      return take(unread.indexOf(text) + text.length);
    },
    async finished() {
      while (await read());
      const { code } = await deadline(child.status, PATIENCE_MS);
      return { code, stdout: take(unread.length), stderr: await stderr };
    },
  };
}

/** A server process that listens. Disposing of it kills it, if it still runs. */
export interface RunningServer extends AsyncDisposable {
  /** The port that it listens on, which the system chose. */
  port: number;
  /** Its process. */
  child: Deno.ChildProcess;
  /** Waits for the next line of its standard output; `undefined` at the end. */
  nextLine(): Promise<string | undefined>;
  /** Resolves, when it has ended, to the rest of what it printed. */
  end(): Promise<Finished>;
  /** Sends the signal, and waits for the end. */
  stop(signal?: Deno.Signal): Promise<Finished>;
}

/** Starts a server on a free port, and resolves when it listens. */
export function startServer(
  options: { args?: string[]; operand?: string; command?: string[] } = {},
): Promise<RunningServer> {
  const { args = [], operand = "-9000", command = programCommand() } = options;
  return startListening([...command, "serve", operand, ...args]);
}

/** Starts any command that says where it listens as the program does, and resolves when it has. */
export async function startListening(
  command: string[],
): Promise<RunningServer> {
  const child = spawn(command, "null");
  const output = outputOf(child);
  let ended = false;

  async function nextLine(): Promise<string | undefined> {
    const line = await output.until("\n");
    return line === "" ? undefined : line.replace(/\n$/, "");
  }

  async function end(): Promise<Finished> {
    const finished = await output.finished();
    ended = true;
    return finished;
  }

  async function stop(signal: Deno.Signal = "SIGTERM"): Promise<Finished> {
    child.kill(signal);
    return await end();
  }

  const listening = await nextLine();
  const port = Number(
    /^Server is listening on 127\.0\.0\.1:(\d+)$/.exec(listening ?? "")?.[1],
  );
  if (!port) {
    throw new Error(
      `no server: ${listening} ${(await output.finished()).stderr}`,
    );
  }
  return {
    port,
    child,
    nextLine,
    end,
    stop,
    async [Symbol.asyncDispose]() {
      if (!ended) await stop("SIGKILL");
    },
  };
}

/** Resolves when nobody listens on the port any more. */
export async function refusal(port: number): Promise<void> {
  for (const start = performance.now();;) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    } catch (error) {
      if (error instanceof Deno.errors.ConnectionRefused) return;
      // Otherwise it was in the queue when the listener was closed, of which each system has its words.
    }
    if (performance.now() - start > PATIENCE_MS) {
      throw new Error(`still listening on ${port}`);
    }
    await delay(10);
  }
}

/** A port that nobody listens on, nor can as long as it is not disposed of. */
export interface ClosedPort extends Disposable {
  /** The port. */
  port: number;
}

/** Takes a free port such that whoever connects to it is refused. */
export async function closedPort(): Promise<ClosedPort> {
  const hostname = "127.0.0.1";
  const listener = Deno.listen({ hostname, port: 0 });
  // The port of a connection's own end is taken, and yet no listener has it.
  const conn = await Deno.connect({ hostname, port: listener.addr.port });
  return {
    port: conn.localAddr.port,
    [Symbol.dispose]() {
      conn.close();
      listener.close();
    },
  };
}

/** A process that is typed to while it runs. Disposing of it kills it, if it still runs. */
export interface Session extends AsyncDisposable {
  /** Its process. */
  child: Deno.ChildProcess;
  /** Waits for the text on its standard output, and returns all that came up to its end. */
  until(text: string): Promise<string>;
  /** Writes to its standard input. */
  type(text: string): Promise<void>;
  /** Ends its standard input, and resolves, when it has ended, to the rest of what it printed. */
  end(): Promise<Finished>;
}

/** Starts a command with which to hold a session. */
export function startSession(command: string[]): Session {
  const child = spawn(command, "piped");
  const output = outputOf(child);
  const input = child.stdin.getWriter();
  let ended = false;

  async function end(): Promise<Finished> {
    // It may have ended by itself, and its standard input with it.
    await input.close().catch(() => {});
    const finished = await output.finished();
    ended = true;
    return finished;
  }

  return {
    child,
    until: output.until,
    async type(text) {
      await input.write(new TextEncoder().encode(text));
    },
    end,
    async [Symbol.asyncDispose]() {
      if (ended) return;
      child.kill("SIGKILL");
      await end();
    },
  };
}

/** What the original kind of client does: connects, sends, reads once, closes. */
export async function exchangeOnce(
  port: number,
  message: string | Uint8Array<ArrayBuffer>,
): Promise<string> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const bytes = typeof message === "string"
    ? new TextEncoder().encode(message)
    : message;
  await writeAll(conn, bytes);
  const buffer = new Uint8Array(4096);
  const size = await deadline(conn.read(buffer), PATIENCE_MS);
  return new TextDecoder().decode(buffer.subarray(0, size ?? 0));
}
