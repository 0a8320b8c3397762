import { assert, assertEquals, assertMatch } from "@std/assert";
import { assertStringIncludes as assertIncludes } from "@std/assert";
import { NOT_AN_INTEGER, TOO_LONG } from "../../calc.ts";
import { PROMPT } from "../../client.ts";
import { abuse, setLimit } from "../support/abuse.ts";
import { pythonPair } from "../support/lesson.ts";
import { linuxTest, programTest } from "../support/permissions.ts";
import {
  exchangeOnce,
  type Finished,
  freePort,
  type Implementation,
  lastLine,
  Peer,
  runCommand,
  type Session,
  shCommand,
  start,
  startListening,
  startServer,
  startSession,
  tcpcalc,
} from "../support/program.ts";
import { onTerminal, startOracle } from "../support/python.ts";

/** Code that shows each side of a row of the table in `docs/python.md`. */
interface Difference {
  python: () => Promise<void>;
  tcpcalc: () => Promise<void>;
}

/** How long to wait for something that must not happen, in milliseconds. */
const PENDING_MS = 100;

const MEBIBYTE = 1024 * 1024;

/** How many clients ask while another is silent, which makes six. */
const OTHERS = 5;

const INVALID = "Invalid argument. Please provide an integer.\n";

const NO_SOCKET =
  "socket creation failed with error [Errno 24] Too many open files\n";

/** Leaves `client.py` without a descriptor for its first socket, which it makes before it prompts. */
const WITHOUT_FILES = `
import random, resource, socket
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
`;

/** Throws if the promise settles soon: what never happens can be awaited only for a while. */
async function assertPending(promise: Promise<unknown>): Promise<void> {
  const { promise: elapsed, resolve } = Promise.withResolvers<"pending">();
  const timer = setTimeout(() => resolve("pending"), PENDING_MS);
  const first = await Promise.race([promise, elapsed]);
  clearTimeout(timer);
  assertEquals(first, "pending");
}

/** A server played by the test, which reads this many bytes of a message. */
class FakeServer implements Disposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly port = this.#listener.addr.port;

  /** Resolves to the next client once so much of its message has arrived. */
  async accept(bytes = 1): Promise<Peer> {
    const peer = new Peer(await this.#listener.accept());
    while (bytes > 0) bytes -= (await peer.receive())!.length;
    return peer;
  }

  /** Replies to the next client, and closes. */
  async reply(message: string | number[], bytes?: number): Promise<void> {
    using peer = await this.accept(bytes);
    await peer.send(message);
  }

  [Symbol.dispose](): void {
    this.#listener.close();
  }
}

/** Has the client ask a server played by the test, and returns what it prints for the reply. */
async function showReply(
  { client }: Implementation,
  reply: string | number[],
): Promise<Finished> {
  using server = new FakeServer();
  const end = runCommand(client([server.port]), "21\nexit\n");
  await server.reply(reply);
  return await end;
}

/** Runs a command to its end, with a line that is not UTF-8 as its standard input. */
function runWithByte(command: string[], setting = ""): Promise<Finished> {
  return runCommand(
    shCommand(`printf '\\377\\n' | env ${setting} "$@"`, command),
  );
}

/** Expects a client to print nothing after it has connected, and ends it. */
async function assertHangs(client: Session, port: number): Promise<void> {
  await client.until(`connected to Server 127.0.0.1:${port}\n`);
  const more = client.until("\n");
  await assertPending(more);
  client.child.kill("SIGKILL");
  assertEquals(await more, "");
  await client.end();
}

/** Has the others ask a server, each on a connection of its own. Resolves when all have asked. */
async function askAll(
  port: number,
  stack: DisposableStack,
): Promise<Promise<string | null>[]> {
  const replies: Promise<string | null>[] = [];
  while (replies.length < OTHERS) {
    const peer = stack.use(await Peer.connect(port));
    await peer.send("21");
    replies.push(peer.receive());
  }
  return replies;
}

/** How `server.py` ends when a client does this to it. */
async function endAfter(
  abuseServer: (port: number) => Promise<unknown>,
): Promise<Finished> {
  await using server = await start(pythonPair);
  await abuseServer(server.port);
  return await server.end();
}

async function closeWithoutMessage(port: number): Promise<void> {
  using peer = await Peer.connect(port);
  await peer.closeWrite();
  assertEquals(await peer.receive(), null);
}

/** Kills a server while a client is connected, and starts the same server again before the client is gone. */
async function restart(implementation: Implementation): Promise<string> {
  await using server = await start(implementation);
  const { port } = server;
  assertEquals(await exchangeOnce(port, "21"), "42");
  using idle = await Peer.connect(port);
  await server.until(idle.name);
  await server.stop("SIGKILL");
  await using second = startSession(
    implementation.server([String(port - 9000)]),
  );
  const line = await second.until("\n");
  if (line === "") return lastLine((await second.end()).stderr);
  return line.replace(String(port), "<port>").trimEnd();
}

/**
 * Asks a server about the digits that only one of V8's and Python's Unicode versions has, and about one that
 * both have. Expects it to take those of one version.
 */
async function assertTakesDigits(
  implementation: Implementation,
  version: "v8" | "python",
): Promise<void> {
  await using oracle = startOracle();
  // The two planes that have digits, without the surrogates.
  const all = Array.from(
    { length: 0x20000 },
    (_, codePoint) => String.fromCodePoint(codePoint),
  ).filter((character) => !/\p{Cs}/u.test(character));
  const [digits] = await oracle.ask("digits", [all.join("")]);
  const v8 = new Set(all.filter((c) => /\p{Nd}/u.test(c)));
  const python = new Set(digits);
  await using server = await start(implementation);
  for (const digit of ["٣", ...v8.symmetricDifference(python)]) {
    const isTaken = await exchangeOnce(server.port, digit) !== NOT_AN_INTEGER;
    assertEquals(isTaken, { v8, python }[version].has(digit), digit);
  }
}

/** What a server prints about a client that has sent, and was reset while it waited in the queue. */
async function logOfResetInQueue(implementation: Implementation) {
  await using server = await start(implementation);
  server.child.kill("SIGSTOP");
  await abuse(server.port, "send-and-reset", 1);
  server.child.kill("SIGCONT");
  // Python's server may be gone.
  await exchangeOnce(server.port, "22").catch(() => {});
  const { stdout } = await server.stop();
  return stdout.replace(/'127.+\d/g, "<peer>");
}

/**
 * Has a client ask a server that resets every connection at once. Returns how many numbers failed for that
 * reason, and how many times it had connected.
 */
async function askResetting({ client }: Implementation): Promise<number[]> {
  await using oracle = startOracle();
  const [port] = await oracle.ask("reset", [null]);
  const end = await runCommand(client([port]), `${"21\n".repeat(20)}exit\n`);
  const failed = end.stdout.match(/ with error \[Errno 104\] .+\n/g);
  assertEquals(failed?.length, 20);
  return [20, end.stdout.match(/connected to/g)?.length ?? 0];
}

/** What a terminal shows for a number when nobody listens, up to the next prompt. */
async function refusedOnTerminal({ client }: Implementation): Promise<string> {
  await using session = startSession(onTerminal(client([freePort()])));
  await session.until(PROMPT);
  await session.type("21\n");
  await session.until("21\r\n");
  return await session.until(PROMPT);
}

/** By the names of the tests. */
const DIFFERENCES: Record<string, Difference> = {
  "a silent client holds up nobody": {
    async python() {
      await using server = await start(pythonPair);
      using silent = await Peer.connect(server.port);
      await server.until(silent.name);
      using stack = new DisposableStack();
      const replies = await askAll(server.port, stack);
      await assertPending(Promise.race(replies));
      await silent.send("1");
      assertEquals(await silent.receive(), "2");
      assertEquals(await Promise.all(replies), Array(OTHERS).fill("42"));
    },
    async tcpcalc() {
      await using server = await startServer({ args: ["--idle-timeout=0.5"] });
      using silent = await Peer.connect(server.port);
      await server.until(silent.name);
      using stack = new DisposableStack();
      const replies = await askAll(server.port, stack);
      assertEquals(await Promise.all(replies), Array(OTHERS).fill("42"));
      assertEquals(await silent.receive(), null);
      await server.until(`Timed out waiting for ${silent.name}\n`);
    },
  },
  "a connection ends with its reply": {
    async python() {
      await using server = await start(pythonPair);
      using peer = await Peer.connect(server.port);
      await peer.send("21");
      assertEquals(await peer.receive(), "42");
      const end = peer.receive();
      await assertPending(end);
      using next = await Peer.connect(server.port);
      assertEquals(await end, null);
      await next.send("4");
      assertEquals(await next.receive(), "8");
    },
    async tcpcalc() {
      await using server = await startServer();
      using peer = await Peer.connect(server.port);
      await peer.send("21");
      assertEquals(await peer.receive(), "42");
      assertEquals(await peer.receive(), null);
    },
  },
  "no client ends the server": {
    async python() {
      const [noMessage, ...crashes] = await Promise.all([
        endAfter(closeWithoutMessage),
        endAfter((port) => exchangeOnce(port, [0xff])),
        endAfter((port) => abuse(port, "reset-at-once", 1)),
        endAfter(async (port) => {
          await exchangeOnce(port, "21");
          await abuse(port, "reset-at-once", 1);
        }),
      ]);
      assertEquals([noMessage.code, noMessage.stderr], [0, ""]);
      assertEquals(
        crashes.map(({ code, stderr }) => [
          code,
          lastLine(stderr).split(":")[0],
        ]),
        [
          [1, "UnicodeDecodeError"],
          [1, "NameError"],
          [1, "BrokenPipeError"],
        ],
      );
    },
    async tcpcalc() {
      await using server = await startServer();
      await closeWithoutMessage(server.port);
      assertEquals(await exchangeOnce(server.port, [0xff]), NOT_AN_INTEGER);
      await abuse(server.port, "reset-at-once", 1);
      assertEquals(await exchangeOnce(server.port, "21"), "42");
    },
  },
  "a message that is too long is rejected": {
    async python() {
      await using server = await start(pythonPair);
      const double = `1${"9".repeat(1023)}8`;
      const reply = await exchangeOnce(server.port, "9".repeat(1100));
      assertEquals(reply, double);
    },
    async tcpcalc() {
      await using server = await startServer();
      using peer = await Peer.connect(server.port);
      const sending = peer.send("9".repeat(8 * MEBIBYTE));
      assertEquals(await peer.receive(), TOO_LONG);
      assertEquals(await peer.receive(), null);
      await sending;
    },
  },
  "a reply is read to its end": {
    async python() {
      using server = new FakeServer();
      await using client = startSession(pythonPair.client([server.port]));
      await client.type("21\n");
      using peer = await server.accept();
      await peer.send("4");
      await client.until("Received from server: 4\n");
      await peer.send("2");
    },
    async tcpcalc() {
      using server = new FakeServer();
      await using client = startSession(tcpcalc.client([server.port]));
      await client.type("21\n");
      {
        using peer = await server.accept();
        await peer.send("4");
        await peer.send("2");
      }
      await client.until("Received from server: 42\n");
    },
  },
  "what was received is shown on one line": {
    async python() {
      await using server = await start(pythonPair);
      await exchangeOnce(server.port, "1\n\x1b[2J\u200b");
      await server.until("Received from client: 1\n\x1b[2J\u200b\n");
      const { stdout } = await showReply(pythonPair, "1\n\x1b[2J\u200b");
      assertIncludes(stdout, "server: 1\n\x1b[2J\u200b\n");
    },
    async tcpcalc() {
      await using server = await startServer();
      await exchangeOnce(server.port, "1\n\x1b[2J\u200b");
      await server.until("Received from client: 1\\n\\x1b[2J\\u200b\n");
      const { stdout } = await showReply(tcpcalc, "1\n\x1b[2J\u200b");
      assertIncludes(stdout, "server: 1\\n\\x1b[2J\\u200b\n");
    },
  },
  "input and replies may be any bytes": {
    async python() {
      await using server = await start(pythonPair);
      const client = pythonPair.client([server.port]);
      // Where the locale is not C, before it connects.
      const strict = await runWithByte(client, "PYTHONIOENCODING=utf-8:strict");
      assertIncludes(lastLine(strict.stderr), "UnicodeDecodeError: ");
      assertEquals(strict.stdout, PROMPT);
      const inC = await runWithByte(client);
      assertIncludes(lastLine(inC.stderr), "UnicodeEncodeError: ");
      assertIncludes(inC.stdout, "connected to");
      assertEquals((await server.end()).code, 0);
      const end = await showReply(pythonPair, [0x34, 0xff]);
      assertIncludes(lastLine(end.stderr), "UnicodeDecodeError: ");
    },
    async tcpcalc() {
      await using server = await startServer();
      const end = await runWithByte(tcpcalc.client([server.port]));
      await server.until("Received from client: \\xff\n");
      assertIncludes(end.stdout, `Received from server: ${NOT_AN_INTEGER}\n`);
      assertEquals(end.code, 0);
      const { stdout } = await showReply(tcpcalc, [0x34, 0xff]);
      assertIncludes(stdout, "Received from server: 4\\xff\n");
    },
  },
  "an empty line is not sent": {
    async python() {
      await using server = await start(pythonPair);
      await using client = startSession(pythonPair.client([server.port]));
      await client.type("\n21\n");
      await server.until("Accepted connection from");
      await assertHangs(client, server.port);
    },
    async tcpcalc() {
      await using server = await startServer();
      const client = tcpcalc.client([server.port]);
      const { stdout } = await runCommand(client, "\n21\nexit\n");
      const answer = `connected to Server 127.0.0.1:${server.port}\n` +
        "Received from server: 42\n";
      assertEquals(stdout, PROMPT + PROMPT + answer + PROMPT);
    },
  },
  "a server that does not reply is given up on": {
    async python() {
      using server = new FakeServer();
      await using client = startSession(pythonPair.client([server.port]));
      await client.type("21\n");
      using _ = await server.accept();
      await assertHangs(client, server.port);
    },
    async tcpcalc() {
      using server = new FakeServer();
      const client = [...tcpcalc.client([server.port]), "--timeout=0.1"];
      const end = runCommand(client, "21\nexit\n");
      using _ = await server.accept();
      assertIncludes(
        (await end).stdout,
        `Failed to connect to Server 127.0.0.1:${server.port} with error timed out\n`,
      );
    },
  },
  "the session goes on when no socket is available": {
    async python() {
      const [source, ...command] = pythonPair.client([1]).reverse();
      const limited = [...command.reverse(), WITHOUT_FILES + source];
      const { stdout, stderr } = await runCommand(limited, "21\n");
      assertEquals(stdout, NO_SOCKET + PROMPT);
      assertIncludes(lastLine(stderr), "NameError: ");
    },
    async tcpcalc() {
      await using server = await startServer();
      await using client = startSession(tcpcalc.client([server.port]));
      await client.until(PROMPT);
      await setLimit(client.child.pid, "NOFILE", 0);
      await client.type("21\n21\n");
      assertEquals(await client.until(PROMPT), NO_SOCKET + PROMPT);
      assertEquals(await client.until(PROMPT), NO_SOCKET + PROMPT);
      await setLimit(client.child.pid, "NOFILE", "none");
      await client.type("21\n");
      await client.until("Received from server: 42\n");
    },
  },
  "nothing ends in a traceback": {
    async python() {
      await using server = await start(pythonPair);
      const { port } = server;
      const ends: [Finished, number, string][] = [
        [
          await runCommand(pythonPair.server([String(port - 9000)])),
          1,
          "OSError: [Errno 98] Address already in use",
        ],
        [
          await runCommand(pythonPair.client([port])),
          1,
          "EOFError: EOF when reading a line",
        ],
        [await server.stop("SIGINT"), 130, "KeyboardInterrupt"],
      ];
      for (const [{ code, stderr }, status, line] of ends) {
        assertIncludes(stderr, "Traceback (most recent call last)");
        assertEquals([code, lastLine(stderr)], [status, line]);
      }
    },
    async tcpcalc() {
      await using server = await startServer();
      const { port } = server;
      assertEquals(await runCommand(tcpcalc.server([String(port - 9000)])), {
        code: 1,
        stdout: "",
        stderr: "OSError: [Errno 98] Address already in use\n",
      });
      const nothing = { code: 0, stdout: "", stderr: "" };
      assertEquals(
        await runCommand(tcpcalc.client([port])),
        { ...nothing, stdout: `${PROMPT}\n` },
      );
      assertEquals(await server.stop("SIGINT"), nothing);
    },
  },
  "a server that was stopped can be started again at once": {
    async python() {
      assertEquals(
        await restart(pythonPair),
        "OSError: [Errno 98] Address already in use",
      );
    },
    async tcpcalc() {
      assertEquals(
        await restart(tcpcalc),
        "Server is listening on 127.0.0.1:<port>",
      );
    },
  },
  "the port that the system chose is printed": {
    async python() {
      await using server = startSession(pythonPair.server(["-9000"]));
      assertMatch(await server.until("\n"), / 127\.0\.0\.1:0\n$/);
    },
    async tcpcalc() {
      await using server = await startServer({ operand: "-9000" });
      assertEquals(await exchangeOnce(server.port, "21"), "42");
    },
  },
  "a line may end as on Windows": {
    async python() {
      await using server = await start(pythonPair);
      const client = pythonPair.client([server.port]);
      await runCommand(client, "21\r\nexit\r\nexit\n");
      await server.until("Received from client: 21\r\n");
      await server.until("Received from client: exit\r\n");
    },
    async tcpcalc() {
      await using server = await startServer();
      const client = tcpcalc.client([server.port]);
      const { stdout } = await runCommand(client, "21\r\nexit\r\n22\n");
      assertEquals(stdout.split(PROMPT).length - 1, 2);
      await server.until("Received from client: 21\n");
    },
  },
  "two minus signs end the options": {
    async python() {
      const { code, stdout } = await runCommand(pythonPair.server(["--"]));
      assertEquals([code, stdout], [1, INVALID]);
    },
    async tcpcalc() {
      await using server = startSession(tcpcalc.server(["--", "-9000"]));
      assertIncludes(await server.until("\n"), "Server is listening on");
    },
  },
  "each takes the digits of its own Unicode version": {
    python: () => assertTakesDigits(pythonPair, "python"),
    tcpcalc: () => assertTakesDigits(tcpcalc, "v8"),
  },
  "an unknown option is no operand": {
    async python() {
      for (const arg of ["-x", "--5"]) {
        const { code, stdout } = await runCommand(pythonPair.server([arg]));
        assertEquals([code, stdout], [1, INVALID]);
      }
    },
    async tcpcalc() {
      for (const arg of ["-x", "--5"]) {
        const { code, stderr } = await runCommand(tcpcalc.server([arg]));
        const line = `tcpcalc: Unknown option "${arg}", see --help\n`;
        assertEquals([code, stderr], [2, line]);
      }
    },
  },
  "neither a line nor a reply may be longer than 1 MiB": {
    async python() {
      using server = new FakeServer();
      const client = runCommand(
        pythonPair.client([server.port]),
        `${"1".repeat(MEBIBYTE + 1)}\nexit\n`,
      );
      await server.reply("9".repeat(MEBIBYTE + 1), MEBIBYTE + 1);
      assertIncludes(
        (await client).stdout,
        `Received from server: ${"9".repeat(1024)}\n`,
      );
    },
    async tcpcalc() {
      using server = new FakeServer();
      const client = runCommand(
        tcpcalc.client([server.port]),
        `${"1".repeat(MEBIBYTE + 1)}\n21\nexit\n`,
      );
      await server.reply("9".repeat(MEBIBYTE + 1), 2).catch(() => {});
      const { stdout, stderr } = await client;
      const tooLong = "longer than 1048576 bytes\n";
      assertEquals(stderr, `Not sent: the line is ${tooLong}`);
      assertIncludes(stdout, ` with error reply is ${tooLong}`);
    },
  },
  "a connection that was reset in the queue is not seen": {
    async python() {
      assertEquals(
        await logOfResetInQueue(pythonPair),
        "Accepted connection from (<peer>)\nReceived from client: 21\n",
      );
    },
    async tcpcalc() {
      assertEquals(
        await logOfResetInQueue(tcpcalc),
        "Accepted connection from (<peer>)\nReceived from client: 22\n",
      );
    },
  },
  "a hangup stops the server cleanly on a terminal, and not at all elsewhere": {
    async python() {
      await using server = await start(pythonPair);
      assertEquals((await server.stop("SIGHUP")).code, 129);
      // As `nohup` starts it.
      const command = pythonPair.server([String(freePort() - 9000)]);
      await using ignoring = await startListening(
        shCommand('trap "" HUP; exec "$@"', command),
      );
      ignoring.child.kill("SIGHUP");
      assertEquals(await exchangeOnce(ignoring.port, "21"), "42");
    },
    async tcpcalc() {
      await using server = await startServer();
      server.child.kill("SIGHUP");
      assertEquals(await exchangeOnce(server.port, "21"), "42");
      assertEquals((await server.stop()).code, 0);
      const command = shCommand(
        'echo "$$"; exec "$@"',
        tcpcalc.server(["-9000"]),
      );
      await using session = startSession(onTerminal(command));
      const pid = parseInt(await session.until("\n"));
      await session.until("Server is listening on");
      Deno.kill(pid, "SIGHUP");
      assertEquals((await session.end()).code, 0);
    },
  },
  "a server that resets at once is an error": {
    async python() {
      const [, connected] = await askResetting(pythonPair);
      assert(connected > 0);
    },
    async tcpcalc() {
      const [failed, connected] = await askResetting(tcpcalc);
      assert(connected <= failed);
    },
  },
  "a hint follows what a beginner meets on a terminal": {
    async python() {
      const screen = await refusedOnTerminal(pythonPair);
      assertMatch(screen, /^Failed .+ refused\r\nEnter number/);
    },
    async tcpcalc() {
      const screen = await refusedOnTerminal(tcpcalc);
      assertMatch(
        screen,
        /^Failed .+ refused\r\nHint: .*tcpcalc serve .+\r\nEnter number/,
      );
    },
  },
};

for (const [name, sides] of Object.entries(DIFFERENCES)) {
  linuxTest(name, async (t) => {
    await t.step("the Python pair", sides.python);
    await t.step("tcpcalc", sides.tcpcalc);
  });
}

/** The cells of each row, except the head, of the table below a heading of `docs/python.md`. */
async function readTable(heading: string): Promise<string[][]> {
  const page = await Deno.readTextFile(
    new URL("../../docs/python.md", import.meta.url),
  );
  const section = page.split(`\n## ${heading}\n`)[1].split("\n## ")[0];
  return section.split("\n")
    .filter((line) => line.startsWith("|"))
    .slice(2)
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
}

programTest(
  "the documentation has these differences and no other, each with its reason",
  async () => {
    const rows = await readTable("Where it differs, on purpose");
    assertEquals(
      rows.map(([_python, _tcpcalc, _why, test]) => test),
      Object.keys(DIFFERENCES),
    );
    assert(rows.every((cells) => cells.every((cell) => cell !== "")));
  },
);

/** What is typed in the documentation's session; the last line once the server is gone. */
const TYPED = ["21", "-4", "1_000", "٣", "abc", "½", "7"];

/** What a client prints for each line typed, with 9001 for the server's port. */
async function holdSession(implementation: Implementation): Promise<string[]> {
  await using server = await start(implementation);
  const { port } = server;
  await using client = startSession(implementation.client([port]));
  const printed: string[] = [];
  await client.until(PROMPT);
  for (const line of TYPED) {
    if (line === TYPED.at(-1)) await server.stop("SIGKILL");
    await client.type(`${line}\n`);
    const text = await client.until(PROMPT);
    printed.push(text.slice(0, -PROMPT.length).replace(`:${port}`, ":9001"));
  }
  return printed;
}

linuxTest(
  "the documentation's session is what both clients print",
  async () => {
    const [python, actual] = await Promise.all(
      [pythonPair, tcpcalc].map(holdSession),
    );
    const inCode = (text: string) =>
      text.trimEnd().split("\n").map((line) => `\`${line}\``).join("<br>");
    assertEquals(
      await readTable("A session with both"),
      TYPED.map((line, index) =>
        [line, python[index], actual[index]].map(inCode)
      ),
    );
  },
);
