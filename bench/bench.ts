/**
 * The benchmark: `deno task bench`, on Linux. It puts the same loads on tcpcalc and on other servers
 * that do the same, prints tables, and writes `bench/results.json`.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { exchange } from "../client.ts";
import config from "../deno.json" with { type: "json" };
import type { LoadReport } from "./load.ts";
import {
  listeningPort,
  type Server,
  shell,
  startServer,
  startSpeaker,
  type Usage,
} from "./process.ts";
import { describeLoad, report } from "./report.ts";
import {
  BASELINE,
  type IdleRun,
  type Load,
  type LoadRun,
  type Results,
  type StartRun,
} from "./results.ts";

const HERE = import.meta.dirname!;
const COMPILED = `${HERE}/../dist/tcpcalc`;
const RESULTS = `${HERE}/results.json`;

/** How many clients ask at once, and how many others keep silent. */
const LOADS: Load[] = [
  { clients: 1, silent: 0 },
  { clients: 8, silent: 0 },
  { clients: 64, silent: 0 },
  { clients: 256, silent: 0 },
  { clients: 1, silent: 500 },
];

/** With how many idle connections the memory is measured. */
const IDLE_CONNECTIONS = [0, 1_000, 10_000];

/** How many files and ports are needed beside those of the connections. */
const SPARE = 500;

/** A server to measure. */
interface Contender {
  name: string;
  /** The program and its arguments. */
  command: string[];
  /** Whether it serves one client while another keeps silent. */
  concurrent: boolean;
}

/** Whether the shell finds a program. */
async function exists(program: string): Promise<boolean> {
  return await shell(`command -v "${program}"`) !== undefined;
}

/**
 * The servers that this machine can run.
 *
 * @param build Where to put the one that has to be built.
 */
async function contenders(build: string): Promise<Contender[]> {
  const deno = Deno.execPath();
  // As the task runs it, so with its flags.
  const [, ...serve] = config.tasks.serve.split(" ");
  const run = ["run", "--no-prompt", "--allow-net=127.0.0.1"];
  const goServer = `${build}/server`;
  if (
    await exists("go") &&
    await shell(`go build -o "${goServer}" "${HERE}/server.go"`) === undefined
  ) throw new Error("The Go server can't be built");
  const all: Contender[] = [
    {
      name: BASELINE,
      command: [deno, ...run, `${HERE}/bare.ts`],
      concurrent: true,
    },
    { name: "tcpcalc", command: [deno, ...serve, "-9000"], concurrent: true },
    {
      name: "tcpcalc, compiled",
      command: [COMPILED, "serve", "-9000"],
      concurrent: true,
    },
    { name: "Go", command: [goServer], concurrent: true },
    {
      name: "Node",
      command: ["node", `${HERE}/node.mjs`],
      concurrent: true,
    },
    {
      name: "Python, one at a time",
      command: ["python3", `${HERE}/server.py`],
      concurrent: false,
    },
  ];
  const found: Contender[] = [];
  for (const contender of all) {
    if (await exists(contender.command[0])) found.push(contender);
  }
  return found;
}

/** The version that a command prints, if there is such a program. */
async function version(command: string): Promise<string | undefined> {
  const text = await shell(command);
  return text?.match(/\d\S*/)?.[0];
}

/** What the benchmark runs on, and with. */
async function environment(): Promise<Pick<Results, "machine" | "versions">> {
  const cpu = await shell("sed -n 's/^model name.*: //p' /proc/cpuinfo");
  return {
    machine: {
      cpu: cpu?.split("\n")[0] || Deno.build.arch,
      cores: navigator.hardwareConcurrency,
      os: await shell("uname -sr") ?? Deno.build.os,
    },
    versions: {
      tcpcalc: config.version,
      deno: Deno.version.deno,
      go: await version("go version"),
      node: await version("node --version"),
      python: await version("python3 --version"),
    },
  };
}

/** The array, begun at another place, so that no contender is always the first. */
function rotate<T>(array: T[], by: number): T[] {
  const start = by % array.length;
  return [...array.slice(start), ...array.slice(0, start)];
}

/** Shows, on a terminal, how far it is. */
function progress(text: string): void {
  if (!Deno.stderr.isTerminal()) return;
  Deno.stderr.writeSync(new TextEncoder().encode(`\r\x1b[K${text}`));
}

/** Puts a load on a server. Returns the report, and what the server had used before and after. */
async function putLoad(
  server: Server,
  load: Load,
  seconds: number,
): Promise<{ generator: LoadReport; before: Usage; after: Usage }> {
  const options = { port: server.port, ...load, seconds };
  const before = await server.usage();
  await using process = await startSpeaker([
    Deno.execPath(),
    "run",
    "--no-prompt",
    "--allow-ffi",
    `${HERE}/load.ts`,
    ...Object.entries(options).map(([name, value]) => `--${name}=${value}`),
  ]);
  // The silent clients are still there.
  const after = await server.usage();
  return { generator: JSON.parse(process.line), before, after };
}

/** Measures every contender under every load, each in a process of its own. */
async function measureLoads(
  all: Contender[],
  rounds: number,
  seconds: number,
): Promise<LoadRun[]> {
  const runs: LoadRun[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const load of LOADS) {
      for (const { name, command, concurrent } of rotate(all, round)) {
        if (load.silent > 0 && !concurrent) continue;
        progress(
          `round ${round + 1} of ${rounds}: ${name}, ${describeLoad(load)}`,
        );
        await using server = await startServer(command);
        await putLoad(server, load, seconds / 4);
        const { generator, before, after } = await putLoad(
          server,
          load,
          seconds,
        );
        runs.push({
          server: name,
          round,
          ...load,
          ...generator,
          serverCpu: after.serverCpu - before.serverCpu,
          machineCpu: after.machineCpu - before.machineCpu,
          memory: after.memory,
        });
      }
    }
  }
  return runs;
}

/** Measures how long every contender takes to start. */
async function measureStarts(
  all: Contender[],
  rounds: number,
): Promise<StartRun[]> {
  const runs: StartRun[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const { name, command } of rotate(all, round)) {
      progress(`start ${round + 1} of ${rounds}: ${name}`);
      const begin = performance.now();
      await using server = await startSpeaker(command);
      const listening = performance.now() - begin;
      const port = listeningPort(server.line)!;
      await exchange("21", { port, timeout: 0 });
      runs.push({
        server: name,
        listening,
        answered: performance.now() - begin,
      });
    }
  }
  return runs;
}

/** How many connections one process can have here to one port. */
async function connectionLimit(): Promise<number> {
  const files = await shell("ulimit -Hn");
  const ports = await shell("cat /proc/sys/net/ipv4/ip_local_port_range");
  const [first, last] = ports!.split(/\s+/).map(Number);
  const limit = files === "unlimited" ? Infinity : Number(files);
  return Math.min(limit, last - first) - SPARE;
}

/** Measures the memory that idle connections take of those contenders that can have many. */
async function measureIdle(
  all: Contender[],
  counts: number[],
  rounds: number,
): Promise<IdleRun[]> {
  const runs: IdleRun[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const connections of counts) {
      for (const { name, command, concurrent } of rotate(all, round)) {
        if (!concurrent) continue;
        progress(
          `idle ${round + 1} of ${rounds}: ${name}, ${connections} connections`,
        );
        await using server = await startServer(command);
        // The one exchange comes after all the others connected: its answer shows that they were
        // accepted.
        const load = { clients: 1, silent: connections };
        const { after } = await putLoad(server, load, 0);
        runs.push({ server: name, connections, memory: after.memory });
      }
    }
  }
  return runs;
}

/** Reads the command line. */
function readOptions(): { quick: boolean; rounds: number; seconds: number } {
  const { quick, ...args } = parseArgs(Deno.args, {
    boolean: ["quick"],
    string: ["rounds", "seconds"],
    unknown(arg: string) {
      throw new Error(`Unknown argument "${arg}"`);
    },
  });
  const rounds = Number(args.rounds ?? (quick ? 1 : 7));
  const seconds = Number(args.seconds ?? (quick ? 0.3 : 2));
  if (!(rounds >= 1 && seconds > 0)) {
    throw new Error("--rounds and --seconds take a number above 0");
  }
  return { quick, rounds, seconds };
}

/** The results in JSON, rounded to what can be meant. */
function toJson(results: Results): string {
  const rounded = (_key: string, value: unknown) =>
    typeof value === "number" ? Number(value.toPrecision(6)) : value;
  return JSON.stringify(results, rounded, 2) + "\n";
}

async function main(): Promise<void> {
  if (Deno.build.os !== "linux") {
    throw new Error("The benchmark needs Linux: it measures by /proc");
  }
  const { quick, rounds, seconds } = readOptions();
  await using stack = new AsyncDisposableStack();
  const build = await Deno.makeTempDir({
    dir: "/tmp",
    prefix: "tcpcalc-bench-",
  });
  stack.defer(() => Deno.remove(build, { recursive: true }));
  const all = await contenders(build);
  const limit = await connectionLimit();
  const results: Results = {
    date: new Date().toISOString(),
    ...await environment(),
    options: { rounds, seconds },
    loads: await measureLoads(all, rounds, seconds),
    starts: await measureStarts(all, quick ? 1 : 10),
    idle: await measureIdle(
      all,
      IDLE_CONNECTIONS.filter((count) => count <= limit),
      quick ? 1 : 3,
    ),
    notes: IDLE_CONNECTIONS.filter((count) => count > limit).map((count) =>
      `Not measured: ${count} idle connections. The open files and local ports that a process can ` +
      `have here are enough for ${limit}.`
    ),
  };
  progress("");
  console.log(report(results));
  // A quick run is there to see that all works; its figures are worth nothing.
  if (!quick) await Deno.writeTextFile(RESULTS, toJson(results));
}

if (import.meta.main) await main();
