/** What the benchmark compares.
 * @module */

import config from "../deno.json" with { type: "json" };

/** What a shell command prints. */
export function output(command: string): string {
  const sh = new Deno.Command("sh", { args: ["-c", command], stderr: "null" });
  return new TextDecoder().decode(sh.outputSync().stdout).trim();
}

/** Where the programs are built, and servers write their logs. */
export const BUILD = output(`build=$(mktemp -dt tcpcalc-bench-XXXXXX); cd bench
  cc -O2 -pthread -D_GNU_SOURCE -o $build/load load.c; cd contenders
  cc -O2 -D_GNU_SOURCE -o $build/c server.c; go build -o $build/go server.go
  echo $build`);

// `python3` may be a version manager's script, which is slow to start.
const python = output('python3 -c "import sys; print(sys.executable)"');
const [serve, ask] = [config.tasks.serve, config.tasks.client].map((task) =>
  task.command.replace("deno", Deno.execPath()).replace(/ main.ts .*/, "")
);

/** What it is measured on, and with which versions. */
export const ABOUT = output(`echo $(date -I), $(nproc) cores, $(uname -sr), \
gcc $(cc -dumpversion), $(go version | cut -d ' ' -f 3), Node $(node --version), \
$(${python} --version), compiled with $(grep -aom1 'Deno/[0-9.]*' dist/tcpcalc | head -1)`);

// Kind, name and shell command.
const LINES = `
  server C, one at a time: ${BUILD}/c $port
  server Deno bare loop: ${serve} bench/contenders/bare_server.ts $port
  server tcpcalc: ${serve} main.ts serve $((port - 9000))
  server tcpcalc --quiet: ${serve} main.ts serve --quiet $((port - 9000))
  server tcpcalc --trace: ${serve} main.ts serve --trace $((port - 9000))
  server tcpcalc, compiled: dist/tcpcalc serve $((port - 9000))
  server Go: ${BUILD}/go $port
  server Node: node bench/contenders/server.mjs $port
  server Python asyncio: ${python} bench/contenders/server.py $port asyncio
  server Python, one at a time: ${python} bench/contenders/server.py $port
  client Deno bare client: ${ask} bench/contenders/bare_client.ts $port
  client tcpcalc client: ${ask} main.ts client --servers $((port - 9000))
  client tcpcalc client, compiled: dist/tcpcalc client --servers $((port - 9000))
  client Python client: ${python} -c "$(sed "s/900[1-3]/$port/g" lesson/client.py)"
  start tcpcalc --version, compiled: dist/tcpcalc --version
  start python3 -c pass: ${python} -c pass`;

/** Those that this machine has. A running server has a port and a process; samples are by turn. */
export const CONTENDERS = [...LINES.matchAll(/(\w+) (.+?): (.*)/g)]
  .map(([, kind, name, command]) => {
    const samples: Record<string, number[]> = {};
    return { kind, name, command, samples, port: 0, pid: 0 };
  }).filter(({ command }) => output(`command -v ${command.split(" ")[0]}`));

export type Contender = typeof CONTENDERS[number];
