/** Runs the command that the arguments ask for.
 * @module */

import { deadline } from "@std/async/deadline";
import { askAll, type ClientOptions, interact } from "./client.ts";
import {
  type Command,
  HELP,
  parseCommandLine,
  UsageError,
} from "./command_line.ts";
import config from "./deno.json" with { type: "json" };
import { droppedLines, Log } from "./io/log.ts";
import {
  HOST,
  type Listener,
  type Network,
  portOf,
  tcp,
} from "./io/network.ts";
import { Printer } from "./io/printer.ts";
import { StandardOutput } from "./io/standard_output.ts";
import { type Input, type Output, writeAll } from "./io/stream.ts";
import { traced } from "./io/trace.ts";
import { parseInteger } from "./python/integer.ts";
import { osErrorCode, osErrorLine, osErrorText } from "./python/os_error.ts";
import { serve } from "./server.ts";

/** The log's deadline after a stop signal, in milliseconds: the 5 s promised, less some slack. */
const SHUTDOWN_MS = 4_500;

/** How long to wait for final output that nobody may be reading, in milliseconds. */
const LAST_WORDS_MS = 200;

/** How long to gather piped answers, in milliseconds: a write can cost more than an exchange. */
const GATHER_MS = 20;

// Ctrl-C reaches every process of the terminal's foreground group, and `deno task` forwards it once more:
// a SIGINT within this time of the first is the same key press.
const ECHO_MS = 250;

/** Standard output or standard error. */
export interface OutputStream extends Output {
  /** Whether it is a terminal. */
  isTerminal(): boolean;
}

/** All that the program shares with its process. */
export interface Environment {
  /** Standard input. */
  stdin: Input;
  /** Standard output. */
  stdout: OutputStream;
  /** Standard error. */
  stderr: OutputStream;
  /** The network. */
  network: Network;
  /** Draws a number from 0 up to but not including 1, as `Math.random` does. */
  random: () => number;
  /** Stops the program. Its reason is the exit status of a process that the same signal kills, such as 130. */
  signal: AbortSignal;
}

async function printLine(output: Output, line: string): Promise<void> {
  await writeAll(output, new TextEncoder().encode(`${line}\n`));
}

/** The port that `serve` is to listen on, or what is wrong with its operand, in the Python server's words. */
function parsePort(
  operands: string[],
): { port: number } | { problem: string; output: "stdout" | "stderr" } {
  if (operands.length !== 1) {
    const problem =
      "Usage: tcpcalc serve <server number>. For further information check readme file";
    return { problem, output: "stdout" };
  }
  const server = parseInteger(operands[0]);
  if (server === undefined) {
    const problem = "Invalid argument. Please provide an integer.";
    return { problem, output: "stdout" };
  }
  const port = portOf(server);
  if (port === undefined) {
    const problem = "OverflowError: bind(): port must be 0-65535.";
    return { problem, output: "stderr" };
  }
  return { port };
}

async function runServer(
  { operands, idleTimeout, quiet, trace }: Command & { name: "serve" },
  { stdout, stderr, network, signal }: Environment,
): Promise<number> {
  const parsed = parsePort(operands);
  if ("problem" in parsed) {
    await printLine(
      parsed.output === "stdout" ? stdout : stderr,
      parsed.problem,
    );
    return 1;
  }
  const { port } = parsed;
  const log = new Log(new StandardOutput(stdout));
  const errors = new Log(stderr);
  const warn = (line: string) => errors.print(line);
  let listener: Listener;
  try {
    listener = (trace ? traced(network, warn) : network).listen(port);
  } catch (error) {
    warn(osErrorLine(error));
    if (stderr.isTerminal() && osErrorCode(error) === "EADDRINUSE") {
      warn(
        `Hint: another program is listening on port ${port}, perhaps a server started earlier; stop it, or choose another number`,
      );
    }
    await errors.close(LAST_WORDS_MS);
    return 1;
  }
  log.print(`Server is listening on ${HOST}:${listener.addr.port}`);
  let stoppedAt = performance.now();
  signal.addEventListener("abort", () => stoppedAt = performance.now());
  await serve(listener, {
    idleTimeout,
    log: quiet ? undefined : log,
    warn,
    signal,
  });
  const lost = await log.close(stoppedAt + SHUTDOWN_MS - performance.now());
  if (lost > 0) warn(droppedLines(lost));
  await errors.close(LAST_WORDS_MS);
  return 0;
}

async function askServers(
  { numbers, trace, ...command }: Command & { name: "client" },
  environment: Environment,
  stdout: Printer,
): Promise<number> {
  const { stdin, network, random } = environment;
  const stderr = new Printer(environment.stderr);
  const options: ClientOptions = {
    ...command,
    hints: environment.stderr.isTerminal(),
    network: trace
      ? traced(network, (line) => stderr.print(`${line}\n`))
      : network,
    random,
    stdout,
    stderr,
  };
  try {
    let allAnswered = true;
    if (numbers.length > 0) allAnswered = await askAll(numbers, options);
    else await interact(stdin, options);
    await stdout.flush();
    return allAnswered ? 0 : 1;
  } catch (error) {
    // A reader that has gone away, such as `head`, has what it wanted.
    if (!(error instanceof Deno.errors.BrokenPipe)) {
      stderr.print(`tcpcalc: ${osErrorText(error)}\n`);
    }
    return 1;
  } finally {
    await stderr.flush().catch(() => {});
  }
}

async function runClient(
  command: Command & { name: "client" },
  environment: Environment,
): Promise<number> {
  const { signal } = environment;
  const isTerminal = environment.stdout.isTerminal();
  // On a terminal and beside a trace, answers should appear as they come.
  const gather = isTerminal || command.trace ? 0 : GATHER_MS;
  const stdout = new Printer(environment.stdout, gather);
  const stopped = Promise.withResolvers<number>();
  signal.addEventListener("abort", async () => {
    // The shell's prompt belongs on a line of its own.
    const prompts = command.numbers.length === 0 && !command.quiet;
    if (prompts && isTerminal) stdout.print("\n");
    await deadline(stdout.flush(), LAST_WORDS_MS).catch(() => {});
    stopped.resolve(signal.reason);
  });
  return await Promise.race([
    askServers(command, environment, stdout),
    stopped.promise,
  ]);
}

/** Runs the program, given its arguments without its name. Returns the exit status. */
export async function main(
  args: string[],
  environment: Environment,
): Promise<number> {
  const { stdout, stderr } = environment;
  try {
    const command = parseCommandLine(args);
    switch (command.name) {
      case "help":
        await printLine(stdout, HELP);
        return 0;
      case "version":
        await printLine(stdout, `tcpcalc ${config.version}`);
        return 0;
      case "none":
        await printLine(stderr, HELP);
        return 2;
      case "serve":
        return await runServer(command, environment);
      case "client":
        return await runClient(command, environment);
    }
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) return 1;
    // A stack trace would help nobody.
    await printLine(stderr, `tcpcalc: ${osErrorText(error)}`).catch(() => {});
    return error instanceof UsageError ? 2 : 1;
  }
}

/**
 * Listens for the signals that stop the program. The first aborts the result, whose reason is the exit
 * status of a process killed by that signal; the second exits.
 */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  const onTerminal = [Deno.stdin, Deno.stdout, Deno.stderr]
    .some((stream) => stream.isTerminal());
  let stoppedAt = -Infinity;
  function listen(name: Deno.Signal, status: number): void {
    Deno.addSignalListener(name, () => {
      const elapsed = performance.now() - stoppedAt;
      if (!controller.signal.aborted) {
        stoppedAt = performance.now();
        controller.abort(status);
      } else if (!onTerminal || name !== "SIGINT" || elapsed >= ECHO_MS) {
        Deno.exit(status);
      }
    });
  }
  listen("SIGINT", 130);
  listen("SIGHUP", 129);
  if (Deno.build.os !== "windows") {
    listen("SIGTERM", 143);
    // Makes a write past `ulimit -f` fail, as on a full disk, instead of killing the process.
    Deno.addSignalListener("SIGXFSZ", () => {});
  }
  return controller.signal;
}

if (import.meta.main) {
  const status = await main(Deno.args, {
    stdin: Deno.stdin,
    stdout: Deno.stdout,
    stderr: Deno.stderr,
    network: tcp,
    random: Math.random,
    signal: stopSignal(),
  });
  Deno.exit(status);
}
