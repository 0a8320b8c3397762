/**
 * The load generator: some clients at once, each of which connects, sends a number, checks the answer,
 * and starts anew. It prints one line of JSON, and holds its silent connections until its standard
 * input ends.
 *
 * It calls the C library itself. By `Deno.connect` an exchange costs 30 µs of processor time here,
 * more than it costs the server, and the generator would measure itself; this way it is 14 µs, as in
 * a C program. No permission but `--allow-ffi` is needed, and no compiler.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { percentile } from "./results.ts";

/** What the generator prints. Times are in seconds, latencies in milliseconds. */
export interface LoadReport {
  /** How many exchanges were answered. */
  requests: number;
  /** How many were refused, reset, or not answered by the end. */
  unanswered: number;
  /** How long it took. */
  seconds: number;
  /** Processor time of the generator. */
  generatorCpu: number;
  /** The median latency, from before the connection to the reply. */
  median: number;
  /** The 99th percentile of the latency. */
  p99: number;
}

/** How long after the end an answer still counts, in milliseconds. */
const GRACE_MS = 1_000;

// Linux, on x86-64 and on ARM64.
const AF_INET = 2;
const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0x800;
const MSG_NOSIGNAL = 0x4000;
const POLLIN = 1;
const POLLOUT = 4;
const CLOCKS_PER_SEC = 1e6;

const FUNCTIONS = {
  clock: { parameters: [], result: "i64" },
  close: { parameters: ["i32"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  poll: { parameters: ["buffer", "usize", "i32"], result: "i32" },
  recv: { parameters: ["i32", "buffer", "usize", "i32"], result: "isize" },
  send: { parameters: ["i32", "buffer", "usize", "i32"], result: "isize" },
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
} as const;

/** Puts the load on a server, and reports. */
function run(
  { port, clients, silent, seconds }: {
    port: number;
    clients: number;
    silent: number;
    seconds: number;
  },
): LoadReport {
  const c = Deno.dlopen("libc.so.6", FUNCTIONS).symbols;

  /** The port of a `sockaddr_in` is in network byte order. */
  const address = new Uint8Array(16);
  address.set([AF_INET, 0, port >> 8, port & 0xff, 127, 0, 0, 1]);

  function connect(type: number): number {
    const socket = c.socket(AF_INET, type, 0);
    if (socket < 0) throw new Error("The system has no socket to give");
    const refused = c.connect(socket, address, address.length) !== 0;
    // A socket that does not block may connect later.
    if (refused && !(type & SOCK_NONBLOCK)) {
      throw new Error(`No connection to port ${port}`);
    }
    return socket;
  }

  for (let i = 0; i < silent; i++) connect(SOCK_STREAM);

  // Each client has its own number, so an answer that went to the wrong one is found out.
  const encoder = new TextEncoder();
  const messages = Array.from(
    { length: clients },
    (_, i) => encoder.encode(String(21 + i)),
  );
  const answers = messages.map((_, i) => encoder.encode(String(42 + 2 * i)));
  const buffer = new Uint8Array(64);

  // The array of `struct pollfd` { int fd; short events; short revents; } that `poll` takes.
  const polled = new Int32Array(2 * clients);
  const started = new Float64Array(clients);
  const latencies: number[] = [];
  let unanswered = 0;
  let open = clients;

  function send(client: number): void {
    const message = messages[client];
    const sent = c.send(
      polled[2 * client],
      message,
      BigInt(message.length),
      MSG_NOSIGNAL,
    );
    // It is not connected yet if it can't take a few bytes.
    polled[2 * client + 1] = Number(sent) === message.length ? POLLIN : POLLOUT;
  }

  function start(client: number, now: number): void {
    started[client] = now;
    polled[2 * client] = connect(SOCK_STREAM | SOCK_NONBLOCK);
    send(client);
  }

  function receive(client: number): void {
    const size = Number(
      c.recv(polled[2 * client], buffer, BigInt(buffer.length), 0),
    );
    c.close(polled[2 * client]);
    const answer = answers[client];
    const isAnswer = size === answer.length &&
      answer.every((byte, i) => byte === buffer[i]);
    const now = performance.now();
    if (isAnswer) latencies.push(now - started[client]);
    else if (size > 0) throw new Error(`Client ${client} got a wrong answer`);
    else unanswered++;
    if (now < end) {
      start(client, now);
    } else {
      // `poll` passes over what is negative.
      polled[2 * client] = -1;
      open--;
    }
  }

  const cpuBefore = c.clock();
  const begin = performance.now();
  const end = begin + 1000 * seconds;
  const deadline = end + GRACE_MS;
  for (let client = 0; client < clients; client++) start(client, begin);
  while (open > 0) {
    const left = deadline - performance.now();
    if (left <= 0) break;
    c.poll(polled, BigInt(clients), Math.ceil(left));
    for (let client = 0; client < clients; client++) {
      const events = polled[2 * client + 1];
      if (polled[2 * client] < 0 || events >> 16 === 0) continue;
      if (events >> 16 === POLLOUT) send(client);
      else receive(client);
    }
  }
  const took = performance.now() - begin;
  const generatorCpu = Number(c.clock() - cpuBefore) / CLOCKS_PER_SEC;

  const sorted = Float64Array.from(latencies).sort();
  return {
    requests: sorted.length,
    unanswered: unanswered + open,
    seconds: took / 1000,
    generatorCpu,
    median: percentile(sorted, 0.5),
    p99: percentile(sorted, 0.99),
  };
}

if (import.meta.main) {
  const { port, clients, silent, seconds } = parseArgs(Deno.args);
  console.log(JSON.stringify(run({ port, clients, silent, seconds })));
  await Deno.stdin.readable.pipeTo(new WritableStream());
}
