/** Runs the pairs of the lesson.
 * @module */

import clientPy from "../../lesson/client.py" with { type: "text" };
import clientTs from "../../lesson/client.ts" with { type: "text" };
import serverPy from "../../lesson/server.py" with { type: "text" };
import serverTs from "../../lesson/server.ts" with { type: "text" };
import { pythonCommand } from "./python.ts";
import type { Implementation } from "./program.ts";

/** The source of each of the four programs. */
export const SOURCES: Record<string, string> = {
  "server.py": serverPy,
  "server.ts": serverTs,
  "client.py": clientPy,
  "client.ts": clientTs,
};

/** The path of a file of the lesson. */
export function lessonPath(name: string): string {
  return `${import.meta.dirname}/../../lesson/${name}`;
}

/** The source of a client, with these addresses in the one line that has the servers'. */
function clientSource(name: string, line: RegExp, addresses: unknown[]) {
  if (!line.test(SOURCES[name])) throw new Error(`${name} lacks ${line}`);
  return SOURCES[name].replace(line, `$1[${addresses.join(", ")}]`);
}

/** Unbuffered, as on a terminal, and UTF-8 whatever the locale. */
const ON_TERMINAL = ["-u", "-X", "utf8"];

/** `server.py` and `client.py`. */
export const pythonPair: Implementation = {
  server: (operands) =>
    pythonCommand(...ON_TERMINAL, lessonPath("server.py"), ...operands),
  client(ports) {
    const addresses = ports.map((port) => `("127.0.0.1", ${port})`);
    const line = /^(servers = )\[.*\]$/m;
    const source = clientSource("client.py", line, addresses);
    return pythonCommand(...ON_TERMINAL, "-c", source);
  },
};

const DENO_RUN = [
  ...[Deno.execPath(), "run", "--quiet", "--no-prompt"],
  "--allow-net=127.0.0.1",
];

/** `server.ts` and `client.ts`. */
export const typescriptPair: Implementation = {
  server: (operands) => [...DENO_RUN, lessonPath("server.ts"), ...operands],
  client(ports) {
    const source = clientSource("client.ts", /^(const ports = )\[.*\]/m, ports);
    const url = `data:application/typescript,${encodeURIComponent(source)}`;
    return [...DENO_RUN, url];
  },
};
