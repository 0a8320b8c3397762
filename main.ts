/** Runs the command that the arguments ask for.
 * @module */

import { askAll, interact } from "./client.ts";
import {
  type Command,
  HELP,
  parseCommandLine,
  UsageError,
} from "./command_line.ts";
import config from "./deno.json" with { type: "json" };
import {
  FIRST_PORT,
  HOST,
  type Listener,
  MAX_PORT,
  type Network,
  portOf,
  tcp,
} from "./io/network.ts";
import { lostLines, Printer } from "./io/printer.ts";
import type { Input } from "./io/stream.ts";
import { traced } from "./io/trace.ts";
import { parseInteger } from "./python/integer.ts";
import { osErrorCode, osErrorLine, osErrorText } from "./python/os_error.ts";
import { serve } from "./server.ts";

/** Deadline for writing the log, in milliseconds after the stop signal: the 5 s promised, less some slack. */
const SHUTDOWN_MS = 4_000;

/** How long to wait for the last lines, in milliseconds: nobody may be reading them. */
const LAST_WORDS_MS = 200;

// Ctrl-C and a closed terminal reach every process of the foreground group, and `deno task` forwards the signal
// once more: within this time of the first, it is the same event.
const ECHO_MS = 250;

/** Standard output or standard error. */
export type OutputStream = Pick<typeof Deno.stdout, "write" | "isTerminal">;

/** All that the program shares with its process. */
export interface Environment {
  /** Standard input. */
  stdin: Input;
  /** Standard output. */
  stdout: OutputStream;
  /** Standard error. */
  stderr: OutputStream;
  /** Whether the user wants no colors. */
  noColor: boolean;
  /** The network. */
  network: Network;
  /** Draws a number from 0 up to but not including 1, as `Math.random` does. */
  random: () => number;
  /** Stops the program. Its reason is the exit status of a process that the same signal kills, such as 130. */
  signal: AbortSignal;
}

function networkOf(
  { network, stderr, noColor }: Environment,
  { trace }: { trace: boolean },
  printer: Printer,
): Network {
  if (!trace) return network;
  const isColored = stderr.isTerminal() && !noColor;
  return traced(network, (line) => printer.printError(line), isColored);
}

/** The port that `serve` is to listen on. If there is none, says why in the Python server's words. */
function parsePort(
  operands: string[],
  printer: Printer,
  hint: (text: string) => void,
): number | undefined {
  if (operands.length !== 1) {
    printer.print(
      "Usage: tcpcalc serve <server number>. For further information check readme file",
    );
    return undefined;
  }
  const server = parseInteger(operands[0]);
  if (server === undefined) {
    printer.print("Invalid argument. Please provide an integer.");
    return undefined;
  }
  const port = portOf(server);
  if (port === undefined) {
    printer.printError("OverflowError: bind(): port must be 0-65535.");
    hint(`server numbers go from ${-FIRST_PORT} to ${MAX_PORT - FIRST_PORT}`);
  }
  return port;
}

async function runServer(
  command: Command & { name: "serve" },
  environment: Environment,
  printer: Printer,
): Promise<number> {
  const { stdout, stderr, signal } = environment;
  const hint = (text: string) => {
    if (stderr.isTerminal()) printer.printError(`Hint: ${text}`);
  };
  const port = parsePort(command.operands, printer, hint);
  if (port === undefined) return 1;
  const log = new Printer(stdout, stderr, true);
  let listener: Listener;
  try {
    listener = networkOf(environment, command, log).listen(port);
  } catch (error) {
    await log.flush();
    printer.printError(osErrorLine(error));
    if (osErrorCode(error) === "EADDRINUSE") {
      hint(
        `port ${port} is in use, by another program or, for a minute, by a connection of one that has ended; wait, or choose another server number`,
      );
    }
    return 1;
  }
  log.print(`Server is listening on ${HOST}:${listener.addr.port}`);
  let stoppedAt = performance.now();
  signal.addEventListener("abort", () => stoppedAt = performance.now());
  await serve(listener, { ...command, printer: log, signal });
  const lost = await log.close(stoppedAt + SHUTDOWN_MS - performance.now());
  if (lost > 0) log.printError(lostLines(lost));
  await log.close(LAST_WORDS_MS);
  return 0;
}

async function runClient(
  command: Command & { name: "client" },
  environment: Environment,
  printer: Printer,
  end: (status: number) => void,
): Promise<number> {
  const { numbers, quiet } = command;
  const { stdin, stdout, stderr, random, signal } = environment;
  const options = {
    ...command,
    hints: stderr.isTerminal(),
    network: networkOf(environment, command, printer),
    random,
    printer,
  };
  signal.addEventListener("abort", async () => {
    // The shell's prompt belongs on a line of its own.
    const isPrompting = numbers.length === 0 && !quiet;
    if (isPrompting && stdout.isTerminal()) printer.print("");
    await printer.close(LAST_WORDS_MS);
    end(signal.reason);
  });
  if (numbers.length > 0) return await askAll(numbers, options) ? 0 : 1;
  await interact(stdin, options);
  // Ctrl-C also ends the program that feeds the input.
  return signal.aborted ? signal.reason : 0;
}

/** Runs a command. Calls `end` to end the program before that. */
async function run(
  command: Command,
  environment: Environment,
  printer: Printer,
  end: (status: number) => void,
): Promise<number> {
  const { name } = command;
  if (name === "serve") return await runServer(command, environment, printer);
  if (name === "client") {
    return await runClient(command, environment, printer, end);
  }
  if (name === "none") printer.printError(HELP);
  else printer.print(name === "help" ? HELP : `tcpcalc ${config.version}`);
  return name === "none" ? 2 : 0;
}

/** Runs the program, given its arguments without its name. Returns the exit status. */
export async function main(
  args: string[],
  environment: Environment,
): Promise<number> {
  const printer = new Printer(environment.stdout, environment.stderr, false);
  const ended = Promise.withResolvers<number>();

  async function attempt(): Promise<number> {
    try {
      const command = parseCommandLine(args);
      const status = await run(command, environment, printer, ended.resolve);
      await printer.flush();
      if (printer.error !== undefined) throw printer.error;
      return status;
    } catch (error) {
      // A reader that has gone away, such as `head`, has what it wanted.
      if (!(error instanceof Deno.errors.BrokenPipe)) {
        printer.printError(`tcpcalc: ${osErrorText(error)}`);
      }
      await printer.flush();
      return error instanceof UsageError ? 2 : 1;
    }
  }

  return await Promise.race([attempt(), ended.promise]);
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
      } else if (!onTerminal || name === "SIGTERM" || elapsed >= ECHO_MS) {
        Deno.exit(status);
      }
    });
  }
  listen("SIGINT", 130);
  // Without a terminal, as under `nohup`, it goes on; and without a listener, it would die.
  if (onTerminal) listen("SIGHUP", 129);
  else Deno.addSignalListener("SIGHUP", () => {});
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
    noColor: Deno.noColor,
    network: tcp,
    random: Math.random,
    signal: stopSignal(),
  });
  Deno.exit(status);
}
