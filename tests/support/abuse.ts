/** Clients that try to bring a server down, and what they cost it.
 * @module */

import { assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { exchangeOnce, PATIENCE_MS, runCommand } from "./program.ts";
import { pythonCommand } from "./python.ts";

const ABUSE_SCRIPT = `${import.meta.dirname}/../testdata/abuse.py`;

/** What `testdata/abuse.py` does to each connection. */
type Abuse = "reset-at-once" | "send-and-reset" | "connect-and-close";

/** Asks the server for the double of 21. */
export async function assertServes(port: number): Promise<void> {
  assertEquals(await exchangeOnce(port, "21"), "42");
}

/** Connects this many times, one after another, and treats each connection as told. */
export async function abuse(
  port: number,
  how: Abuse,
  count: number,
): Promise<void> {
  const args = [ABUSE_SCRIPT, how, String(port), String(count)];
  const { stderr } = await runCommand(pythonCommand(...args));
  assertEquals(stderr, "");
}

/** Opens this many connections, and leaves them idle. Disposing of them closes them. */
export async function crowd(port: number, size: number) {
  using stack = new DisposableStack();
  const conns: Deno.TcpConn[] = [];
  while (conns.length < size) {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    conns.push(stack.use(conn));
  }
  const opened = stack.move();
  return { conns, [Symbol.dispose]: () => opened.dispose() };
}

/** The resources that a process uses. */
export interface Usage {
  /** The memory that it has now, and the most that it had, in megabytes. */
  megabytes: number;
  peakMegabytes: number;
  /** The bytes that it has read from all files, sockets and pipes. */
  bytesRead: number;
  /** The file descriptors that it has open. */
  descriptors: number;
}

/** With `sh`, as Deno reads `/proc` only with all permissions. */
const READ_USAGE = `
sed -n 's/^Vm\\(HWM\\|RSS\\):\\s*\\(.*\\) kB/\\2/p' /proc/$1/status
sed -n 's/^rchar: //p' /proc/$1/io
ls /proc/$1/fd | wc -l
`;

/** Looks up the resources that a process uses. */
export async function usage(pid: number): Promise<Usage> {
  const command = ["sh", "-c", READ_USAGE, "sh", String(pid)];
  const { stdout } = await runCommand(command);
  const numbers = stdout.trim().split(/\s+/).map(Number);
  if (numbers.length !== 4) throw new Error(`no process ${pid}`);
  const [peak, now, bytesRead, descriptors] = numbers;
  const [megabytes, peakMegabytes] = [now / 1024, peak / 1024];
  return { megabytes, peakMegabytes, bytesRead, descriptors };
}

/** Waits until a process's use of resources meets the condition. */
export async function usageThat(
  pid: number,
  isReached: (usage: Usage) => boolean,
): Promise<Usage> {
  for (const start = performance.now();; await delay(20)) {
    const current = await usage(pid);
    if (isReached(current)) return current;
    const isLate = performance.now() - start > PATIENCE_MS;
    if (isLate) throw new Error(`it still has ${JSON.stringify(current)}`);
  }
}

const SET_LIMIT = `
import resource, sys
pid, name, limit = sys.argv[1:]
name = getattr(resource, "RLIMIT_" + name)
_, hard = resource.prlimit(int(pid), name)
resource.prlimit(int(pid), name, (hard if limit == "none" else int(limit), hard))
`;

/** Limits the number of descriptors that a process may open, or the size of its files, in bytes. */
export async function setLimit(
  pid: number,
  name: "NOFILE" | "FSIZE",
  limit: number | "none",
): Promise<void> {
  const args = ["-c", SET_LIMIT, String(pid), name, String(limit)];
  const { stderr } = await runCommand(pythonCommand(...args));
  assertEquals(stderr, "");
}
