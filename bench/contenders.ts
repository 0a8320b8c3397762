/** What the benchmark compares.
 * @module */

import config from "../deno.json" with { type: "json" };
import { taskOptions } from "../tests/support/program.ts";
import type { Samples } from "./results.ts";

/** What a shell command prints. */
export function output(command: string): string {
  const sh = new Deno.Command("sh", { args: ["-c", command], stderr: "null" });
  return new TextDecoder().decode(sh.outputSync().stdout).trim();
}

function version(command: string): string {
  return /\d+(\.\d+)+/.exec(output(command))?.[0] ?? "";
}

/** Where the servers are built and write their logs. */
export const BUILD = output("mktemp -dt tcpcalc-bench-XXXXXX");
const HERE = "bench/contenders";
output(`cc -O2 -D_GNU_SOURCE -o ${BUILD}/c ${HERE}/server.c`);
output(`go build -o ${BUILD}/go ${HERE}/server.go`);

// `python3` may be a version manager's script, which is slow to start.
const python = output('python3 -c "import sys; print(sys.executable)"');
const python3 = version(`${python} --version`);
const serve = [Deno.execPath(), "run", ...taskOptions("serve")].join(" ");
const client = [Deno.execPath(), "run", ...taskOptions("client")].join(" ");
const runtime = version("grep -aom1 'Deno/[0-9.]*' dist/tcpcalc");
// By the Deno that has compiled tcpcalc, which may be another: an empty program, the limit for any start.
const compiler = Deno.env.get("TCPCALC_DENO") ?? Deno.execPath();
output(
  `: >${BUILD}/empty.ts; ${compiler} compile -o ${BUILD}/e ${BUILD}/empty.ts`,
);

// Kind, name, version and shell command; what is not installed has no version.
const LINES = `
  server C epoll, gcc ${version("cc -dumpfullversion")}: ${BUILD}/c $port
  server Deno bare loop ${Deno.version.deno}: ${serve} ${HERE}/bare_server.ts $port
  server tcpcalc ${config.version}: ${serve} main.ts serve $((port - 9000))
  server tcpcalc --quiet ${config.version}: ${serve} main.ts serve --quiet $((port - 9000))
  server tcpcalc --trace ${config.version}: ${serve} main.ts serve --trace $((port - 9000))
  server tcpcalc compiled, Deno ${runtime}: dist/tcpcalc serve $((port - 9000))
  server Go ${version("go version")}: ${BUILD}/go $port
  server Node ${version("node --version")}: node ${HERE}/server.mjs $port
  server Python asyncio ${python3}: ${python} ${HERE}/server.py $port asyncio
  server Python one at a time ${python3}: ${python} ${HERE}/server.py $port
  client Deno bare client ${Deno.version.deno}: ${client} ${HERE}/bare_client.ts $port
  client tcpcalc client ${config.version}: ${client} main.ts client --servers $((port - 9000))
  client tcpcalc client compiled, Deno ${runtime}: dist/tcpcalc client --servers $((port - 9000))
  client Python client ${python3}: ${python} -c "$(sed "s/900[1-3]/$port/g" lesson/client.py)"
  start empty program compiled, Deno ${
  version(`grep -aom1 'Deno/[0-9.]*' ${BUILD}/e`)
}: ${BUILD}/e
  start tcpcalc --version compiled, Deno ${runtime}: dist/tcpcalc --version
  start python3 -c pass ${python3}: ${python} -c pass`;

/** All contenders on this machine, by name. A running server has a port and a process. */
export const CONTENDERS = Object.fromEntries(
  LINES.matchAll(/(\w+) (.+?) ([\d.]+): (.*)/g).map(([, kind, ...rest]) => {
    const [name, version, command] = rest;
    const samples: Record<string, Samples> = {};
    return [name, { kind, name, version, command, samples, port: 0, pid: 0 }];
  }),
);

export type Contender = typeof CONTENDERS[string];
