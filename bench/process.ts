/**
 * The programs that the benchmark starts, and what Linux says about them.
 *
 * @module
 */

import { delay } from "@std/async/delay";

/** The line that every server prints when its socket accepts. */
const LISTENING = /^Server is listening on 127\.0\.0\.1:(\d+)$/m;

/** How long a server may take to start, in milliseconds. */
const START_MS = 10_000;

/** The unit of processor time in `/proc`: 100 a second on every usual system (`getconf CLK_TCK`). */
const CLOCK_TICKS_PER_SECOND = 100;

/** What has been used up to a moment. */
export interface Usage {
  /** Processor time of the process, all its threads, in seconds. */
  serverCpu: number;
  /** Processor time of the whole machine, in seconds. */
  machineCpu: number;
  /** The process's resident memory, in MiB. */
  memory: number;
}

/** A server that listens. Disposing of it kills it. */
export interface Server extends AsyncDisposable {
  /** The port that the system chose. */
  port: number;
  /** What the server has used so far. */
  usage(): Promise<Usage>;
}

/** A program that has said something. Disposing of it kills it. */
export interface Speaker extends AsyncDisposable {
  /** The first line of its standard output. */
  line: string;
}

/**
 * What a shell command prints, without the last newline.
 *
 * @param command The command, as the shell reads it.
 * @returns Its output, or `undefined` if it failed.
 */
export async function shell(command: string): Promise<string | undefined> {
  const { success, stdout } = await new Deno.Command("sh", {
    args: ["-c", command],
    stderr: "null",
  }).output();
  return success ? new TextDecoder().decode(stdout).trimEnd() : undefined;
}

/** The port that a server says it listens on. */
export function listeningPort(output: string): number | undefined {
  const match = LISTENING.exec(output);
  return match === null ? undefined : Number(match[1]);
}

async function kill(child: Deno.ChildProcess): Promise<void> {
  child.kill("SIGKILL");
  await child.status;
}

async function usage(pid: number): Promise<Usage> {
  // Deno reads `/proc` only with all permissions; `cat` needs none.
  const text = await shell(
    `cat /proc/${pid}/stat /proc/${pid}/status /proc/stat`,
  );
  if (text === undefined) throw new Error(`Process ${pid} has ended`);
  // The fields after the second, the name: it alone can hold a blank.
  const stat = text.slice(text.indexOf(") ") + 2).split(" ", 13).map(Number);
  const [userTime, systemTime] = stat.slice(11);
  const machine = /^cpu +(.*)$/m.exec(text)![1].split(" ").map(Number);
  const [user, nice, system, _idle, _ioWait, irq, softIrq] = machine;
  return {
    serverCpu: (userTime + systemTime) / CLOCK_TICKS_PER_SECOND,
    machineCpu: (user + nice + system + irq + softIrq) /
      CLOCK_TICKS_PER_SECOND,
    memory: Number(/^VmRSS:\s+(\d+) kB$/m.exec(text)![1]) / 1024,
  };
}

/**
 * Starts a server, all its output going to a file.
 *
 * @param command The program and its arguments.
 * @returns The server, when it listens.
 */
export async function startServer(command: string[]): Promise<Server> {
  const log = await Deno.makeTempFile({
    dir: "/tmp",
    prefix: "tcpcalc-bench-",
  });
  // The shell replaces itself by the server, so the process is the server's.
  const child = new Deno.Command("sh", {
    args: ["-c", 'exec "$@" >"$0" 2>&1', log, ...command],
    stdin: "null",
  }).spawn();
  const giveUp = performance.now() + START_MS;

  async function dispose(): Promise<void> {
    await kill(child);
    await Deno.remove(log);
  }

  let port: number | undefined;
  while (port === undefined) {
    await delay(5);
    const output = await Deno.readTextFile(log);
    port = listeningPort(output);
    if (port === undefined && performance.now() > giveUp) {
      await dispose();
      throw new Error(`${command.join(" ")} does not listen: ${output}`);
    }
  }
  return {
    port,
    usage: () => usage(child.pid),
    [Symbol.asyncDispose]: dispose,
  };
}

/**
 * Starts a program, and waits for the first line that it prints.
 *
 * @param command The program and its arguments.
 * @returns The program and the line.
 */
export async function startSpeaker(command: string[]): Promise<Speaker> {
  const child = new Deno.Command("sh", {
    args: ["-c", 'exec "$@"', "sh", ...command],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let line = "";
  while (!line.endsWith("\n")) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`${command.join(" ")} printed no line`);
    line += value;
  }
  return {
    line,
    async [Symbol.asyncDispose]() {
      await kill(child);
      await child.stdin.close().catch(() => {});
      await reader.cancel();
    },
  };
}
