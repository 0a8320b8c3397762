import { assert, assertEquals, assertMatch } from "@std/assert";
import { PROMPT } from "../client.ts";
import { HELP } from "../command_line.ts";
import config from "../deno.json" with { type: "json" };
import { stopSignal } from "../main.ts";
import { osErrorLine, osErrorText } from "../python/os_error.ts";
import {
  MemoryInput,
  MemoryOutput,
  run,
  start,
} from "./support/environment.ts";
import {
  type MemoryListener,
  MemoryNetwork,
  readAll,
  send,
} from "./support/network.ts";
import { systemError } from "./support/system_error.ts";
import { FakeTime, settle } from "./support/time.ts";

const LISTENING = "Server is listening on 127.0.0.1:9001\n";
const ANSWER = "connected to Server 127.0.0.1:9001\nReceived from server: 42\n";

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

/** Asks a server, and returns its reply and the client's port. */
async function ask(
  network: MemoryNetwork,
  message: string,
  port = 9001,
): Promise<{ reply: string; port: number }> {
  using conn = await network.connect(port);
  await send(conn, message);
  return { reply: await readAll(conn), port: conn.localAddr.port };
}

/** A network with a server in memory. Disposing of it stops the server. */
async function networkWithServer(): Promise<
  { network: MemoryNetwork } & AsyncDisposable
> {
  const server = start(["serve", "1"]);
  await server.stdout.until("\n");
  return server;
}

Deno.test("help is printed with and without a command", async () => {
  for (
    const args of [["--help"], ["serve", "-h", "1", "2"], ["client", "-h"]]
  ) {
    assertEquals(
      await run(args),
      { code: 0, stdout: `${HELP}\n`, stderr: "" },
    );
  }
});

Deno.test("the version is printed with and without a command", async () => {
  for (const args of [["-V"], ["client", "--version", "21"]]) {
    assertEquals(
      await run(args),
      { code: 0, stdout: `tcpcalc ${config.version}\n`, stderr: "" },
    );
  }
});

Deno.test("without a command the help is an error", async () => {
  assertEquals(await run([]), { code: 2, stdout: "", stderr: `${HELP}\n` });
});

Deno.test("an invalid command line is reported in one line", async () => {
  assertEquals(await run(["client", "--a\nb"]), {
    code: 2,
    stdout: "",
    stderr: 'tcpcalc: Unknown option "--a\\nb", see --help\n',
  });
});

Deno.test("the exit status is right even if nothing can be written", async () => {
  const stdout = failing(DISK_FULL);
  assertEquals(await run(["--help"], { stdout }), {
    code: 1,
    stdout: "",
    stderr: `tcpcalc: ${osErrorText(DISK_FULL)}\n`,
  });
  // A reader that has gone away has what it wanted.
  assertEquals(
    await run(["--help"], { stdout: failing(NO_READER) }),
    { code: 1, stdout: "", stderr: "" },
  );
  const stderr = failing(DISK_FULL);
  for (const [args, code] of [[["--help"], 1], [["wat"], 2]] as const) {
    assertEquals(
      await run([...args], { stdout, stderr }),
      { code, stdout: "", stderr: "" },
    );
  }
});

Deno.test("serve prints its usage unless it has one operand", async () => {
  for (const operands of [[], ["1", "2"], ["a", "b", "c"], ["--"]]) {
    assertEquals(await run(["serve", ...operands]), {
      code: 1,
      stdout:
        "Usage: tcpcalc serve <server number>. For further information check readme file\n",
      stderr: "",
    });
  }
});

Deno.test("serve refuses an operand that is not an integer", async () => {
  for (
    const operand of [
      ...["", "abc", "1.0", "0x10", "1__0", "_1", "+ 1", "²", "\x1c1"],
      ...["-1.5", "-1e3", "-½", "- 5", "-_5", "-+5", `-${"5".repeat(5000)}`],
    ]
  ) {
    assertEquals(await run(["serve", operand]), {
      code: 1,
      stdout: "Invalid argument. Please provide an integer.\n",
      stderr: "",
    }, operand);
  }
});

Deno.test("serve refuses a number beyond the range of ports", async () => {
  for (const operand of ["56536", "-9001", "-９００１", "1" + "0".repeat(30)]) {
    assertEquals(await run(["serve", operand]), {
      code: 1,
      stdout: "",
      stderr: "OverflowError: bind(): port must be 0-65535.\n",
    }, operand);
  }
});

Deno.test("serve takes an operand in every form of an integer", async () => {
  for (
    const [operand, port] of [
      ...["5", "+5", " 5\t", "005", "0_5", "５"].map((form) => [form, 9005]),
      ...["-5", "-００5", "-0_5"].map((form) => [form, 8995]),
      ...[["-9000", "49152"], ["-8999", 1], ["56535", 65535]],
    ] as const
  ) {
    await using server = start(["serve", String(operand)]);
    assertEquals(
      await server.stdout.until("\n"),
      `Server is listening on 127.0.0.1:${port}\n`,
    );
  }
});

Deno.test("a port that can't be bound is reported as in Python, with a hint on a terminal if it is taken", async () => {
  const network = new MemoryNetwork();
  using _taken = network.listen(9001);
  const stderr = `${osErrorLine(systemError("EADDRINUSE"))}\n`;
  assertEquals(
    await run(["serve", "1"], { network, stdout: terminal() }),
    { code: 1, stdout: "", stderr },
  );
  assertEquals(await run(["serve", "1"], { network, stderr: terminal() }), {
    code: 1,
    stdout: "",
    stderr: stderr +
      "Hint: another program is listening on port 9001, perhaps a server started earlier; stop it, or choose another number\n",
  });

  class ClosedNetwork extends MemoryNetwork {
    override listen(): MemoryListener {
      const denied = new Deno.errors.PermissionDenied(
        "Permission denied (os error 13)",
      );
      throw Object.assign(denied, { code: "EACCES" });
    }
  }
  const end = await run(
    ["serve", "-8999"],
    { network: new ClosedNetwork(), stderr: terminal() },
  );
  assertEquals(end.code, 1);
  assertMatch(end.stderr, /^PermissionError: \[\w+ 13\] Permission denied\n$/);
});

Deno.test("the server answers and logs until it is stopped, and ends with status 0", async () => {
  const server = start(["serve", "1"]);
  assertEquals(await server.stdout.until("\n"), LISTENING);
  const { reply, port } = await ask(server.network, "21\n");
  assertEquals(reply, "42");
  assertEquals(await server.stop(), {
    code: 0,
    stdout: LISTENING +
      `Accepted connection from ('127.0.0.1', ${port})\n` +
      "Received from client: 21\\n\n",
    stderr: "",
  });
});

Deno.test("a quiet server prints where it listens, and nothing more", async () => {
  const server = start(["serve", "-q", "1"]);
  await server.stdout.until("\n");
  assertEquals((await ask(server.network, "21")).reply, "42");
  assertEquals(
    await server.stop(),
    { code: 0, stdout: LISTENING, stderr: "" },
  );
});

Deno.test("the server closes connections that stay idle for the time given", async () => {
  using time = new FakeTime();
  for (
    const [args, seconds] of [[[], 60], [["--idle-timeout=1.5"], 1.5]] as const
  ) {
    const server = start(["serve", "1", ...args]);
    await settle();
    using conn = await server.network.connect(9001);
    await settle();
    await time.advance(1000 * seconds - 1);
    const closed = readAll(conn);
    await time.advance(100);
    assertEquals(await closed, "");
    const stopped = server.stop();
    await time.advance(100);
    assertMatch((await stopped).stdout, /\nTimed out waiting for \(.+\)\n$/);
  }
});

/** The trace's lines, without their times. */
function traced(stderr: string): string[] {
  return stderr.trimEnd().split("\n").map((line) => {
    assertMatch(line, /^\d\d:\d\d:\d\d\.\d{3} {2}/);
    return line.slice("12:04:31.205  ".length);
  });
}

Deno.test("--trace shows the server's socket calls, and leaves standard output as it is", async () => {
  const server = start(["serve", "1", "--trace"]);
  await server.stdout.until("\n");
  const { port } = await ask(server.network, "21");
  const { code, stdout, stderr } = await server.stop();
  assertEquals(code, 0);
  assertEquals(
    stdout,
    LISTENING + `Accepted connection from ('127.0.0.1', ${port})\n` +
      "Received from client: 21\n",
  );
  const ends = `127.0.0.1:9001 <- 127.0.0.1:${port}`;
  assertEquals(traced(stderr), [
    "listen   127.0.0.1:9001",
    `accept   ${ends}`,
    `recv     ${ends}  2 bytes  21`,
    `send     127.0.0.1:9001 -> 127.0.0.1:${port}  2 bytes  42`,
    `close    127.0.0.1:9001 -> 127.0.0.1:${port}`,
    "close    127.0.0.1:9001",
  ]);
});

Deno.test("--trace shows the client's socket calls, and leaves standard output as it is", async () => {
  await using server = await networkWithServer();
  const { network } = server;
  const port = network.nextPort;
  const { code, stdout, stderr } = await run(
    ["client", "--servers=1", "--trace", "21"],
    { network },
  );
  assertEquals({ code, stdout }, { code: 0, stdout: ANSWER });
  assertEquals(traced(stderr), [
    `connect  127.0.0.1:${port} -> 127.0.0.1:9001`,
    `send     127.0.0.1:${port} -> 127.0.0.1:9001  2 bytes  21`,
    `recv     127.0.0.1:${port} <- 127.0.0.1:9001  2 bytes  42`,
    `recv     127.0.0.1:${port} <- 127.0.0.1:9001  end of stream`,
    `close    127.0.0.1:${port}`,
  ]);
});

Deno.test("lines that the output did not take are counted on standard error", async () => {
  using time = new FakeTime();
  for (const stdout of [stuck(), failing(DISK_FULL)]) {
    const server = start(["serve", "1"], { stdout });
    await settle();
    await ask(server.network, "21");
    const stopped = server.stop();
    await time.advance(4_500);
    assertEquals(await stopped, {
      code: 0,
      stdout: "",
      stderr: "Dropped 3 lines that could not be written\n",
    });
  }
});

Deno.test("the server ends within 5 s, whatever clients and outputs do", async () => {
  using time = new FakeTime();
  const server = start(["serve", "1", "--idle-timeout=0"], {
    stdout: stuck(),
    stderr: stuck(),
  });
  await settle();
  using _idle = await server.network.connect(9001);
  await settle();
  const stopped = server.stop();
  await time.advance(5_000);
  assertEquals((await stopped).code, 0);
});

Deno.test("the client sends its operands, and ends with 0 if each is answered with an integer", async () => {
  await using server = await networkWithServer();
  const { network } = server;
  const stdin = "not read\n";
  assertEquals(
    await run(["client", "--servers=1", "21", "21"], { network, stdin }),
    { code: 0, stdout: ANSWER + ANSWER, stderr: "" },
  );
  const { code } = await run(["client", "--servers=1", "21", "a"], { network });
  assertEquals(code, 1);
});

Deno.test("the client sends the lines of its input, and ends with 0 whatever the answers", async () => {
  await using server = await networkWithServer();
  const { network } = server;
  assertEquals(
    await run(["client", "--servers=1"], { network, stdin: "21\n\nexit\n" }),
    { code: 0, stdout: PROMPT + ANSWER + PROMPT + PROMPT, stderr: "" },
  );
  assertEquals(
    await run(["client", "--servers=1", "-q"], { network, stdin: "21\na" }),
    {
      code: 0,
      stdout: "42\n",
      stderr: "Received data is not valid integer\n",
    },
  );
});

Deno.test("the client uses the options and the random numbers that it is given", async () => {
  using time = new FakeTime();
  const network = new MemoryNetwork();
  using _silent = network.listen(9003);
  const running = start(
    ["client", "--servers=1,2,3", "--failover", "--timeout=1.5", "21"],
    { network, random: () => 0.999 },
  );
  await time.advance(1_500);
  await time.advance(0);
  const { code, stdout } = await running.finished();
  assertEquals(code, 1);
  assertMatch(
    stdout,
    /^connected to .+:9003\nFailed .+:9003 with error timed out\nFailed .+:9002 .+\nFailed .+:9001 .+\n$/,
  );
});

Deno.test("a hint follows a refused connection where standard error is a terminal", async () => {
  const args = ["client", "--servers=1", "21"];
  const { stderr } = await run(args, { stdout: terminal() });
  assertEquals(stderr, "");
  const end = await run(args, { stderr: terminal() });
  assertMatch(end.stderr, /^Hint: start server 1 .+\n$/);
  assertEquals(end.code, 1);
});

Deno.test("output that can't be written ends the client with one line on standard error", async () => {
  await using server = await networkWithServer();
  const { network } = server;
  for (const args of [["21", "21"], ["-q", "21"], [], ["-q"]]) {
    const stdin = "21\n".repeat(3);
    const command = ["client", "--servers=1", ...args];
    assertEquals(
      await run(command, { network, stdin, stdout: failing(DISK_FULL) }),
      {
        code: 1,
        stdout: "",
        stderr: `tcpcalc: ${osErrorText(DISK_FULL)}\n`,
      },
    );
    // A reader that has gone away has what it wanted.
    assertEquals(
      await run(command, { network, stdin, stdout: failing(NO_READER) }),
      { code: 1, stdout: "", stderr: "" },
    );
  }
});

Deno.test("standard error that can't be written is no reason to fail", async () => {
  await using server = await networkWithServer();
  const { network } = server;
  assertEquals(
    await run(["client", "-q", "--servers=1", "--trace", "21"], {
      network,
      stderr: failing(DISK_FULL),
    }),
    { code: 0, stdout: "42\n", stderr: "" },
  );
});

Deno.test("a signal ends the client with its status, and at a terminal's prompt on a new line", async () => {
  using time = new FakeTime();
  const cases: [args: string[], stdout: MemoryOutput, text: string][] = [
    [[], terminal(), `${PROMPT}\n`],
    [[], new MemoryOutput(), PROMPT],
    [["-q"], terminal(), ""],
  ];
  for (const [args, stdout, text] of cases) {
    const stdin = new MemoryInput();
    const client = start(["client", ...args], { stdin, stdout });
    await time.advance(1);
    assertEquals(
      await client.stop(129),
      { code: 129, stdout: text, stderr: "" },
    );
    // In memory the process goes on.
    stdin.end();
    await time.advance(1);
  }
});

Deno.test("a signal ends a client that is waiting for an answer", async () => {
  const network = new MemoryNetwork();
  const listener = network.listen(9001);
  const stdout = terminal();
  const client = start(["client", "--servers=1", "21"], { network, stdout });
  const conn = await listener.accept();
  await stdout.until("\n");
  const { code } = await client.stop(130);
  assertEquals(code, 130);
  assertEquals(stdout.text, "connected to Server 127.0.0.1:9001\n");
  conn.close();
  listener.close();
  await settle();
});

Deno.test("a signal ends a client once the answers that it has are written", async () => {
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
  assertEquals(await client.stop(130), {
    code: 130,
    stdout: "2\n4\n",
    stderr: "",
  });
  listener.close();
  await time.advance(1);
});

Deno.test("a terminal that takes nothing does not keep a signal from ending the client", async () => {
  using time = new FakeTime();
  const stdin = new MemoryInput();
  const stdout = stuck(terminal());
  const client = start(["client"], { stdin, stdout });
  await time.advance(1);
  const stopped = client.stop(130);
  await time.advance(200);
  assertEquals((await stopped).code, 130);
  stdout.resume();
  stdin.end();
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

/** The signals that the program handles on this system, with the exit status of a process they kill. */
const STATUSES: [Deno.Signal, number][] = [
  ["SIGINT", 130],
  ["SIGHUP", 129],
  ...(Deno.build.os === "windows" ? [] : [["SIGTERM", 143] as const]),
].map(([name, status]) => [name as Deno.Signal, status as number]);

Deno.test("the first signal stops the program, and the second ends it at once", () => {
  for (const [first, status] of STATUSES) {
    for (const [second, secondStatus] of STATUSES) {
      using process = fakeProcess({ isTerminal: false });
      const signal = stopSignal();
      assert(!signal.aborted);
      process.handlers.get(first)!();
      assertEquals(signal.reason, status);
      assertEquals(process.statuses, []);
      process.handlers.get(second)!();
      assertEquals(process.statuses, [secondStatus]);
    }
  }
});

Deno.test("on a terminal a SIGINT that follows at once is the same key press", () => {
  using time = new FakeTime();
  using process = fakeProcess({ isTerminal: true });
  const signal = stopSignal();
  const onInterrupt = process.handlers.get("SIGINT")!;
  onInterrupt();
  assertEquals(signal.reason, 130);
  time.freeze(249);
  onInterrupt();
  assertEquals(process.statuses, []);
  process.handlers.get("SIGHUP")!();
  assertEquals(process.statuses, [129]);
  time.freeze(1);
  onInterrupt();
  assertEquals(process.statuses, [129, 130]);
});

Deno.test("a limit on file size does not kill the program", () => {
  using process = fakeProcess({ isTerminal: false });
  const signal = stopSignal();
  process.handlers.get("SIGXFSZ")?.();
  assert(!signal.aborted);
  assertEquals(process.handlers.has("SIGXFSZ"), Deno.build.os !== "windows");
});
