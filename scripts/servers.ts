/** Runs several servers in one process. Every line they print begins with the port.
 * @module */

import { FIRST_PORT, tcp } from "../io/network.ts";
import { writeAll } from "../io/stream.ts";
import {
  type Environment,
  main,
  type OutputStream,
  stopSignal,
} from "../main.ts";

const encoder = new TextEncoder();

/** The same stream, with a prefix before every line. Lines go out whole: the printer writes a long one in parts. */
function prefixed(stream: OutputStream, prefix: string): OutputStream {
  const decoder = new TextDecoder();
  let unfinished = "";
  return {
    isTerminal: () => stream.isTerminal(),
    async write(bytes) {
      const text = unfinished + decoder.decode(bytes, { stream: true });
      const end = text.lastIndexOf("\n") + 1;
      unfinished = text.slice(end);
      const lines = text.slice(0, end).replace(/^(?=.)/gm, prefix);
      await writeAll(stream, encoder.encode(lines));
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
  const failed = new AbortController();
  const signal = AbortSignal.any([environment.signal, failed.signal]);
  const statuses = await Promise.all(servers.map(async (server) => {
    const prefix = `${FIRST_PORT + server} | `;
    const status = await main(["serve", String(server)], {
      ...environment,
      stdout: prefixed(stdout, prefix),
      stderr: prefixed(stderr, prefix),
      signal,
    });
    if (status !== 0 && !signal.aborted) {
      failed.abort();
      const line = `Server ${server} could not start, so all servers stop\n`;
      await writeAll(stderr, encoder.encode(line));
    }
    return status;
  }));
  return Math.max(...statuses);
}

if (import.meta.main) {
  const { stdin, stdout, stderr, noColor } = Deno;
  const process = { stdin, stdout, stderr, noColor, random: Math.random };
  const environment = { ...process, network: tcp, signal: stopSignal() };
  Deno.exit(await runServers([1, 2, 3], environment));
}
