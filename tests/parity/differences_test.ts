import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { PROMPT } from "../../client.ts";
import { NOT_AN_INTEGER, TOO_LONG } from "../../calc.ts";
import { abuse, setLimit } from "../support/abuse.ts";
import {
  assertPending,
  type Difference,
  differenceTest,
  exchange,
  FakeServer,
  Peer,
} from "../support/differences.ts";
import { pythonPair } from "../support/lesson.ts";
import { linuxTest, programTest } from "../support/permissions.ts";
import {
  type Finished,
  runCommand,
  type Session,
  shCommand,
  startSession,
} from "../support/program.ts";
import { startOracle } from "../support/python.ts";
import {
  type Implementation,
  lastLine,
  start,
  tcpcalc,
} from "../support/transcripts.ts";

/** How many clients ask while another is silent, which makes six. */
const OTHERS = 5;

/** Leaves `client.py` without a descriptor for its first socket, which it makes before it prompts. */
const WITHOUT_FILES = `
import random, resource, socket
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
`;

const NO_SOCKET =
  "socket creation failed with error [Errno 24] Too many open files\n";

/** Runs a command to its end, with these bytes as its standard input, as `printf` writes them. */
function runWithInput(command: string[], format: string): Promise<Finished> {
  const script = 'format=$1; shift; printf "$format" | "$@"';
  return runCommand(shCommand(script, [format, ...command]));
}

/** Has the client ask a server played by the test, and returns what it prints for the reply. */
async function showReply(
  implementation: Implementation,
  reply: string | number[],
): Promise<Finished> {
  using server = new FakeServer();
  const client = runCommand(implementation.client([server.port]), "21\nexit\n");
  {
    using peer = await server.accept();
    await peer.send(reply);
  }
  return await client;
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

/** How a server ends when a client does this to it. */
async function endAfter(
  implementation: Implementation,
  abuseServer: (port: number) => Promise<unknown>,
): Promise<Finished> {
  const { port, session } = await start(implementation);
  await using _ = session;
  await abuseServer(port);
  return await session.end();
}

async function closeWithoutMessage(port: number): Promise<void> {
  using peer = await Peer.connect(port);
  await peer.sendNothing();
  assertEquals(await peer.receive(), null);
}

/** Stops a server while a client is connected, and starts the same server again before the client is gone. */
async function restart(implementation: Implementation): Promise<string> {
  const { port, session } = await start(implementation);
  await using first = session;
  using peer = await Peer.connect(port);
  await peer.send("21");
  await peer.receive();
  using idle = await Peer.connect(port);
  await first.until(idle.name);
  await first.stop("SIGKILL");
  await using second = startSession(
    implementation.server([String(port - 9000)]),
  );
  const line = await second.until("\n");
  if (line === "") return lastLine((await second.end()).stderr);
  return line.replace(String(port), "<port>").trimEnd();
}

/** The digits of V8's Unicode version, and of Python's. */
async function digitsOfVersions(): Promise<{ v8: string[]; python: string[] }> {
  await using oracle = startOracle();
  // The two planes that have digits, without the surrogates.
  const all = Array.from(
    { length: 0x20000 },
    (_, codePoint) => String.fromCodePoint(codePoint),
  ).filter((character) => !/\p{Cs}/u.test(character));
  const [python] = await oracle.ask("digits", [all.join("")]);
  return { v8: all.filter((c) => /\p{Nd}/u.test(c)), python: [...python] };
}

/**
 * Asks a server about the digits that only one of the versions has, and about one that both have. Returns
 * those that it takes for digits, and those of the version that it should follow.
 */
async function takenDigits(
  implementation: Implementation,
  version: "v8" | "python",
): Promise<{ taken: string[]; expected: string[] }> {
  const versions = await digitsOfVersions();
  const differing = new Set(versions.v8)
    .symmetricDifference(new Set(versions.python));
  const { port, session } = await start(implementation);
  await using _ = session;
  const digits = ["٣", ...differing];
  const taken: string[] = [];
  for (const digit of digits) {
    if (await exchange(port, digit) !== NOT_AN_INTEGER) taken.push(digit);
  }
  const expected = digits.filter((digit) => versions[version].includes(digit));
  return { taken, expected };
}

const DIFFERENCES: Difference[] = [
  {
    python:
      "one client at a time: a silent one blocks the rest, and a sixth waits in the queue",
    tcpcalc: "serves all at once, silent ones time out",
    test: "a silent client holds up nobody",
    async showPython() {
      const { port, session } = await start(pythonPair);
      await using _ = session;
      using silent = await Peer.connect(port);
      await session.until(silent.name);
      using stack = new DisposableStack();
      const replies = await askAll(port, stack);
      await assertPending(Promise.race(replies));
      await silent.send("1");
      assertEquals(await silent.receive(), "2");
      assertEquals(await Promise.all(replies), Array(OTHERS).fill("42"));
    },
    async showTcpcalc() {
      const { port, session } = await start({
        ...tcpcalc,
        server: (args) => [...tcpcalc.server(args), "--idle-timeout=0.5"],
      });
      await using _ = session;
      using silent = await Peer.connect(port);
      await session.until(silent.name);
      using stack = new DisposableStack();
      const replies = await askAll(port, stack);
      assertEquals(await Promise.all(replies), Array(OTHERS).fill("42"));
      assertEquals(await silent.receive(), null);
      await session.until(`Timed out waiting for ${silent.name}\n`);
    },
  },
  {
    python: "keeps a connection open until the next client comes",
    tcpcalc: "closes it after the reply",
    test: "a connection ends with its reply",
    async showPython() {
      const { port, session } = await start(pythonPair);
      await using _ = session;
      using peer = await Peer.connect(port);
      await peer.send("21");
      assertEquals(await peer.receive(), "42");
      const end = peer.receive();
      await assertPending(end);
      using next = await Peer.connect(port);
      assertEquals(await end, null);
      await next.send("4");
      assertEquals(await next.receive(), "8");
    },
    async showTcpcalc() {
      const { port, session } = await start(tcpcalc);
      await using _ = session;
      using peer = await Peer.connect(port);
      await peer.send("21");
      assertEquals(await peer.receive(), "42");
      assertEquals(await peer.receive(), null);
    },
  },
  {
    python:
      "a client that sends nothing ends the server; one that sends bytes that are not UTF-8, or resets, crashes it (`UnicodeDecodeError`, `BrokenPipeError`, `NameError`)",
    tcpcalc:
      "keeps serving; bytes that are not UTF-8 get `Received data is not valid integer`",
    test: "no client ends the server",
    async showPython() {
      const [noMessage, ...crashes] = await Promise.all([
        endAfter(pythonPair, closeWithoutMessage),
        endAfter(pythonPair, (port) => exchange(port, [0xff])),
        endAfter(pythonPair, (port) => abuse(port, "reset-at-once", 1)),
        endAfter(pythonPair, async (port) => {
          await exchange(port, "21");
          await abuse(port, "reset-at-once", 1);
        }),
      ]);
      assertEquals([noMessage.code, noMessage.stderr], [0, ""]);
      assertEquals(crashes.map(({ code }) => code), [1, 1, 1]);
      assertEquals(
        crashes.map(({ stderr }) => lastLine(stderr).split(":")[0]),
        ["UnicodeDecodeError", "NameError", "BrokenPipeError"],
      );
    },
    async showTcpcalc() {
      const { port, session } = await start(tcpcalc);
      await using _ = session;
      await closeWithoutMessage(port);
      assertEquals(await exchange(port, [0xff]), NOT_AN_INTEGER);
      await abuse(port, "reset-at-once", 1);
      assertEquals(await exchange(port, "21"), "42");
    },
  },
  {
    python: "doubles the first 1024 bytes of a longer message: a wrong number",
    tcpcalc:
      "`Received data is longer than 1024 bytes`, and that reply arrives, however much the client still sends",
    test: "a message that is too long is rejected",
    async showPython() {
      const { port, session } = await start(pythonPair);
      await using _ = session;
      const double = `1${"9".repeat(1023)}8`;
      assertEquals(await exchange(port, "9".repeat(1100)), double);
    },
    async showTcpcalc() {
      const { port, session } = await start(tcpcalc);
      await using _ = session;
      using peer = await Peer.connect(port);
      const [reply] = await Promise.all([
        peer.receive(),
        peer.send("9".repeat(8 * 1024 * 1024)),
      ]);
      assertEquals(reply, TOO_LONG);
      assertEquals(await peer.receive(), null);
    },
  },
  {
    python:
      "the client takes what one read returns as the reply, 1024 bytes at most: a wrong number if that is only a part",
    tcpcalc: "reads to the end of the reply",
    test: "a reply is read to its end",
    async showPython() {
      using server = new FakeServer();
      await using client = startSession(pythonPair.client([server.port]));
      await client.type("21\n");
      using peer = await server.accept();
      await peer.send("4");
      await client.until("Received from server: 4\n");
      await peer.send("2");
      const { stdout } = await showReply(pythonPair, "9".repeat(1025));
      assertStringIncludes(stdout, `server: ${"9".repeat(1024)}\n`);
    },
    async showTcpcalc() {
      using server = new FakeServer();
      await using client = startSession(tcpcalc.client([server.port]));
      await client.type("21\n");
      {
        using peer = await server.accept();
        await peer.send("4");
        await peer.send("2");
      }
      await client.until("Received from server: 42\n");
      const { stdout } = await showReply(tcpcalc, "9".repeat(1025));
      assertStringIncludes(stdout, `server: ${"9".repeat(1025)}\n`);
    },
  },
  {
    python:
      "prints what it received as it came: a client can forge lines or drive the terminal",
    tcpcalc: "shows it as `repr` does",
    test: "what was received is shown on one line",
    async showPython() {
      const { port, session } = await start(pythonPair);
      await using _ = session;
      await exchange(port, "1\n\x1b[2J\u200b");
      await session.until("Received from client: 1\n\x1b[2J\u200b\n");
      const { stdout } = await showReply(pythonPair, "1\n\x1b[2J\u200b");
      assertStringIncludes(stdout, "server: 1\n\x1b[2J\u200b\n");
    },
    async showTcpcalc() {
      const { port, session } = await start(tcpcalc);
      await using _ = session;
      await exchange(port, "1\n\x1b[2J\u200b");
      await session.until("Received from client: 1\\n\\x1b[2J\\u200b\n");
      const { stdout } = await showReply(tcpcalc, "1\n\x1b[2J\u200b");
      assertStringIncludes(stdout, "server: 1\\n\\x1b[2J\\u200b\n");
    },
  },
  {
    python:
      "input that is not UTF-8 crashes the client (and then ends the server); a reply that is not crashes it too",
    tcpcalc: "sends and shows the bytes",
    test: "input and replies may be any bytes",
    async showPython() {
      const { port, session } = await start(pythonPair);
      await using _ = session;
      const client = pythonPair.client([port]);
      const { stderr } = await runWithInput(client, "\\377\\n");
      assertStringIncludes(lastLine(stderr), "UnicodeEncodeError: ");
      assertEquals((await session.end()).code, 0);
      const end = await showReply(pythonPair, [0x34, 0xff]);
      assertStringIncludes(lastLine(end.stderr), "UnicodeDecodeError: ");
    },
    async showTcpcalc() {
      const { port, session } = await start(tcpcalc);
      await using _ = session;
      const client = tcpcalc.client([port]);
      const { code, stdout } = await runWithInput(client, "\\377\\n");
      await session.until("Received from client: \\xff\n");
      assertStringIncludes(stdout, `Received from server: ${NOT_AN_INTEGER}\n`);
      assertEquals(code, 0);
      const end = await showReply(tcpcalc, [0x34, 0xff]);
      assertStringIncludes(end.stdout, "Received from server: 4\\xff\n");
    },
  },
  {
    python: "an empty line hangs client and server for ever",
    tcpcalc: "the prompt comes again, nothing is sent",
    test: "an empty line is not sent",
    async showPython() {
      const { port, session } = await start(pythonPair);
      await using _ = session;
      await using client = startSession(pythonPair.client([port]));
      await client.type("\n21\n");
      await session.until("Accepted connection from");
      await assertHangs(client, port);
    },
    async showTcpcalc() {
      const { port, session } = await start(tcpcalc);
      await using _ = session;
      const client = tcpcalc.client([port]);
      const { stdout } = await runCommand(client, "\n21\nexit\n");
      assertEquals(
        stdout,
        `${PROMPT}${PROMPT}connected to Server 127.0.0.1:${port}\n` +
          `Received from server: 42\n${PROMPT}`,
      );
      assertStringIncludes(
        await session.until("Received from client: "),
        "Accepted connection from",
      );
    },
  },
  {
    python: "waits for ever for a reply",
    tcpcalc: "`--timeout`",
    test: "a server that does not reply is given up on",
    async showPython() {
      using server = new FakeServer();
      await using client = startSession(pythonPair.client([server.port]));
      await client.type("21\n");
      using _ = await server.accept();
      await assertHangs(client, server.port);
    },
    async showTcpcalc() {
      using server = new FakeServer();
      const client = [...tcpcalc.client([server.port]), "--timeout=0.1"];
      const end = runCommand(client, "21\nexit\n");
      using _ = await server.accept();
      assertStringIncludes(
        (await end).stdout,
        `Failed to connect to Server 127.0.0.1:${server.port} with error timed out\n`,
      );
    },
  },
  {
    python: "no socket at the start: one line, then a `NameError`",
    tcpcalc: "one line for each number, and the session goes on",
    test: "the session goes on when no socket is available",
    async showPython() {
      const [source, ...command] = pythonPair.client([1]).reverse();
      const end = await runCommand(
        [...command.reverse(), WITHOUT_FILES + source],
        "21\n",
      );
      assertEquals(end.stdout, NO_SOCKET + PROMPT);
      assertStringIncludes(lastLine(end.stderr), "NameError: ");
    },
    async showTcpcalc() {
      const { port, session } = await start(tcpcalc);
      await using _ = session;
      await using client = startSession(tcpcalc.client([port]));
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
  {
    python: "end of input, Ctrl-C, a taken port: a traceback",
    tcpcalc:
      "end of input ends the client (exit 0, after a newline); a signal ends the server cleanly; errors are one line",
    test: "nothing ends in a traceback",
    async showPython() {
      const { port, session } = await start(pythonPair);
      await using _ = session;
      const taken = await runCommand(
        pythonPair.server([String(port - 9000)]),
      );
      const endOfInput = await runCommand(pythonPair.client([port]));
      for (
        const [{ code, stderr }, status, line] of [
          [taken, 1, "OSError: [Errno 98] Address already in use"],
          [endOfInput, 1, "EOFError: EOF when reading a line"],
          [await session.stop("SIGINT"), 130, "KeyboardInterrupt"],
        ] as const
      ) {
        assertStringIncludes(stderr, "Traceback (most recent call last)");
        assertEquals([code, lastLine(stderr)], [status, line]);
      }
    },
    async showTcpcalc() {
      const { port, session } = await start(tcpcalc);
      await using _ = session;
      assertEquals(await runCommand(tcpcalc.server([String(port - 9000)])), {
        code: 1,
        stdout: "",
        stderr: "OSError: [Errno 98] Address already in use\n",
      });
      assertEquals(await runCommand(tcpcalc.client([port])), {
        code: 0,
        stdout: `${PROMPT}\n`,
        stderr: "",
      });
      assertEquals(await session.stop("SIGINT"), {
        code: 0,
        stdout: "",
        stderr: "",
      });
    },
  },
  {
    python:
      "a restart fails for up to a minute if a client was still connected",
    tcpcalc: "listens again at once",
    test: "a server that was stopped can be started again at once",
    async showPython() {
      assertEquals(
        await restart(pythonPair),
        "OSError: [Errno 98] Address already in use",
      );
    },
    async showTcpcalc() {
      assertEquals(
        await restart(tcpcalc),
        "Server is listening on 127.0.0.1:<port>",
      );
    },
  },
  {
    python: "port 0 is printed as 0",
    tcpcalc: "as the port that was chosen",
    test: "the port that the system chose is printed",
    async showPython() {
      await using server = startSession(pythonPair.server(["-9000"]));
      assertEquals(
        await server.until("\n"),
        "Server is listening on 127.0.0.1:0\n",
      );
    },
    async showTcpcalc() {
      await using server = startSession(tcpcalc.server(["-9000"]));
      const port = Number((await server.until("\n")).split(":")[1]);
      assertEquals(await exchange(port, "21"), "42");
    },
  },
  {
    python: "`\\r` before a line's end is sent with it",
    tcpcalc: "`\\r\\n` is one line end",
    test: "a line may end as on Windows",
    async showPython() {
      const { port, session } = await start(pythonPair);
      await using _ = session;
      await runCommand(pythonPair.client([port]), "21\r\nexit\r\nexit\n");
      await session.until("Received from client: 21\r\n");
      await session.until("Received from client: exit\r\n");
    },
    async showTcpcalc() {
      const { port, session } = await start(tcpcalc);
      await using _ = session;
      const client = tcpcalc.client([port]);
      const { stdout } = await runCommand(client, "21\r\nexit\r\n22\n");
      assertEquals(stdout.split(PROMPT).length - 1, 2);
      await session.until("Received from client: 21\n");
    },
  },
  {
    python: "`--` is not an integer",
    tcpcalc: "`--` ends the options",
    test: "two minus signs end the options",
    async showPython() {
      assertEquals(await runCommand(pythonPair.server(["--"])), {
        code: 1,
        stdout: "Invalid argument. Please provide an integer.\n",
        stderr: "",
      });
    },
    async showTcpcalc() {
      await using server = startSession(tcpcalc.server(["--", "-9000"]));
      assertStringIncludes(await server.until("\n"), "Server is listening on");
    },
  },
  {
    python: "digits of its own Unicode version",
    tcpcalc: "digits of V8's",
    test: "each takes the digits of its own Unicode version",
    async showPython() {
      const { taken, expected } = await takenDigits(pythonPair, "python");
      assertEquals(taken, expected);
    },
    async showTcpcalc() {
      const { taken, expected } = await takenDigits(tcpcalc, "v8");
      assertEquals(taken, expected);
    },
  },
];

for (const difference of DIFFERENCES) differenceTest(difference);

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
  "the documentation has these differences and no other",
  async () => {
    const rows = await readTable("Where it differs, on purpose");
    assertEquals(
      rows.map(([python, tcpcalc, _why, test]) => ({ python, tcpcalc, test })),
      DIFFERENCES.map(({ python, tcpcalc, test }) => ({
        python,
        tcpcalc,
        test,
      })),
    );
    assert(rows.every(([, , why]) => why !== ""));
  },
);

/** What is typed in the documentation's session; the last line once the server is gone. */
const TYPED = ["21", "-4", "1_000", "٣", "abc", "½", "7"];

/** What a client prints for each line typed, with 9001 for the server's port. */
async function holdSession(implementation: Implementation): Promise<string[]> {
  const { port, session } = await start(implementation);
  await using server = session;
  await using client = startSession(implementation.client([port]));
  const printed: string[] = [];
  await client.until(PROMPT);
  for (const line of TYPED) {
    if (line === TYPED.at(-1)) {
      await server.stop("SIGKILL");
    }
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
