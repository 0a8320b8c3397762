import { assert, assertEquals } from "@std/assert";
import { PROMPT } from "../client.ts";
import { HELP } from "../command_line.ts";
import config from "../deno.json" with { type: "json" };
import { stopSignal } from "../main.ts";
import { osErrorText } from "../python/os_error.ts";
import {
  MemoryInput,
  MemoryOutput,
  run,
  start,
} from "./support/environment.ts";
import { MemoryNetwork, send } from "./support/network.ts";
import { systemError } from "./support/system_error.ts";
import { FakeTime } from "./support/time.ts";

const DISK_FULL = systemError("ENOSPC");
const NO_READER = systemError("EPIPE");

function terminal(): MemoryOutput {
  return new MemoryOutput({ isTerminal: true });
}

/** An output on which every write fails. */
function failing(error: Error): MemoryOutput {
  const output = new MemoryOutput();
  output.fail(error);
  return output;
}

/** An output that takes nothing, yet does not fail. */
function stuck(output = new MemoryOutput()): MemoryOutput {
  output.pause();
  return output;
}

Deno.test("help and version are printed with and without a command; without either the help is an error", async () => {
  const version = `tcpcalc ${config.version}\n`;
  const cases: [string[], number, string, string][] = [
    [["--help"], 0, `${HELP}\n`, ""],
    [["serve", "-h", "1", "2"], 0, `${HELP}\n`, ""],
    [["-V"], 0, version, ""],
    [["client", "--version", "21"], 0, version, ""],
    [[], 2, "", `${HELP}\n`],
    [["--a\nb"], 2, "", 'tcpcalc: Unknown option "--a\\nb", see --help\n'],
  ];
  for (const [args, code, stdout, stderr] of cases) {
    assertEquals(await run(args), { code, stdout, stderr });
  }
});

Deno.test("the exit status is right even if nothing can be written", async () => {
  const full = `tcpcalc: ${osErrorText(DISK_FULL)}\n`;
  const cases: [string[], Error, MemoryOutput, number, string][] = [
    [["--help"], DISK_FULL, new MemoryOutput(), 1, full],
    // A reader that has gone away has what it wanted.
    [["--help"], NO_READER, new MemoryOutput(), 1, ""],
    [["--help"], DISK_FULL, failing(DISK_FULL), 1, ""],
    [["wat"], DISK_FULL, failing(DISK_FULL), 2, ""],
  ];
  for (const [args, error, stderr, code, text] of cases) {
    const end = await run(args, { stdout: failing(error), stderr });
    assertEquals(end, { code, stdout: "", stderr: text });
  }
});

Deno.test("serve listens on every port from 0 to 65535, and refuses any other in Python's words", async () => {
  for (
    const [operand, port] of [["-9000", 49152], ["-8999", 1], ["56535", 65535]]
  ) {
    await using server = start(["serve", `${operand}`]);
    const listening = `Server is listening on 127.0.0.1:${port}\n`;
    assertEquals(await server.stdout.until("\n"), listening);
  }
  const stderr = "OverflowError: bind(): port must be 0-65535.\n";
  for (const operand of ["56536", "-9001"]) {
    assertEquals(await run(["serve", operand]), {
      code: 1,
      stdout: "",
      stderr,
    });
  }
});

Deno.test("a signal ends the client with its status, whatever it waits for, and at a terminal's prompt on a new line", async () => {
  using time = new FakeTime();
  const cases: [command: string, typed: string, MemoryOutput, string][] = [
    ["client", "", terminal(), `${PROMPT}\n`],
    ["client", "", new MemoryOutput(), PROMPT],
    ["client -q", "", terminal(), ""],
    // A terminal that takes nothing keeps nothing from ending.
    ["client", "", stuck(terminal()), ""],
    ["client", "exit\n", stuck(), ""],
  ];
  for (const [command, typed, stdout, text] of cases) {
    const stdin = new MemoryInput();
    stdin.push(typed);
    const client = start(command.split(" "), { stdin, stdout });
    await time.advance(1);
    const stopped = client.stop(129);
    await time.advance(1_000);
    assertEquals(await stopped, { code: 129, stdout: text, stderr: "" });
    // In memory the process goes on.
    stdout.resume();
    stdin.end();
    await time.advance(1);
  }
});

Deno.test("a signal ends a client that waits for an answer, once the answers that it has are written", async () => {
  using time = new FakeTime();
  const network = new MemoryNetwork();
  const listener = network.listen(9001);
  const args = ["client", "-q", "--servers=1", "1", "2", "3"];
  const client = start(args, { network });
  for (const answer of ["2", "4"]) {
    const conn = await listener.accept();
    await send(conn, answer);
    conn.close();
    await time.advance(1);
  }
  const stopped = client.stop(130);
  await time.advance(1_000);
  const { code, stdout } = await stopped;
  assertEquals([code, stdout], [130, "2\n4\n"]);
  listener.close();
  await time.advance(1);
});

/** The signal handlers and exit statuses of a simulated process. */
interface FakeProcess extends Disposable {
  handlers: Map<Deno.Signal, () => void>;
  statuses: number[];
}

/** Stands in for what `stopSignal` uses of a process on a terminal. */
function fakeProcess(): FakeProcess {
  const { addSignalListener, exit, stdin, stdout, stderr } = Deno;
  const handlers = new Map<Deno.Signal, () => void>();
  const statuses: number[] = [];
  Object.assign(Deno, {
    addSignalListener: (signal: Deno.Signal, handler: () => void) =>
      handlers.set(signal, handler),
    exit: (status: number) => statuses.push(status),
    stdin: { isTerminal: () => false },
    stdout: { isTerminal: () => false },
    stderr: { isTerminal: () => true },
  });
  return {
    handlers,
    statuses,
    [Symbol.dispose]() {
      Object.assign(Deno, { addSignalListener, exit, stdin, stdout, stderr });
    },
  };
}

/** The signals that stop the program on a terminal, with the exit status of a process they kill. */
const STATUSES = new Map<Deno.Signal, number>([
  ["SIGINT", 130],
  ["SIGHUP", 129],
  ...(Deno.build.os === "windows" ? [] : [["SIGTERM", 143] as const]),
]);

Deno.test("the first signal stops the program, and the second ends it at once", () => {
  using time = new FakeTime();
  for (const [first, status] of STATUSES) {
    for (const [second, secondStatus] of STATUSES) {
      using process = fakeProcess();
      const signal = stopSignal();
      assert(!signal.aborted);
      process.handlers.get(first)!();
      assertEquals(signal.reason, status);
      assertEquals(process.statuses, []);
      time.freeze(1_000);
      process.handlers.get(second)!();
      assertEquals(process.statuses, [secondStatus]);
    }
  }
});

Deno.test("on a terminal a SIGINT that follows at once is the same key press", () => {
  using time = new FakeTime();
  using process = fakeProcess();
  stopSignal();
  const onInterrupt = process.handlers.get("SIGINT")!;
  onInterrupt();
  time.freeze(249);
  onInterrupt();
  assertEquals(process.statuses, []);
  time.freeze(1);
  onInterrupt();
  assertEquals(process.statuses, [130]);
});
