import { assert, assertEquals, assertMatch } from "@std/assert";
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
import { MemoryNetwork, readAll, send } from "./support/network.ts";
import { systemError } from "./support/system_error.ts";
import { FakeTime, settle } from "./support/time.ts";

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

Deno.test("on a terminal a hint follows a port that is in use, and a server number out of range", async () => {
  const network = new MemoryNetwork();
  using _taken = network.listen(9001);
  const hints: [string, RegExp][] = [
    ["1", /^OSError: .+\nHint: .*port 9001 is in use.*\n$/],
    ["56536", /^OverflowError: .+\nHint: .*-9000.*56535.*\n$/],
    ["-9001", /^OverflowError: .+\nHint: .*-9000.*56535.*\n$/],
    ["abc", /^$/],
  ];
  for (const [operand, lines] of hints) {
    const args = ["serve", operand];
    const { code, stderr } = await run(args, { network, stderr: terminal() });
    assertEquals(code, 1);
    assertMatch(stderr, lines);
    const end = await run(args, { network, stdout: terminal() });
    assertEquals(end.stderr, stderr.replace(/^Hint.+\n/m, ""));
  }
});

/** What a trace prints, with "…" for the times. */
function traceOf({ stderr }: { stderr: string }): string {
  return stderr.replace(/^\d\d:\d\d:\d\d\.\d{3} {2}/gm, "… ");
}

Deno.test("--trace shows the socket calls of both sides, and leaves standard output as it is", async () => {
  const server = start(["serve", "1", "--trace"]);
  const { network } = server;
  await server.stdout.until("\n");
  const local = `127.0.0.1:${network.nextPort}`;
  const client = await run(
    ["client", "--servers=1", "--trace", "21"],
    { network },
  );
  const stopped = await server.stop();
  assertEquals(
    traceOf(client),
    `… connect  ${local} -> 127.0.0.1:9001
… send     ${local} -> 127.0.0.1:9001  2 bytes  21
… recv     ${local} <- 127.0.0.1:9001  2 bytes  42
… recv     ${local} <- 127.0.0.1:9001  end of stream
… close    ${local}
`,
  );
  assertEquals(
    traceOf(stopped),
    `… listen   127.0.0.1:9001
… accept   127.0.0.1:9001 <- ${local}
… recv     127.0.0.1:9001 <- ${local}  2 bytes  21
… send     127.0.0.1:9001 -> ${local}  2 bytes  42
… close    127.0.0.1:9001 -> ${local}
… close    127.0.0.1:9001
`,
  );
  assertEquals(
    client.stdout + stopped.stdout.replaceAll(/'127.+\d/g, "<client>"),
    "connected to Server 127.0.0.1:9001\nReceived from server: 42\n" +
      "Server is listening on 127.0.0.1:9001\n" +
      "Accepted connection from (<client>)\nReceived from client: 21\n",
  );
});

Deno.test("a trace shows the error of a call that failed, but not of one that a close has ended", async () => {
  using time = new FakeTime();
  const network = new MemoryNetwork();
  const args = ["serve", "1", "--trace", "--idle-timeout=1"];
  const server = start(args, { network });
  await settle();
  network.listenerOn(9001)!.failAccept(systemError("EMFILE"));
  const resetting = await network.connect(9001);
  using _idle = await network.connect(9001);
  await time.advance(10);
  resetting.reset();
  await time.advance(2_000);
  const stopped = server.stop();
  await time.advance(5_000);
  const errors = traceOf(await stopped).match(/^… .+\[\w+ \d+\].+/gm)!
    .map((line) => line.replace(/ {2}.*\[/, " ["));
  assertEquals(errors, [
    `… accept ${osErrorText(systemError("EMFILE"))}`,
    `… recv ${osErrorText(systemError("ECONNRESET"))}`,
  ]);
  const client = ["client", "--servers=1", "--trace", "21"];
  assertEquals(
    traceOf(await run(client, { network })),
    `… connect  127.0.0.1 -> 127.0.0.1:9001  ${
      osErrorText(systemError("ECONNREFUSED"))
    }\n`,
  );
  using _taken = network.listen(9001);
  const { stderr } = await run(args, { network });
  assertMatch(stderr, / {2}listen {3}127\.0\.0\.1:9001 {2}\[\w+ 98] .+\nOSE/);
});

Deno.test("a trace shows the first 64 bytes, and on a terminal gives each connection a color, unless the user wants none", async () => {
  const message = "9".repeat(2_000);
  const sent = ` -> 127.0.0.1:9001  2000 bytes  ${"9".repeat(64)}…`;
  for (const noColor of [false, true]) {
    const network = new MemoryNetwork();
    await using server = start(["serve", "1", "--trace"], { network });
    await server.stdout.until("\n");
    const args = ["client", "--servers=1", "--trace", message, message];
    const end = await run(args, { network, stderr: terminal(), noColor });
    assertEquals(end.stderr.split(sent).length - 1, 2);
    await server.stderr.until("shutdown 127.0.0.1:9001 -> ");
    const colors = end.stderr.trimEnd().split("\n").map((line) =>
      line.endsWith("\x1b[0m") ? line.split("m")[0] : "none"
    );
    assertEquals(new Set(colors).size, noColor ? 1 : 2);
    assertEquals(colors.includes("none"), noColor);
  }
});

Deno.test("lines that the output did not take are counted on standard error, never too low", async () => {
  using time = new FakeTime();
  for (const stdout of [stuck(), failing(DISK_FULL)]) {
    const server = start(["serve", "1"], { stdout });
    await settle();
    using conn = await server.network.connect(9001);
    await send(conn, "21");
    assertEquals(await readAll(conn), "42");
    const stopped = server.stop();
    await time.advance(5_000);
    const { code, stderr } = await stopped;
    assertEquals(code, 0);
    const [, count] =
      /^Lines that could not be written, at most: (\d+)\n$/.exec(stderr) ?? [];
    assert(Number(count) >= 3, stderr);
  }
});

Deno.test("the server ends within 5 s, whatever clients and outputs do", async () => {
  using time = new FakeTime();
  const outputs = { stdout: stuck(), stderr: stuck() };
  const server = start(["serve", "1", "--idle-timeout=0"], outputs);
  await settle();
  using _idle = await server.network.connect(9001);
  await settle();
  const stopped = server.stop();
  await time.advance(5_000);
  assertEquals((await stopped).code, 0);
});

Deno.test("a signal ends the client with its status, and at a terminal's prompt on a new line", async () => {
  using time = new FakeTime();
  const cases: [args: string[], stdout: MemoryOutput, text: string][] = [
    [[], terminal(), `${PROMPT}\n`],
    [[], new MemoryOutput(), PROMPT],
    [["-q"], terminal(), ""],
    // A terminal that takes nothing keeps nothing from ending.
    [[], stuck(terminal()), ""],
  ];
  for (const [args, stdout, text] of cases) {
    const stdin = new MemoryInput();
    const client = start(["client", ...args], { stdin, stdout });
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

/** Stands in for what `stopSignal` uses of the process. */
function fakeProcess({ isTerminal }: { isTerminal: boolean }): FakeProcess {
  const { addSignalListener, exit, stdin, stdout, stderr } = Deno;
  const handlers = new Map<Deno.Signal, () => void>();
  const statuses: number[] = [];
  Object.assign(Deno, {
    addSignalListener: (signal: Deno.Signal, handler: () => void) =>
      handlers.set(signal, handler),
    exit: (status: number) => statuses.push(status),
    stdin: { isTerminal: () => false },
    stdout: { isTerminal: () => false },
    stderr: { isTerminal: () => isTerminal },
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
      using process = fakeProcess({ isTerminal: true });
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

Deno.test("SIGHUP does nothing where no standard stream is a terminal", () => {
  using process = fakeProcess({ isTerminal: false });
  const signal = stopSignal();
  process.handlers.get("SIGHUP")!();
  assert(!signal.aborted);
  process.handlers.get("SIGINT")!();
  process.handlers.get("SIGHUP")!();
  assertEquals(process.statuses, []);
  process.handlers.get("SIGINT")!();
  assertEquals(process.statuses, [130]);
});

Deno.test("on a terminal a SIGINT that follows at once is the same key press", () => {
  using time = new FakeTime();
  using process = fakeProcess({ isTerminal: true });
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

Deno.test("a limit on file size does not kill the program", () => {
  using process = fakeProcess({ isTerminal: false });
  const signal = stopSignal();
  process.handlers.get("SIGXFSZ")?.();
  assert(!signal.aborted);
  assertEquals(process.handlers.has("SIGXFSZ"), Deno.build.os !== "windows");
});
