/**
 * Clients that would take a server down, what they cost it, and the honest client that has to get its
 * answer all the same.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { deadline } from "@std/async/deadline";
import { delay } from "@std/async/delay";
import { exchangeOnce, PATIENCE_MS } from "./program.ts";

/** How long an honest client may wait for its answer, in milliseconds. */
const HONEST_MS = 1_000;

const ABUSE_SCRIPT = `${import.meta.dirname}/../testdata/abuse.py`;

/** What `testdata/abuse.py` does to each connection. */
export type Abuse = "reset-at-once" | "send-and-reset" | "connect-and-close";

/** Asks the server for the double of 21, and expects it within a second. */
export async function assertServes(port: number): Promise<void> {
  assertEquals(await deadline(exchangeOnce(port, "21"), HONEST_MS), "42");
}

/** Connects so many times, one after the other, and does to each connection what is asked for. */
export async function abuse(
  port: number,
  how: Abuse,
  count: number,
): Promise<void> {
  const { success, stderr } = await new Deno.Command("python3", {
    args: [ABUSE_SCRIPT, how, String(port), String(count)],
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

/** Connections that are open at the same time. Disposing of them closes them. */
export interface Crowd extends Disposable {
  /** The connections. */
  conns: Deno.TcpConn[];
}

/** Opens so many connections, and says nothing on them. */
export async function crowd(port: number, size: number): Promise<Crowd> {
  const conns: Deno.TcpConn[] = [];
  function close(): void {
    for (const conn of conns) conn.close();
  }
  try {
    while (conns.length < size) {
      conns.push(await Deno.connect({ hostname: "127.0.0.1", port }));
    }
  } catch (error) {
    close();
    throw error;
  }
  return { conns, [Symbol.dispose]: close };
}

/** What a process has taken of the system. */
export interface Usage {
  /** The processor time since its start, in seconds. */
  cpuSeconds: number;
  /** The memory that it has now, in megabytes. */
  megabytes: number;
  /** The file descriptors that it has open. */
  descriptors: number;
}

/** Looks up what a process has taken. By way of `sh`: Deno reads `/proc` with all permissions only. */
export async function usage(pid: number): Promise<Usage> {
  const { stdout } = await new Deno.Command("sh", {
    args: [
      "-c",
      `cut -d' ' -f14,15 /proc/$1/stat
       getconf CLK_TCK
       sed -n 's/^VmRSS:\\s*\\(.*\\) kB/\\1/p' /proc/$1/status
       ls /proc/$1/fd | wc -l`,
      "sh",
      String(pid),
    ],
  }).output();
  const numbers = new TextDecoder().decode(stdout).trim().split(/\s+/);
  if (numbers.length !== 5) throw new Error(`no process ${pid}`);
  const [user, system, ticks, kilobytes, descriptors] = numbers.map(Number);
  return {
    cpuSeconds: (user + system) / ticks,
    megabytes: kilobytes / 1024,
    descriptors,
  };
}

/** Waits until a process has so many file descriptors open, or fewer, or more. */
export async function descriptorsOf(
  pid: number,
  isReached: (descriptors: number) => boolean,
): Promise<number> {
  for (const start = performance.now();;) {
    const { descriptors } = await usage(pid);
    if (isReached(descriptors)) return descriptors;
    if (performance.now() - start > PATIENCE_MS) {
      throw new Error(`still ${descriptors} file descriptors`);
    }
    await delay(20);
  }
}
