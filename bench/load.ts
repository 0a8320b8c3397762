/** The load generator. It calls the C library directly, at 14 µs of processor time for an exchange, as in
 * C. With `Deno.connect` it would be 30 µs, more than the server takes.
 * @module */

import { percentile } from "./results.ts";

// Linux, on x86-64 and on ARM64.
const [AF_INET, SOCK_STREAM, SOCK_NONBLOCK] = [2, 1, 0x800];
const [POLLIN, POLLOUT, MSG_NOSIGNAL] = [1, 4, 0x4000];

// All sizes here fit in 32 bits, which saves the bigints.
const c = Deno.dlopen("libc.so.6", {
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  poll: { parameters: ["buffer", "u32", "i32"], result: "i32" },
  sched_setaffinity: { parameters: ["i32", "u32", "buffer"], result: "i32" },
  recv: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  send: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
}).symbols;

/** What clients send and get. By default each has its own numbers, which exposes a mix-up. */
export interface Load {
  clients: number;
  idle?: number;
  message?: Uint8Array<ArrayBuffer>;
  answer?: string;
}

/** The processor time of a process and all its threads, past ones included, in microseconds. */
export function processorTime(pid: number): number {
  const time = new BigInt64Array(2);
  // The clock of another process, as `clock_getcpuclockid` names it.
  if (c.clock_gettime(~pid << 3 | 2, time) !== 0) throw new Error("It ended");
  return Number(time[0]) * 1e6 + Number(time[1]) / 1e3;
}

/** Keeps this thread to the last processor, or lets it use all, as the programs do that it starts. */
function pin(isPinned: boolean): void {
  const count = Math.min(navigator.hardwareConcurrency, 64);
  const all = BigInt.asUintN(count, -1n);
  const mask = BigUint64Array.of(isPinned ? 1n << BigInt(count - 1) : all);
  c.sched_setaffinity(0, mask.byteLength, mask);
}

function connect(port: number, type: number): number {
  const socket = c.socket(AF_INET, type, 0);
  if (socket < 0) throw new Error("No socket: ulimit -n must be above 10,500");
  const address = new Uint8Array(16);
  // The port of a `sockaddr_in` is in network byte order.
  address.set([AF_INET, 0, port >> 8, port, 127, 0, 0, 1]);
  c.connect(socket, address, address.length);
  return socket;
}

/** Whether the server at a port answers. */
export function isAnswering(port: number): boolean {
  return putLoad(port, { clients: 1 }, 0).requests === 1;
}

/** Opens connections on which nothing is sent, until the result is disposed of. */
export function openIdle(port: number, count: number): Disposable {
  const open: number[] = [];
  while (open.length < count) {
    open.push(connect(port, SOCK_STREAM));
    // Connections are accepted in order, so after this answer the backlog is empty.
    if (open.length % 500 === 0) { while (!isAnswering(port)); }
  }
  return { [Symbol.dispose]: () => open.forEach((socket) => c.close(socket)) };
}

/**
 * Puts a load on the server at a port, and blocks until it is over: after this time no client starts
 * another exchange, and a second later those without an answer are given up. Throws for a wrong answer.
 * Returns the number of exchanges answered, their rate per second, and latency percentiles in milliseconds.
 */
export function putLoad(port: number, load: Load, seconds: number) {
  const { clients, message, answer } = load;
  const utf8 = new TextEncoder();
  const all = Array.from({ length: clients }, (_, i) => i);
  const messages = all.map((i) => message ?? utf8.encode(`${21 + i}`));
  const answers = all.map((i) => utf8.encode(answer ?? `${42 + 2 * i}`));
  const buffer = new Uint8Array(2048);
  // `struct pollfd`: a socket, then the events asked for and, in the upper half, those that occurred.
  const polled = new Int32Array(2 * clients);
  const started = new Float64Array(clients);
  const latencies: number[] = [];
  let open = clients;

  function send(i: number): void {
    const bytes = messages[i];
    const sent = c.send(polled[2 * i], bytes, bytes.length, MSG_NOSIGNAL);
    // A socket that takes nothing is not connected yet.
    polled[2 * i + 1] = sent === bytes.length ? POLLIN : POLLOUT;
  }

  function start(i: number): void {
    started[i] = performance.now();
    polled[2 * i] = connect(port, SOCK_STREAM | SOCK_NONBLOCK);
    send(i);
  }

  function receive(i: number): void {
    const size = c.recv(polled[2 * i], buffer, buffer.length, 0);
    c.close(polled[2 * i]);
    const isAnswer = size === answers[i].length &&
      answers[i].every((byte, at) => byte === buffer[at]);
    if (isAnswer) latencies.push(performance.now() - started[i]);
    else if (size > 0) throw new Error(`Client ${i} got a wrong answer`);
    if (performance.now() < end) return start(i);
    polled[2 * i] = -1; // `poll` skips it.
    open--;
  }

  pin(true);
  const begin = performance.now();
  const end = begin + 1000 * seconds;
  all.forEach(start);
  for (let left; open > 0 && (left = end + 1000 - performance.now()) > 0;) {
    c.poll(polled, clients, Math.ceil(left));
    for (let i = 0; i < clients; i++) {
      const events = polled[2 * i + 1] >> 16;
      if (events === POLLOUT) send(i);
      else if (events !== 0) receive(i);
    }
  }
  const rate = latencies.length / (performance.now() - begin) * 1000;
  pin(false);
  for (const i of all) if (polled[2 * i] >= 0) c.close(polled[2 * i]);
  const [p50, p99] = [0.5, 0.99].map((share) => percentile(latencies, share));
  return { requests: latencies.length, rate, p50, p99 };
}
