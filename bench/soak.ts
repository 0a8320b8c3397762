/**
 * Mixes honest clients with all sorts of others for a while, and then looks at what that did to the
 * server: whether every honest client was answered right, whether memory or file descriptors have
 * leaked, and whether the log has a line that nobody but a client can have written. The load is bounded:
 * rounds of some hundred connections, one after the other.
 *
 * Run it by `deno task soak --seconds 600`. It needs Linux.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { delay } from "@std/async/delay";
import { abuse, crowd, descriptorsOf, usage } from "../tests/support/abuse.ts";
import { exchangeOnce, startServer } from "../tests/support/program.ts";

const DEFAULT_SECONDS = 180;

/** How much the memory may grow after the first tenth of the time. */
const GROWTH = 0.2;

/** What one round consists of. */
const HONEST = 200;
const HONEST_AT_ONCE = 8;
const SILENT = 200;
const ABUSES = 100;

/** The rest after a round, in milliseconds. */
const REST_MS = 100;

/** All lines that a server prints. What a client has sent can't be mistaken for another. */
const LINE =
  /^(Accepted connection from \('127\.0\.0\.1', \d+\)|Received from client: .*|The client socket is closed)$/;

const encoder = new TextEncoder();

/** Messages that are refused in one way or the other. */
const BAD_MESSAGES = [
  new Uint8Array(1024),
  new Uint8Array(1024).fill(0xff),
  new Uint8Array(1025).fill(0x31),
  new Uint8Array(100_000).fill(0x31),
  new Uint8Array(3_000_000).fill(0x31),
  encoder.encode("\x1b[2J\x07\u2028\u202e"),
  encoder.encode("21\nOwned\n"),
];

/** What the honest clients have seen. */
interface Honest {
  right: number;
  wrong: number;
  /** The longest that one has waited, in milliseconds. */
  slowest: number;
}

async function askHonestly(port: number, honest: Honest): Promise<void> {
  const [number] = crypto.getRandomValues(new BigInt64Array(1));
  const start = performance.now();
  // Whatever fails, the client has no right answer.
  const reply = await exchangeOnce(port, String(number)).catch(String);
  honest.slowest = Math.max(honest.slowest, performance.now() - start);
  if (reply === String(2n * number)) honest.right++;
  else honest.wrong++;
}

async function round(port: number, honest: Honest): Promise<void> {
  using _silent = await crowd(port, SILENT);
  const asked = async () => {
    for (let left = HONEST; left > 0; left -= HONEST_AT_ONCE) {
      const batch = Array.from(
        { length: HONEST_AT_ONCE },
        () => askHonestly(port, honest),
      );
      await Promise.all(batch);
    }
  };
  const abused = async () => {
    await abuse(port, "reset-at-once", ABUSES);
    await abuse(port, "send-and-reset", ABUSES);
    await abuse(port, "connect-and-close", ABUSES);
    for (const message of BAD_MESSAGES) await exchangeOnce(port, message);
  };
  await Promise.all([asked(), abused()]);
}

/** Soaks a server, prints a report, and returns whether nothing was wrong. */
async function soak(seconds: number): Promise<boolean> {
  await using server = await startServer();
  const { port, child: { pid } } = server;
  const honest: Honest = { right: 0, wrong: 0, slowest: 0 };
  let lines = 0;
  let strange = 0;

  async function readLog(): Promise<void> {
    for (let line; (line = await server.nextLine()) !== undefined;) {
      lines++;
      if (!LINE.test(line)) strange++;
    }
  }

  const log = readLog();
  await askHonestly(port, honest);
  const first = await usage(pid);
  let early: number | undefined;
  const start = performance.now();
  for (let elapsed = 0; elapsed < seconds;) {
    await round(port, honest);
    await delay(REST_MS);
    elapsed = (performance.now() - start) / 1000;
    if (elapsed >= seconds / 10) early ??= (await usage(pid)).megabytes;
  }
  const descriptors = await descriptorsOf(
    pid,
    (count) => count <= first.descriptors,
  );
  const { megabytes } = await usage(pid);
  server.child.kill("SIGTERM");
  await log;
  const { code, stderr } = await server.end();

  const checks: [string, boolean][] = [
    [
      `${honest.right} honest requests answered right, ${honest.wrong} wrong, the slowest in ${
        honest.slowest.toFixed(0)
      } ms`,
      honest.right > 0 && honest.wrong === 0,
    ],
    [
      `${megabytes.toFixed(1)} MB at the end, ${
        early?.toFixed(1)
      } MB after a tenth of the time`,
      early !== undefined && megabytes <= early * (1 + GROWTH),
    ],
    [
      `${descriptors} file descriptors at the end, ${first.descriptors} at first`,
      descriptors <= first.descriptors,
    ],
    [
      `${lines} lines in the log, ${strange} strange`,
      lines > 0 && strange === 0,
    ],
    [
      `status ${code} and ${stderr.length} characters of complaint at SIGTERM`,
      code === 0 && stderr === "",
    ],
  ];
  for (const [report, good] of checks) {
    console.log(good ? "ok  " : "FAIL", report);
  }
  return checks.every(([, good]) => good);
}

const { seconds } = parseArgs(Deno.args, {
  string: ["seconds"],
  default: { seconds: String(DEFAULT_SECONDS) },
});
if (!(Number(seconds) > 0)) {
  console.error(`Invalid value "${seconds}" for option "--seconds"`);
  Deno.exit(2);
}
if (!await soak(Number(seconds))) Deno.exit(1);
