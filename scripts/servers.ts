/** Runs several servers in one process. Every line they print begins with the port.
 * @module */

import { FIRST_PORT, tcp } from "../io/network.ts";
import { Printer } from "../io/printer.ts";
import {
  type Environment,
  main,
  type OutputStream,
  stopSignal,
} from "../main.ts";

/** A stream that hands on each line. What is written may end in the middle of one. */
function linesOf(
  stream: OutputStream,
  print: (line: string) => Promise<void> | undefined,
): OutputStream {
  const decoder = new TextDecoder();
  let unfinished = "";
  return {
    isTerminal: () => stream.isTerminal(),
    async write(bytes) {
      const text = unfinished + decoder.decode(bytes, { stream: true });
      const lines = text.split("\n");
      unfinished = lines.pop()!;
      for (const line of lines) await print(line);
      return bytes.length;
    },
  };
}

/** Runs servers until they are stopped, or one can't start, which ends them all. Returns the exit status. */
export async function runServers(
  servers: number[],
  environment: Environment,
): Promise<number> {
  const { stdout, stderr } = environment;
  const printer = new Printer(stdout, stderr, true);
  const print = (on: "print" | "printError", line: string) => {
    printer[on](line);
    return printer.ready;
  };
  const failed = new AbortController();
  const signal = AbortSignal.any([environment.signal, failed.signal]);
  const statuses = await Promise.all(servers.map(async (server) => {
    const prefix = `${FIRST_PORT + server} | `;
    const status = await main(["serve", String(server)], {
      ...environment,
      stdout: linesOf(stdout, (line) => print("print", prefix + line)),
      stderr: linesOf(stderr, (line) => print("printError", prefix + line)),
      signal,
    });
    if (status !== 0 && !signal.aborted) {
      failed.abort();
      print(
        "printError",
        `Server ${server} could not start, so all stop`,
      );
    }
    return status;
  }));
  await printer.close(200); // Nobody may be reading.
  return Math.max(...statuses);
}

if (import.meta.main) {
  const { stdin, stdout, stderr, noColor } = Deno;
  const process = { stdin, stdout, stderr, noColor, random: Math.random };
  const environment = { ...process, network: tcp, signal: stopSignal() };
  Deno.exit(await runServers([1, 2, 3], environment));
}
