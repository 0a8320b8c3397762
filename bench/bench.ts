/** The benchmark, for Linux: `deno task bench`, or with `--quick` a trial run. It puts the same loads on
 * tcpcalc and its contenders, reports which bounds hold, and writes `results.json`. It runs with all
 * permissions: calling the C library amounts to that anyway.
 * @module */

import { delay } from "@std/async/delay";
import { double } from "../calc.ts";
import { WORST_MESSAGES } from "./calc_bench.ts";
import { BUILD, type Contender, CONTENDERS, output } from "./contenders.ts";
import * as load from "./load.ts";
import * as results from "./results.ts";

const QUICK = Deno.args[0] === "--quick";
/** In each turn of a round every server has the load for so many seconds. */
const [ROUNDS, TURNS, SECONDS] = QUICK ? [1, 1, 0.1] : [5, 3, 0.2];
/** The largest number of idle connections, which take seconds to open and close, and in how many rounds. */
const [IDLE, IDLE_ROUNDS] = [QUICK ? 1_000 : 10_000, 3];
/** How many numbers a client is given; the largest only in the first round. */
const COUNTS = QUICK ? [1, 100, 300] : [1, 3_000, 20_000];
/** How long a server may hold back its last log lines, and how long its first answer may take. */
const [LOG_MS, START_MS] = [60, 10_000];

const LOADS: Record<string, load.Load> = {};
for (const n of [1, 8]) LOADS[`${n} busy`] = { clients: n };
for (const [name, message] of Object.entries(WORST_MESSAGES)) {
  const answer = double(new TextDecoder().decode(message));
  LOADS[name] = { clients: 8, message, answer };
}
for (const n of [64, 256]) LOADS[`${n} busy`] = { clients: n };
for (const idle of [500, IDLE]) {
  LOADS[`1 busy + ${idle} idle`] = { clients: 1, idle };
}

/** Two contenders, the loads, the limit of their ratio, and the second's load if it is another. */
const BOUNDS: [string, string, RegExp, number, string?][] = [
  ["tcpcalc", "Deno bare loop", /^\d+ busy$/, 1.05],
  ["tcpcalc", "Go", /^\d+ busy$|500/, 1],
  ["tcpcalc", "Node", /^\d+ busy$|500/, 1],
  ["tcpcalc", "tcpcalc", /×|digits/, 4, "8 busy"],
  ["tcpcalc client", "Deno bare client", RegExp(` ${COUNTS[1]}$`), 1.05],
  ["tcpcalc client", "Python client", RegExp(` ${COUNTS[1]}$`), 1.25],
  ["tcpcalc --version compiled, Deno", "python3 -c pass", /start/, 1],
];

function add({ samples }: Contender, what: string, ...numbers: number[]): void {
  (samples[what] ??= []).push(numbers);
}

function progress(text: string): void {
  if (!Deno.stderr.isTerminal()) return;
  Deno.stderr.writeSync(new TextEncoder().encode(`\r\x1b[K${text}`));
}

/** The same contenders, starting with a different one each turn. */
function inTurn(contenders: Contender[], turn: number): Contender[] {
  const first = turn % contenders.length;
  return [...contenders.slice(first), ...contenders.slice(0, first)];
}

const ofKind = (kind: string) =>
  Object.values(CONTENDERS).filter((own) => own.kind === kind);

/** The memory of a process in MiB. */
function memory(pid: number): number {
  return Number(output(`awk '/VmRSS/ {print $2 / 1024}' /proc/${pid}/status`));
}

// Below the ports that the system gives to clients, or one of those could connect to itself.
let lastPort = 20_000;

/** Starts a server, which the stack stops, and waits for its first answer. */
async function start(server: Contender, stack: AsyncDisposableStack) {
  server.port = ++lastPort;
  const command = `exec ${server.command} >"${BUILD}/${server.name}" 2>&1`;
  const args = ["-c", `port=${server.port}; ${command}`];
  const begin = performance.now();
  server.pid = stack.use(new Deno.Command("sh", { args }).spawn()).pid;
  while (!load.isAnswering(server.port)) {
    if (performance.now() > begin + START_MS) throw new Error(command);
    await delay(1);
  }
  add(server, "first answer", performance.now() - begin);
}

async function measureServer({ port, pid }: Contender, own: load.Load) {
  const { idle = 0, ...asking } = own;
  const before = memory(pid);
  using _idle = load.openIdle(port, idle);
  const each = idle && 1024 * (memory(pid) - before) / idle;
  await delay(LOG_MS);
  const start = load.processorTime(pid);
  const { requests, rate, p50, p99 } = load.putLoad(port, asking, SECONDS);
  await delay(LOG_MS);
  const time = (load.processorTime(pid) - start) / requests;
  return [time, rate, p50, p99, memory(pid), each];
}

/** Measures each contender once per turn, and adds the medians. */
async function measureInTurns(
  what: string,
  contenders: Contender[],
  turns: number,
  measure: (own: Contender) => number[] | Promise<number[]>,
): Promise<void> {
  const all = new Map(contenders.map((own) => [own, [] as results.Samples]));
  for (let turn = 0; turn < turns; turn++) {
    for (const own of inTurn(contenders, turn)) {
      all.get(own)!.push(await measure(own));
    }
  }
  for (const [own, its] of all) add(own, what, ...results.medians(its));
}

/** Pipes numbers to a client, and measures its time and its peak memory. */
function measureClient(client: Contender, count: number): number[] {
  const numbers = `port=${CONTENDERS.tcpcalc.port}; (seq ${count}; echo exit)`;
  const time = `/usr/bin/time -f %M -o ${BUILD}/peak ${client.command}`;
  const begin = performance.now();
  const text = output(`${numbers} | ${time}`);
  const took = performance.now() - begin;
  const peak = Number(Deno.readTextFileSync(`${BUILD}/peak`)) / 1024;
  const answers = [...text.matchAll(/server: (\d+)/g)].map(([, own]) => own);
  if (answers.join("\n") !== output(`seq 2 2 ${2 * count}`)) {
    throw new Error(`${client.name} got a wrong answer`);
  }
  return [took, peak];
}

function measureStart(program: Contender): number[] {
  const begin = performance.now();
  output(`exec ${program.command}`);
  return [performance.now() - begin];
}

async function measureRound(round: number): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const servers = inTurn(ofKind("server"), round);
  for (const server of servers) await start(server, stack);
  for (const { port } of servers) load.putLoad(port, { clients: 8 }, 1);
  for (const [what, { idle, message }] of Object.entries(LOADS)) {
    if (idle === IDLE && round >= IDLE_ROUNDS) continue;
    progress(`Round ${round + 1} of ${ROUNDS}: ${what}`);
    const able = servers.filter(({ name }) =>
      message ? name === "tcpcalc" : !idle || name !== "Python one at a time"
    );
    await measureInTurns(
      what,
      able,
      idle === IDLE ? 1 : TURNS,
      (own) => measureServer(own, LOADS[what]),
    );
  }
  for (const count of COUNTS.slice(0, round === 0 ? 3 : 2)) {
    progress(`Round ${round + 1} of ${ROUNDS}: ${count} numbers`);
    await measureInTurns(
      `input of ${count}`,
      inTurn(ofKind("client"), round),
      count === COUNTS[2] ? 1 : TURNS,
      (own) => measureClient(own, count),
    );
  }
  const programs = inTurn(ofKind("start"), round);
  await measureInTurns("start", programs, TURNS, measureStart);
}

for (let round = 0; round < ROUNDS; round++) await measureRound(round);
progress("");
Deno.removeSync(BUILD, { recursive: true });
const bounds: results.Results["bounds"] = {};
for (const [ours, theirs, loads, limit, than] of BOUNDS) {
  for (const [what, own] of Object.entries(CONTENDERS[ours]?.samples ?? {})) {
    const other = CONTENDERS[theirs]?.samples[than ?? what];
    if (!loads.test(what) || other === undefined) continue;
    const claim = `${ours} / ${than ?? theirs}, ${what}`;
    bounds[claim] = results.compare(own, other, limit);
    console.log(results.verdict(claim, bounds[claim]));
  }
}
if (!QUICK) {
  const cpu = output("sed -n 's/^model name.*: //p;T;q' /proc/cpuinfo");
  const about = output("echo `date -I`, `nproc` cores, `uname -sr`") +
    `, ${cpu}; ${ROUNDS} rounds, each of ${TURNS} turns of ${SECONDS} s`;
  const contenders: results.Results["contenders"] = [];
  for (const { name, version, samples } of Object.values(CONTENDERS)) {
    const row: (typeof contenders)[0] = { name: `${name} ${version}` };
    for (const what in samples) row[what] = results.summarize(samples[what]);
    contenders.push(row);
  }
  const all: results.Results = { about, bounds, contenders };
  Deno.writeTextFileSync("bench/results.json", JSON.stringify(all));
  output(`${Deno.execPath()} fmt bench/results.json`);
}
