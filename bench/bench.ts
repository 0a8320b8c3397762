/** The benchmark, for Linux: `deno task bench` puts the same loads on tcpcalc and its contenders, and writes
 * `docs/performance.md` and `docs/benchmark.svg`. With `--quick` it only tries everything once.
 * @module */

import { double } from "../calc.ts";
import {
  ABOUT,
  BUILD,
  type Contender,
  CONTENDERS,
  output,
} from "./contenders.ts";
import { writePage } from "./page.ts";

const QUICK = Deno.args.includes("--quick");
/** Each round starts the servers anew. Every fourth turn measures all, the others what is close. */
const [ROUNDS, TURNS] = QUICK ? [1, 1] : [3, 8];
const CLOSE = /^(tcpcalc( --quiet)?|Deno bare loop|Go|Node)$/;
/** How long a load takes, enough to outweigh its cold start, and how many numbers a client gets. */
const [SECONDS, NUMBERS] = QUICK ? [0.1, 100] : [0.3, 3000];
/** Clients that ask and clients that are idle. */
const LOADS = [[1, 0], [8, 0], [64, 0], [256, 0], [1, 500]];
const utf8 = new TextEncoder();
/** The messages of at most 1024 bytes that cost a server the most, and a short one to compare them with. */
const MESSAGES = {
  "short": utf8.encode("21"),
  "256 × U+1D7D7": utf8.encode("𝟗".repeat(256)),
  "1024 digits": utf8.encode("9".repeat(1024)),
  "512 × \\0\\xff": new Uint8Array(1024).map((_, i) => i % 2 * 0xff),
  "512 × U+00AD": utf8.encode("\xad".repeat(512)),
  "1024 × \\x1b": utf8.encode("\x1b".repeat(1024)),
};

const tcpcalc = CONTENDERS.find(({ name }) => name === "tcpcalc")!;
let turn = 0;

/** Keeps what was measured in this turn. */
function add({ name, samples }: Contender, what: string, value: number): void {
  if (!(value < Infinity)) throw new Error(`${name} did not answer: ${what}`);
  (samples[what] ??= [])[turn] = value;
}

/** The contenders of a kind in random order, as what runs first leaves its mark on the next. */
function shuffled(kind: string): Contender[] {
  return CONTENDERS.filter((own) => own.kind === kind)
    .map((own) => ({ own, at: Math.random() }))
    .sort((a, b) => a.at - b.at).map(({ own }) => own);
}

/** Starts a server, which the stack stops. */
function start(server: Contender, port: number, stack: AsyncDisposableStack) {
  const script = `port=${port}; exec ${server.command} >${BUILD}/${port} 2>&1`;
  const child = new Deno.Command("sh", { args: ["-c", script] }).spawn();
  Object.assign(server, { port, pid: stack.use(child).pid });
}

/** Puts a load on a server, and measures its processor time for a request. */
function load(own: Contender, what: string, options: string, input = "empty") {
  const command = `${BUILD}/load ${own.pid} ${own.port} ${options}`;
  const time = output(
    `taskset -c $(($(nproc) - 1)) ${command} <${BUILD}/${input}`,
  );
  add(own, `${what}, µs`, Number(time || NaN));
}

/** Gives so many numbers to a program, and measures its time. */
function run(own: Contender, what: string, count: number): void {
  const numbers = `port=${tcpcalc.port}; (seq ${count}; echo exit)`;
  const begin = performance.now();
  const text = output(`${numbers} | ${own.command}`);
  add(own, `${what}, ms`, performance.now() - begin);
  const answers = Array.from(text.matchAll(/server: (\d+)/g), ([, got]) => got);
  if (answers.join("\n") !== output(`seq 2 2 ${2 * count}`)) {
    throw new Error(`${own.name} got a wrong answer`);
  }
}

function measureTurn(isFull: boolean): void {
  for (const [clients, idle] of LOADS) {
    for (const own of shuffled("server")) {
      if (!isFull && (idle || !CLOSE.test(own.name))) continue;
      // An idle client would block it.
      if (idle && own.name.endsWith("one at a time")) continue;
      const what = `${clients} busy${idle ? `, ${idle} idle` : ""}`;
      load(own, what, `${SECONDS} ${clients} ${idle} ""`);
    }
  }
  if (!isFull) return;
  for (const own of shuffled("server")) {
    const status = Deno.readTextFileSync(`/proc/${own.pid}/status`);
    add(own, "memory, MiB", Number(/VmRSS:\s*(\d+)/.exec(status)![1]) / 1024);
  }
  for (const [name, message] of Object.entries(MESSAGES)) {
    Deno.writeFileSync(`${BUILD}/message`, message);
    const answer = double(new TextDecoder().decode(message));
    load(tcpcalc, name, `${SECONDS} 8 0 "${answer}"`, "message");
  }
  for (const own of shuffled("client")) run(own, "input of 1", 1);
  for (const own of shuffled("client")) {
    run(own, `input of ${NUMBERS}`, NUMBERS);
  }
  for (const own of shuffled("start")) run(own, "start", 0);
}

for (let round = 0; round < ROUNDS; round++) {
  await using stack = new AsyncDisposableStack();
  // Below the ports that the system gives to clients, or one of those could connect to itself.
  let port = 31_000 + 100 * round;
  for (const own of shuffled("server")) start(own, port++, stack);
  for (const own of shuffled("server")) load(own, "warm-up", '1 8 0 ""');
  for (let i = 0; i < TURNS; i++, turn++) measureTurn(i % 4 === 0);
}
if (!QUICK) writePage(ABOUT, CONTENDERS);
Deno.removeSync(BUILD, { recursive: true });
