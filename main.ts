/**
 * The program: reads the command line, runs the command, and ends with its exit status. All that it
 * shares with the process (arguments, streams, signals, exit status) is here.
 *
 * @module
 */

import { TextLineStream } from "@std/streams/text-line-stream";
import { parseInteger } from "./python/integer.ts";
import { askAll, type ClientOptions, FIRST_PORT, interact } from "./client.ts";
import {
  type Command,
  HELP,
  parseCommandLine,
  UsageError,
} from "./command_line.ts";
import config from "./deno.json" with { type: "json" };
import { lineWriter } from "./io/log.ts";
import { osErrorLine, osErrorText } from "./python/os_error.ts";
import { serve } from "./server.ts";

/**
 * How long the server may take to end, in milliseconds: it promises 5 s, of which a busy machine needs
 * some, and an output that takes nothing would have it wait for ever with the last lines.
 */
const STOP_MS = 4_500;

/**
 * How many clients may wait to be accepted; the system may allow fewer. One that finds no room tries
 * again after a second, and Deno's own 511 are soon taken when many come at once.
 */
const BACKLOG = 4096;

/** How long after Ctrl-C the same key press may come in again, in milliseconds. */
const ECHO_MS = 250;

/**
 * Aborts at the first SIGINT or SIGTERM; the second ends the program at once.
 *
 * On a terminal Ctrl-C goes to all of its processes, and `deno task` passes it on to the program that
 * has it already. So a SIGINT that follows within the blink of an eye is the same key press.
 */
function stopSignal(): AbortSignal {
  const controller = new AbortController();
  const onTerminal = [Deno.stdin, Deno.stdout, Deno.stderr]
    .some((stream) => stream.isTerminal());
  let stoppedAt = 0;
  function listen(name: Deno.Signal, status: number): void {
    Deno.addSignalListener(name, () => {
      if (!controller.signal.aborted) {
        stoppedAt = performance.now();
        controller.abort();
        return;
      }
      const isEcho = onTerminal && name === "SIGINT" &&
        performance.now() - stoppedAt < ECHO_MS;
      if (!isEcho) Deno.exit(status);
    });
  }
  listen("SIGINT", 130);
  // Windows has no SIGTERM to listen for.
  if (Deno.build.os !== "windows") listen("SIGTERM", 143);
  return controller.signal;
}

/** Runs the server until a signal ends it. Returns the exit status. */
async function runServer(
  { operands, idleTimeout }: Command & { name: "serve" },
): Promise<number> {
  if (operands.length !== 1) {
    console.log(
      "Usage: tcpcalc serve <server number>. For further information check readme file",
    );
    return 1;
  }
  const number = parseInteger(operands[0]);
  if (number === undefined) {
    console.log("Invalid argument. Please provide an integer.");
    return 1;
  }
  const port = BigInt(FIRST_PORT) + number;
  if (port < 0n || port > 65535n) {
    console.error("OverflowError: bind(): port must be 0-65535.");
    return 1;
  }
  const signal = stopSignal();
  let listener: Deno.TcpListener;
  try {
    listener = Deno.listen({
      hostname: "127.0.0.1",
      port: Number(port),
      tcpBacklog: BACKLOG,
    });
  } catch (error) {
    console.error(osErrorLine(error));
    return 1;
  }
  const stdout = lineWriter(Deno.stdout);
  const stderr = lineWriter(Deno.stderr);
  signal.addEventListener("abort", () => {
    setTimeout(() => Deno.exit(0), STOP_MS);
  });
  stdout.print(`Server is listening on 127.0.0.1:${listener.addr.port}`);
  await serve(listener, {
    idleTimeout,
    print: stdout.print,
    warn: stderr.print,
    signal,
  });
  await Promise.all([stdout.flush(), stderr.flush()]);
  return 0;
}

/** Writes to a stream in the order of the calls; one that is closed ends the program. */
function writeTo(
  stream: WritableStream<Uint8Array>,
): (text: string) => Promise<void> {
  const writer = stream.getWriter();
  const encoder = new TextEncoder();
  return async (text) => {
    try {
      await writer.write(encoder.encode(text));
    } catch {
      Deno.exit(1);
    }
  };
}

/** Asks for the numbers given, or prompts for them. Returns the exit status. */
async function runClient(
  { numbers, ...command }: Command & { name: "client" },
): Promise<number> {
  const options: ClientOptions = {
    ...command,
    random: Math.random,
    write: writeTo(Deno.stdout.writable),
    writeError: writeTo(Deno.stderr.writable),
  };
  if (numbers.length > 0) return await askAll(numbers, options) ? 0 : 1;
  Deno.addSignalListener("SIGINT", () => {
    // The shell's prompt belongs on a line of its own. Nothing is awaited: `deno task` has the signal
    // come twice, and there is one line to end. A pipe has no prompt, and may take nothing for ever.
    if (!options.quiet && Deno.stdout.isTerminal()) console.log();
    Deno.exit(130);
  });
  const lines: AsyncIterable<string> = Deno.stdin.readable
    // U+FEFF is text like any other, to Python and to the servers.
    .pipeThrough(new TextDecoderStream("utf-8", { ignoreBOM: true }))
    .pipeThrough(new TextLineStream());
  await interact(lines, options);
  return 0;
}

/** Runs the command that the arguments ask for. Returns the exit status. */
async function run(args: string[]): Promise<number> {
  const command = parseCommandLine(args);
  switch (command.name) {
    case "help":
      console.log(HELP);
      return 0;
    case "version":
      console.log(`tcpcalc ${config.version}`);
      return 0;
    case "none":
      console.error(HELP);
      return 2;
    case "serve":
      return await runServer(command);
    case "client":
      return await runClient(command);
  }
}

if (import.meta.main) {
  let status = 1;
  try {
    status = await run(Deno.args);
  } catch (error) {
    // Whatever it is, nobody is helped by a stack trace.
    console.error(`tcpcalc: ${osErrorText(error)}`);
    if (error instanceof UsageError) status = 2;
  }
  Deno.exit(status);
}
