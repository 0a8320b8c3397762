/** The benchmark, for Linux: `deno task bench` puts the same loads on tcpcalc and its contenders, and writes
 * `docs/performance.md` and `docs/benchmark.svg`. With `--quick` it only tries everything once.
 * @module */

import { double } from "../calc.ts";
import * as all from "./contenders.ts";
import { writePage } from "./page.ts";

const QUICK = Deno.args.includes("--quick");
/** Each round starts the servers anew. Every fourth turn measures all, the others what is close. */
const [ROUNDS, TURNS] = QUICK ? [1, 1] : [3, 7];
const CLOSE = /^(tcpcalc( --quiet)?|Deno bare loop|Go|Node)$/;
/** How long a load takes, enough to outweigh its cold start, and how many numbers a client gets. */
const [SECONDS, NUMBERS] = QUICK ? [0.2, 100] : [0.3, 3000];
const utf8 = new TextEncoder();
/** The messages of at most 1024 bytes that cost a server the most, and a short one to compare them with. */
const MESSAGES = {
  "a short message": utf8.encode("21"),
  "256 × U+1D7D7": utf8.encode("𝟗".repeat(256)),
  "1024 digits": utf8.encode("9".repeat(1024)),
  "1024 × \\xff": new Uint8Array(1024).fill(0xff),
  "512 × U+00AD": utf8.encode("\xad".repeat(512)),
  "1024 × \\x1b": utf8.encode("\x1b".repeat(1024)),
};

const tcpcalc = all.CONTENDERS.find(({ name }) => name === "tcpcalc")!;
let turn = 0;

/** Keeps what was measured in this turn. */
function add(own: all.Contender, what: string, value: number): void {
  if (!(value < Infinity)) throw new Error(`${own.name} fails: ${what}`);
  (own.samples[what] ??= [])[turn] = value;
}

/** The contenders of a kind in random order, as what runs first leaves its mark on the next. */
function shuffled(kind: string): all.Contender[] {
  return all.CONTENDERS.filter((own) => own.kind === kind)
    .map((own) => ({ own, at: Math.random() }))
    .sort((a, b) => a.at - b.at).map(({ own }) => own);
}

/** Puts a load on a server, and measures its processor time for a request. */
function load(own: all.Contender, what: string, options: string): void {
  const command = `${all.BUILD}/load ${own.pid} ${own.port} ${options}`;
  const time = all.output(`taskset -c $(($(nproc) - 1)) ${command}`);
  add(own, `${what}, µs`, Number(time || NaN));
}

/** Gives so many numbers to a program, and measures its time. */
function run(own: all.Contender, what: string, count: number): void {
  const numbers = `port=${tcpcalc.port}; (seq ${count}; echo exit)`;
  const begin = performance.now();
  const text = all.output(`${numbers} | ${own.command}`);
  add(own, `${what}, ms`, performance.now() - begin);
  const answers = Array.from(text.matchAll(/server: (\d+)/g), ([, got]) => got);
  const right = answers.join("\n") === all.output(`seq 2 2 ${2 * count}`);
  if (!right) throw new Error(`${own.name} got a wrong answer`);
}

function measureTurn(isFull: boolean): void {
  for (const [clients, idle] of [[1, 0], [8, 0], [64, 0], [256, 0], [1, 500]]) {
    for (const own of shuffled("server")) {
      if (!isFull && (idle || !CLOSE.test(own.name))) continue;
      // An idle client would block it.
      if (idle && own.name.endsWith("one at a time")) continue;
      const what = `${clients} busy${idle ? `, ${idle} idle` : ""}`;
      load(own, what, `${SECONDS} ${clients} ${idle} ""`);
    }
  }
  for (const own of shuffled("client")) {
    for (const count of [1, NUMBERS]) run(own, `input of ${count}`, count);
  }
  if (!isFull) return;
  for (const own of shuffled("server")) {
    const status = Deno.readTextFileSync(`/proc/${own.pid}/status`);
    add(own, "memory, MiB", Number(/VmRSS:\s*(\d+)/.exec(status)![1]) / 1024);
  }
  for (const [name, message] of Object.entries(MESSAGES)) {
    Deno.writeFileSync(`${all.BUILD}/message`, message);
    const answer = double(new TextDecoder().decode(message));
    load(tcpcalc, name, `${SECONDS} 8 0 "${answer}" <${all.BUILD}/message`);
  }
  for (const own of shuffled("start")) run(own, "start", 0);
}

for (let round = 0; round < ROUNDS; round++) {
  await using stack = new AsyncDisposableStack();
  for (const own of shuffled("server")) {
    // Above those of the tests, and below those of the system, or a client could connect to itself.
    own.port = 31_000 + 100 * round + all.CONTENDERS.indexOf(own);
    const log = `${all.BUILD}/${own.port}`;
    const script = `port=${own.port}; exec ${own.command} >${log} 2>&1`;
    const server = new Deno.Command("sh", { args: ["-c", script] }).spawn();
    own.pid = stack.use(server).pid;
  }
  for (const own of shuffled("server")) load(own, "warm-up", '1 8 0 ""');
  for (let i = 0; i < TURNS; i++, turn++) measureTurn(i % 4 === 0);
}
if (!QUICK) writePage(all.ABOUT, all.CONTENDERS);
Deno.removeSync(all.BUILD, { recursive: true });
