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

/** The one line of `client.py` and of `client.ts` that has the servers' addresses. */
const SERVERS = {
  "client.py":
    'servers = [("127.0.0.1", 9001), ("127.0.0.1", 9002), ("127.0.0.1", 9003)]\n',
  "client.ts": "const ports = [9001, 9002, 9003];\n",
};

/** The path of a file of the lesson. */
export function lessonPath(name: string): string {
  return `${import.meta.dirname}/../../lesson/${name}`;
}

/**
 * The source of a client that draws from the servers on these ports: the file's own, except for the line
 * with the servers' addresses.
 */
function clientSource(name: keyof typeof SERVERS, ports: number[]): string {
  const parts = SOURCES[name].split(SERVERS[name]);
  if (parts.length !== 2) throw new Error(`${name}: ${SERVERS[name]}`);
  const addresses = ports.map((port) =>
    name === "client.py" ? `("127.0.0.1", ${port})` : String(port)
  );
  const [before, after] = SERVERS[name].split(/\[.*\]/);
  return parts.join(`${before}[${addresses.join(", ")}]${after}`);
}

/** Unbuffered, as on a terminal, and UTF-8 whatever the locale. */
const ON_TERMINAL = ["-u", "-X", "utf8"];

/** `server.py` and `client.py`. */
export const pythonPair: Implementation = {
  server: (operands) =>
    pythonCommand(...ON_TERMINAL, lessonPath("server.py"), ...operands),
  client: (ports) =>
    pythonCommand(...ON_TERMINAL, "-c", clientSource("client.py", ports)),
};

const DENO_RUN = [
  Deno.execPath(),
  "run",
  "--quiet",
  "--no-prompt",
  "--allow-net=127.0.0.1",
];

/** `server.ts` and `client.ts`. */
export const typescriptPair: Implementation = {
  server: (operands) => [...DENO_RUN, lessonPath("server.ts"), ...operands],
  client: (ports) => [
    ...DENO_RUN,
    `data:application/typescript,${
      encodeURIComponent(clientSource("client.ts", ports))
    }`,
  ],
};
