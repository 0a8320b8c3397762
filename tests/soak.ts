/** Mixes honest clients with hostile ones, in rounds of several hundred connections, and then reports
 * honest ones without their answer or their line in the log, leaks of memory or descriptors, and lines in
 * the log that only a client can have written: `deno task soak --seconds 600`.
 * @module */

import { parseArgs } from "@std/cli/parse-args";
import { abuse, crowd, usage, usageThat } from "./support/abuse.ts";
import { exchangeOnce, startServer } from "./support/program.ts";

const BAD_MESSAGES = [
  new Uint8Array(1025).fill(0x31),
  new Uint8Array(3_000_000).fill(0x31),
  new TextEncoder().encode("\x1b[2J\x07\u2028\u202e"),
  new TextEncoder().encode("21\nOwned\n"),
];
/** Its line in the log is four times as long. */
const FLOOD = new Uint8Array(1024).map((_, i) => i % 2 * 0xff);

/** Every line that a server prints. What a client sends can't pass for another. */
const LINE =
  /^(Accepted connection from \('127\.0\.0\.1', \d+\)|Received from client: (.*)|The client socket is closed)\n$/;

const honest = { right: 0, wrong: 0, slowest: 0, unlogged: new Set<string>() };

async function askHonestly(port: number): Promise<void> {
  const [number] = crypto.getRandomValues(new BigInt64Array(1));
  honest.unlogged.add(String(number));
  const start = performance.now();
  // Any failure counts as a wrong answer.
  const reply = await exchangeOnce(port, String(number)).catch(String);
  honest.slowest = Math.max(honest.slowest, performance.now() - start);
  honest[reply === String(2n * number) ? "right" : "wrong"]++;
}

function atOnce(count: number, run: () => Promise<void>) {
  return Promise.all(Array.from({ length: count }, run));
}

/** 200 honest requests, 8 at a time, beside 200 idle clients, 300 that flood the log, and other abuse. */
async function round(port: number): Promise<void> {
  using _idle = await crowd(port, 200);
  let flooding = true;
  const flood = atOnce(300, async () => {
    while (flooding) await exchangeOnce(port, FLOOD).catch(() => {});
  });
  await abuse(port, "reset-at-once", 100);
  await abuse(port, "send-and-reset", 100);
  await abuse(port, "connect-and-close", 100);
  for (const message of BAD_MESSAGES) await exchangeOnce(port, message);
  for (let i = 0; i < 25; i++) await atOnce(8, () => askHonestly(port));
  flooding = false;
  await flood;
}

const { seconds = "180" } = parseArgs(Deno.args, { string: ["seconds"] });
await using server = await startServer();
const { port, child } = server;
const log = { lines: 0, strange: 0 };

async function readLog(): Promise<void> {
  for (let line; (line = await server.until("\n")) !== ""; log.lines++) {
    const match = LINE.exec(line);
    if (match === null) log.strange++;
    else honest.unlogged.delete(match[2]);
  }
}

/** Soaks for a part of the time. Returns the server's memory after it, in MB. */
async function soak(part: number): Promise<number> {
  const end = performance.now() + part * 1000 * Number(seconds);
  while (performance.now() < end) await round(port);
  return (await usage(child.pid)).megabytes;
}

const logged = readLog();
await askHonestly(port);
const { descriptors } = await usage(child.pid);
const early = await soak(0.1);
const late = await soak(0.9);
await usageThat(child.pid, (it) => it.descriptors <= descriptors);
child.kill("SIGTERM");
await logged;
const { code, stderr } = await server.end();
console.log({ ...honest, ...log, early, late, stderr });
const wrong = {
  "honest requests without the right answer": honest.wrong,
  "honest requests without a line in the log": honest.unlogged.size,
  "lines that only a client can have written": log.strange,
  "MB of growth beyond a fifth": Math.max(0, late - 1.2 * early),
  "exit status at SIGTERM": code,
  "characters on standard error": stderr.length,
};
console.table(wrong);
if (Object.values(wrong).some((count) => count !== 0)) Deno.exit(1);
