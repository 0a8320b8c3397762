/** The benchmark, for Linux: `deno task bench`, or with `--quick` a trial run. It puts the same loads on tcpcalc
 * and its contenders, says which bounds hold, and writes `results.json`. It needs all permissions to call C.
 * @module */

import { delay } from "@std/async/delay";
import { double } from "../calc.ts";
import { WORST_MESSAGES } from "./calc_bench.ts";
import { BUILD, type Contender, CONTENDERS, output } from "./contenders.ts";
import * as load from "./load.ts";
import * as results from "./results.ts";

const QUICK = Deno.args[0] === "--quick";
const ROUNDS = QUICK ? 1 : 5;
/** Turns in a round: more where a bound is close or the noise is loud. */
const [TURNS, CLIENT_TURNS, START_TURNS] = QUICK ? [1, 1, 1] : [3, 8, 10];
/** The same, by number of busy clients. */
const BUSY = QUICK
  ? { 1: 1, 8: 1, 64: 1, 256: 1 }
  : { 1: 18, 8: 9, 64: 6, 256: 12 };
/** Seconds of load in a turn, enough to outweigh its cold start, and of warm-up. */
const [SECONDS, WARM_UP] = [QUICK ? 0.1 : 0.3, 1.2];
/** The largest number of idle connections, which take seconds to open and close, and in how many rounds. */
const [IDLE, IDLE_ROUNDS] = [QUICK ? 1_000 : 10_000, 3];
/** How many numbers a client is given; the largest only once. */
const COUNTS = QUICK ? [1, 100, 300] : [1, 3_000, 20_000];
/** How long a server may hold back its last log lines, and how long its first answer may take. */
const [LOG_MS, START_MS] = [60, 10_000];

/** What the costly messages are compared with: the same server in the same turns. */
const SHORT = "8 busy, short numbers";
const LOADS: Record<string, load.Load> = { [SHORT]: { clients: 8 } };
for (const n of Object.keys(BUSY)) LOADS[`${n} busy`] = { clients: Number(n) };
for (const [name, message] of Object.entries(WORST_MESSAGES)) {
  const answer = double(new TextDecoder().decode(message));
  LOADS[name] = { clients: 8, message, answer };
}
for (const idle of [500, IDLE]) {
  LOADS[`1 busy + ${idle} idle`] = { clients: 1, idle };
}

/** Two contenders, the loads, the limit of their ratio, and the second's load if it is another. */
const BOUNDS: [string, string, RegExp, number, string?][] = [
  ["tcpcalc", "Deno bare loop", /^\d+ busy$/, 1.05],
  ["tcpcalc", "Go", /^\d+ busy$|500/, 1],
  ["tcpcalc", "Node", /^\d+ busy$|500/, 1],
  ["tcpcalc", "tcpcalc", /×|digits/, 4, SHORT],
  ["tcpcalc client", "Deno bare client", RegExp(` ${COUNTS[1]}$`), 1.05],
  ["tcpcalc client", "Python client", RegExp(` ${COUNTS[1]}$`), 1.25],
  ["tcpcalc --version compiled, Deno", "python3 -c pass", /start/, 1],
];

/** The contenders that share turns: all that have bounds, and the server without its log. */
const COMPARED = new Set(BOUNDS.flatMap(([ours, theirs]) => [ours, theirs]));
COMPARED.add("tcpcalc --quiet");

/** A contender, and what it is measured with. */
type Job = [own: Contender, what: string];

let round = 0;

function add([{ samples }, what]: Job, ...numbers: number[]): void {
  ((samples[what] ??= [])[round] ??= []).push(numbers);
}

function progress(text: string): void {
  if (!Deno.stderr.isTerminal()) return;
  const line = `\r\x1b[KRound ${round + 1} of ${ROUNDS}: ${text}`;
  Deno.stderr.writeSync(new TextEncoder().encode(line));
}

/** The same list in a random order, as what runs first leaves its mark on the next. */
function shuffled<T>(list: T[]): T[] {
  return list.map((entry): [number, T] => [Math.random(), entry])
    .sort(([a], [b]) => a - b).map(([, entry]) => entry);
}

const ofKind = (kind: string) =>
  Object.values(CONTENDERS).filter((own) => own.kind === kind);

/** The memory of a process in MiB. */
function memory(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Number(/VmRSS:\s*(\d+)/.exec(status)?.[1]) / 1024;
}

// Below the ports that the system gives to clients, or one of those could connect to itself.
let lastPort = 20_000;

/** Starts a server, which the stack stops, and waits for its first answer; truncating an old log would add to it. */
async function start(server: Contender, stack: AsyncDisposableStack) {
  server.port = ++lastPort;
  const log = `${BUILD}/${server.port}`;
  stack.defer(() => Deno.removeSync(log));
  const command = `exec ${server.command} >${log} 2>&1`;
  const args = ["-c", `port=${server.port}; ${command}`];
  const begin = performance.now();
  server.pid = stack.use(new Deno.Command("sh", { args }).spawn()).pid;
  while (!load.isAnswering(server.port)) {
    if (performance.now() > begin + START_MS) throw new Error(command);
    await delay(1);
  }
  add([server, "first answer"], performance.now() - begin);
}

/** Runs jobs one after the other, and reads the clocks once the servers have had time to write their logs. */
async function measureServers(...jobs: Job[]): Promise<void> {
  using stack = new DisposableStack();
  const begun = [];
  for (const [{ port, pid }, what] of jobs) {
    const { idle = 0, ...asking } = LOADS[what];
    const before = memory(pid);
    stack.use(load.openIdle(port, idle));
    const each = idle && 1024 * (memory(pid) - before) / idle;
    if (idle > 0) await delay(LOG_MS);
    const start = load.processorTime(pid);
    begun.push({ start, each, ...load.putLoad(port, asking, SECONDS) });
  }
  await delay(LOG_MS);
  begun.forEach(({ start, each, requests, rate, p50, p99 }, i) => {
    const [{ pid }] = jobs[i];
    const time = (load.processorTime(pid) - start) / requests;
    add(jobs[i], time, rate, p50, p99, memory(pid), each);
  });
}

/** Measures each group in each turn: its jobs, which must be for different servers, in random order. */
async function measureTurns(turns: number, ...groups: Job[][]) {
  for (let turn = 1; turn <= turns; turn++) {
    progress(`${groups[0][0][1]}, turn ${turn} of ${turns}`);
    for (const jobs of groups) await measureServers(...shuffled(jobs));
  }
}

/** Pipes numbers to a client, and measures its time and its peak memory. */
function measureClient(client: Contender, count: number): void {
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
  add([client, `input of ${count}`], took, peak);
}

function measureStart(program: Contender): void {
  const begin = performance.now();
  output(`exec ${program.command}`);
  add([program, "start"], performance.now() - begin);
}

async function measureRound(): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const servers = ofKind("server");
  for (const server of shuffled(servers)) await start(server, stack);
  for (const { port } of servers) load.putLoad(port, { clients: 8 }, WARM_UP);
  for (const [clients, turns] of Object.entries(BUSY)) {
    const jobs = servers.map((own): Job => [own, `${clients} busy`]);
    await measureTurns(turns, jobs.filter(([{ name }]) => COMPARED.has(name)));
    await measureTurns(TURNS, jobs.filter(([{ name }]) => !COMPARED.has(name)));
  }
  const messages = [SHORT, ...Object.keys(WORST_MESSAGES)];
  const costly = messages.map((what): Job[] => [[CONTENDERS.tcpcalc, what]]);
  await measureTurns(TURNS, ...costly);
  for (const idle of round < IDLE_ROUNDS ? [500, IDLE] : [500]) {
    const what = `1 busy + ${idle} idle`;
    // It serves one at a time: the first idle one would block it.
    const able = servers.filter(({ name }) => name !== "Python one at a time");
    const turns = idle === IDLE ? 1 : TURNS;
    await measureTurns(turns, ...able.map((own): Job[] => [[own, what]]));
  }
  for (let turn = 1; turn <= CLIENT_TURNS; turn++) {
    progress(`clients, turn ${turn} of ${CLIENT_TURNS}`);
    for (const count of COUNTS.slice(0, round === 0 && turn === 1 ? 3 : 2)) {
      const clients = ofKind("client")
        .filter(({ name }) => COMPARED.has(name) || turn <= TURNS);
      for (const own of shuffled(clients)) measureClient(own, count);
    }
  }
  progress("start");
  for (let turn = 1; turn <= START_TURNS; turn++) {
    shuffled(ofKind("start")).forEach(measureStart);
  }
}

for (; round < ROUNDS; round++) await measureRound();
if (Deno.stderr.isTerminal()) console.error();
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
    `, ${cpu}; ${ROUNDS} rounds, turns of ${SECONDS} s`;
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
