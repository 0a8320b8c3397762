/**
 * Runs tcpcalc as a process: `main.ts`, or the compiled program that the environment variable
 * `TCPCALC` names.
 *
 * @module
 */

import { deadline } from "@std/async/deadline";
import { TextLineStream } from "@std/streams/text-line-stream";

/** Longer than anything takes on the slowest machine: what is not there by then never comes. */
const PATIENCE_MS = 30_000;

/** The command that runs the program, without its arguments. */
export function programCommand(): string[] {
  const compiled = Deno.env.get("TCPCALC");
  if (compiled) return [compiled];
  return [
    Deno.execPath(),
    "run",
    "--quiet",
    "--no-prompt",
    "--allow-net=127.0.0.1",
    new URL("../main.ts", import.meta.url).pathname,
  ];
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
  const [file, ...first] = programCommand();
  const child = new Deno.Command(file, {
    args: [...first, ...args],
    env: { NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const output = child.output();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(stdin));
  await writer.close();
  const { code, stdout, stderr } = await deadline(output, PATIENCE_MS);
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  return {
    code,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
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
  /** Sends the signal, and resolves, when it has ended, to the rest of what it printed. */
  stop(signal?: Deno.Signal): Promise<Finished>;
}

/** Starts a server on a free port, and resolves when it listens. */
export async function startServer(
  options: { args?: string[]; operand?: string; command?: string[] } = {},
): Promise<RunningServer> {
  const { args = [], operand = "-9000", command = programCommand() } = options;
  const [file, ...first] = command;
  const child = new Deno.Command(file, {
    args: [...first, "serve", operand, ...args],
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const splitter: TransformStream<string, string> = new TextLineStream();
  const lines = child.stdout
    .pipeThrough(new TextDecoderStream("utf-8", { ignoreBOM: true }))
    .pipeThrough(splitter)
    .getReader();
  const stderr = new Response(child.stderr).text();
  let ended = false;

  async function nextLine(): Promise<string | undefined> {
    return (await deadline(lines.read(), PATIENCE_MS)).value;
  }

  async function stop(signal: Deno.Signal = "SIGTERM"): Promise<Finished> {
    child.kill(signal);
    let stdout = "";
    for (let line; (line = await nextLine()) !== undefined;) {
      stdout += line + "\n";
    }
    const { code } = await deadline(child.status, PATIENCE_MS);
    ended = true;
    return { code, stdout, stderr: await stderr };
  }

  const listening = await nextLine();
  const port = Number(
    /^Server is listening on 127\.0\.0\.1:(\d+)$/.exec(listening ?? "")?.[1],
  );
  if (!port) throw new Error(`no server: ${listening} ${await stderr}`);
  return {
    port,
    child,
    nextLine,
    stop,
    async [Symbol.asyncDispose]() {
      if (!ended) await stop("SIGKILL");
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
  for (let sent = 0; sent < bytes.length;) {
    sent += await conn.write(bytes.subarray(sent));
  }
  const buffer = new Uint8Array(4096);
  const size = await deadline(conn.read(buffer), PATIENCE_MS);
  return new TextDecoder().decode(buffer.subarray(0, size ?? 0));
}
