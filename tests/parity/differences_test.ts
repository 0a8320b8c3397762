import { assert, assertEquals, assertMatch } from "@std/assert";
import { NOT_AN_INTEGER, TOO_LONG } from "../../calc.ts";
import { PROMPT } from "../../client.ts";
import { abuse, setLimit } from "../support/abuse.ts";
import { pythonPair } from "../support/lesson.ts";
import { linuxTest, programTest } from "../support/permissions.ts";
import {
  exchangeOnce,
  freePort,
  type Implementation,
  lastLine,
  PATIENCE_MS,
  Peer,
  runCommand,
  shCommand,
  start,
  startSession,
  tcpcalc,
} from "../support/program.ts";
import {
  charactersThat,
  onTerminal,
  startResetting,
} from "../support/python.ts";

/**
 * A row of the table in `docs/python.md`: what is done to both, what comes of it with the Python pair, and
 * what with tcpcalc. Text is compared whole, or with a pattern.
 */
type Difference = [
  act: (implementation: Implementation) => unknown,
  python: unknown,
  tcpcalc: unknown,
];

const MEBIBYTE = 1024 * 1024;
const PENDING = "still pending";
const NO_SOCKET =
  "socket creation failed with error [Errno 24] Too many open files\n";

/** What comes of a promise. What never comes can be awaited only for a while. */
async function outcome(
  promise: Promise<unknown>,
  implementation: Implementation,
): Promise<unknown> {
  const ms = implementation === pythonPair ? 100 : PATIENCE_MS;
  const elapsed = Promise.withResolvers<unknown>();
  const timer = setTimeout(() => elapsed.resolve(PENDING), ms);
  const first = await Promise.race([promise, elapsed.promise]);
  clearTimeout(timer);
  return first;
}

/** The exit status, and the last line of standard error; "…" stands for those before it. */
function ending({ code, stderr }: { code: number; stderr: string }) {
  const before = stderr.trimEnd().includes("\n") ? "… " : "";
  return [code, before + lastLine(stderr)];
}

/** A server played by the test. */
class FakeServer implements Disposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly port = this.#listener.addr.port;

  /** Resolves to the next client once so much of its message has arrived. */
  async accept(bytes = 1): Promise<Peer> {
    const peer = new Peer(await this.#listener.accept());
    while (bytes > 0) bytes -= (await peer.receive())!.length;
    return peer;
  }

  [Symbol.dispose](): void {
    this.#listener.close();
  }
}

/** What the client prints for a reply, and how it ends. */
async function showReply(
  { client }: Implementation,
  reply: string | number[],
): Promise<[string, string]> {
  using server = new FakeServer();
  const running = runCommand(client([server.port]), "21\nexit\n");
  {
    using peer = await server.accept();
    // The client may be gone before it has read all.
    await peer.send(reply).catch(() => {});
  }
  const { stdout, stderr } = await running;
  const [, shown = ""] = /(?:server: |error )([^]*)\nEnter/.exec(stdout) ?? [];
  return [shown, lastLine(stderr).split(":")[0]];
}

/** Has five clients ask while another says nothing. Returns what one of them gets meanwhile. */
async function askBesideSilent(implementation: Implementation) {
  await using server = await start(implementation);
  using silent = await Peer.connect(server.port);
  await server.until(silent.name);
  const replies = Array.from("12345", (n) => exchangeOnce(server.port, n));
  const meanwhile = await outcome(Promise.race(replies), implementation);
  await silent.send("1");
  assertEquals(await silent.receive(), "2");
  assertEquals(await Promise.all(replies), ["2", "4", "6", "8", "10"]);
  return meanwhile === PENDING ? PENDING : "an answer";
}

async function closeWithoutMessage(port: number): Promise<void> {
  using peer = await Peer.connect(port);
  await peer.closeWrite();
  assertEquals(await peer.receive(), null);
}

/** What a server answers to another client once one has done this, or how it has ended. */
async function serveAfter(
  implementation: Implementation,
  act: (port: number) => Promise<unknown>,
) {
  await using server = await start(implementation);
  await act(server.port);
  const answer = await exchangeOnce(server.port, "21").catch(() => undefined);
  if (answer) return answer;
  const [code, line] = ending(await server.end());
  return `${code} ${line}`.split(":")[0];
}

/** Runs a client with a line that is not UTF-8 as its input. Returns what it ends with. */
async function sendByte(implementation: Implementation, setting = "") {
  await using server = await start(implementation);
  const script = `printf '\\377\\n' | env ${setting} "$@"`;
  const command = shCommand(script, implementation.client([server.port]));
  const { stdout, stderr } = await runCommand(command);
  const connected = stdout.includes("connected to") ? "connected, " : "";
  return connected + lastLine(stderr).split(":")[0];
}

/** What a client prints when its second line is answered. */
async function answerAfterEmptyLine(implementation: Implementation) {
  await using server = await start(implementation);
  await using client = startSession(implementation.client([server.port]));
  await client.type("\n21\n");
  await server.until("Accepted");
  const shown = await outcome(client.until(": 42\n"), implementation);
  client.child.kill("SIGKILL");
  return shown;
}

/** What a client prints about a server that does not reply. */
async function waitForReply(implementation: Implementation) {
  using server = new FakeServer();
  const command = [...implementation.client([server.port]), "--timeout=0.1"];
  await using client = startSession(command);
  await client.type("21\n");
  using _ = await server.accept();
  await client.until(`connected to Server 127.0.0.1:${server.port}\n`);
  const shown = await outcome(client.until("timed out\n"), implementation);
  client.child.kill("SIGKILL");
  return shown;
}

/** Leaves a client without a descriptor from the start, or a while later. Returns what it prints. */
async function askWithoutSocket(implementation: Implementation) {
  await using server = await start(implementation);
  const command = implementation.client([server.port]);
  if (implementation === pythonPair) {
    const source = `import random, resource, socket
resource.setrlimit(resource.RLIMIT_NOFILE, (0, 9))
${command.pop()}`;
    const { stdout, stderr } = await runCommand([...command, source], "21\n");
    return stdout + lastLine(stderr).split(":")[0];
  }
  await using client = startSession(command);
  await client.until(PROMPT);
  await setLimit(client.child.pid, "NOFILE", 0);
  await client.type("21\n");
  const shown = await client.until(PROMPT);
  await setLimit(client.child.pid, "NOFILE", "none");
  await client.type("21\n");
  await client.until("Received from server: 42\n");
  return shown;
}

/** How a second server on the same port, a client without input, and an interrupted server end. */
async function endEach(implementation: Implementation) {
  await using server = await start(implementation);
  const { port } = server;
  const ends = [
    await runCommand(implementation.server([String(port - 9000)])),
    await runCommand(implementation.client([port])),
    await server.stop("SIGINT"),
  ];
  return ends.map(ending);
}

/** Kills a server while a client is connected, and starts the same server again before the client is gone. */
async function restart(implementation: Implementation) {
  await using server = await start(implementation);
  const { port } = server;
  assertEquals(await exchangeOnce(port, "21"), "42");
  using idle = await Peer.connect(port);
  await server.until(idle.name);
  await server.stop("SIGKILL");
  const command = implementation.server([String(port - 9000)]);
  await using second = startSession(command);
  return await second.until("\n") || lastLine((await second.end()).stderr);
}

/** How many prompts there are for lines that end as on Windows, and what the server receives. */
async function typeWindowsLines(implementation: Implementation) {
  await using server = await start(implementation);
  const command = implementation.client([server.port]);
  const { stdout } = await runCommand(command, "21\r\nexit\r\nexit\n");
  const log = (await server.stop()).stdout;
  return [stdout.split(PROMPT).length - 1, log.match(/(?<=client: )[^]*?\n/g)];
}

/** Whose Unicode version a server has, by the digits that only one of V8's and Python's has. */
async function unicodeVersionOf(implementation: Implementation) {
  // The two planes that have digits, without the surrogates.
  const all = Array.from({ length: 0x20000 }, (_, c) => String.fromCodePoint(c))
    .filter((character) => !/\p{Cs}/u.test(character));
  const ofPython = new Set(await charactersThat("digit", all));
  const ofV8 = new Set(all.filter((character) => /\p{Nd}/u.test(character)));
  await using server = await start(implementation);
  const taken = new Set<string>();
  for (const digit of ofV8.symmetricDifference(ofPython)) {
    const reply = await exchangeOnce(server.port, digit);
    if (reply !== NOT_AN_INTEGER) taken.add(digit);
  }
  const isOf = (digits: Set<string>, others: Set<string>) =>
    taken.symmetricDifference(digits.difference(others)).size === 0;
  return [isOf(ofPython, ofV8) && "Python", isOf(ofV8, ofPython) && "V8"];
}

/** How a server ends when it is given these operands. */
async function serveWith(implementation: Implementation, operand: string) {
  const end = await runCommand(implementation.server([operand]));
  return [end.code, end.stdout + end.stderr];
}

/** How much of a line of more than 1 MiB is sent, or what the client says instead. */
async function sendLongLine({ client }: Implementation) {
  using server = new FakeServer();
  const line = `${"1".repeat(MEBIBYTE + 1)}\n`;
  const running = runCommand(client([server.port]), `${line}exit\n`);
  const sent = server.accept(MEBIBYTE + 1).then((peer) => {
    peer[Symbol.dispose]();
    return "all of it";
  });
  const first = await Promise.race([sent, running]);
  // If it has ended without sending, nobody is accepted any more.
  sent.catch(() => {});
  return typeof first === "string" ? first : first.stderr;
}

/** What a server logs of a client that has sent, and was reset while it waited in the queue, and of another. */
async function logOfResetInQueue(implementation: Implementation) {
  await using server = await start(implementation);
  server.child.kill("SIGSTOP");
  await abuse(server.port, "send-and-reset", 1);
  server.child.kill("SIGCONT");
  // Python's server may be gone.
  await exchangeOnce(server.port, "22").catch(() => {});
  const { stdout } = await server.stop();
  return stdout.match(/(?<=client: ).+/g);
}

/** What becomes of a server at SIGHUP: alone, as `nohup` starts it, and on a terminal. */
async function hangUp(implementation: Implementation) {
  const results = [];
  for (const script of ["", 'trap "" HUP;']) {
    await using running = await start(
      implementation,
      (command) => shCommand(`${script} exec "$@"`, command),
    );
    running.child.kill("SIGHUP");
    const replies = [];
    // The last ones come after the signal has been seen.
    for (const number of "123") {
      replies.push(
        await exchangeOnce(running.port, number).catch(() => "gone"),
      );
    }
    results.push(replies.at(-1), (await running.stop()).code);
  }
  const server = implementation.server(["-9000"]);
  const command = shCommand('echo "$$"; exec "$@"', server);
  await using session = startSession(onTerminal(command));
  const pid = parseInt(await session.until("\n"));
  await session.until("Server is listening on");
  Deno.kill(pid, "SIGHUP");
  return [...results, (await session.end()).code];
}

/** Has a client ask a server that resets every connection at once. Returns the kinds of what it prints. */
async function askResetting({ client }: Implementation) {
  await using server = await startResetting();
  const stdin = `${"21\n".repeat(20)}exit\n`;
  const { stdout } = await runCommand(client([server.port]), stdin);
  const failures = stdout.split(PROMPT).slice(1, -1);
  assert(
    failures.every((it) =>
      /^(connected .+\n)?Failed .+ 10[47]] .+\n$/.test(it)
    ),
  );
  return `${failures.length} failures, ${stdout.includes("connected")}`;
}

/** The hints that a terminal shows: of a port that is taken, of none, and of a server that refuses twice. */
async function hintsOnTerminal({ server, client }: Implementation) {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const inUse = String(taken.addr.port - 9000);
  const screens = [];
  for (
    const [command, typed] of [
      [server([inUse]), ""],
      [server(["56536"]), ""],
      [client([freePort()]), "21\n22\nexit\n"],
    ] as const
  ) {
    screens.push((await runCommand(onTerminal(command), typed)).stdout);
  }
  return screens.map((screen) => screen.match(/(?<=^Hint: ).*(?=\r)/gm));
}

const FORGED = "1\nAccepted connection from ('6.6.6.6', 666)\x1b[2J";
const SHOWN = "1\\nAccepted connection from ('6.6.6.6', 666)\\x1b[2J";
const INVALID = [1, "Invalid argument. Please provide an integer.\n"];
const IN_USE = "OSError: [Errno 98] Address already in use";

function unknownOption(option: string) {
  return [2, `tcpcalc: Unknown option "${option}", see --help\n`];
}

/** By the names of the tests. */
const DIFFERENCES: Record<string, Difference> = {
  "a silent client holds up nobody": [askBesideSilent, PENDING, "an answer"],
  "a connection ends with its reply": [
    async (implementation) => {
      await using server = await start(implementation);
      using peer = await Peer.connect(server.port);
      await peer.send("21");
      assertEquals(await peer.receive(), "42");
      const end = peer.receive();
      const first = await outcome(end, implementation);
      assertEquals(await exchangeOnce(server.port, "4"), "8");
      assertEquals(await end, null);
      return first;
    },
    PENDING,
    null,
  ],
  "no client ends the server": [
    (implementation) =>
      Promise.all([
        serveAfter(implementation, closeWithoutMessage),
        serveAfter(implementation, (port) => exchangeOnce(port, [0xff])),
        serveAfter(implementation, (port) => abuse(port, "reset-at-once", 1)),
        serveAfter(implementation, async (port) => {
          await exchangeOnce(port, "21");
          await abuse(port, "reset-at-once", 1);
        }),
      ]),
    ["0 ", "1 … UnicodeDecodeError", "1 … NameError", "1 … BrokenPipeError"],
    ["42", "42", "42", "42"],
  ],
  "a message that is too long is rejected": [
    async (implementation) => {
      await using server = await start(implementation);
      return await exchangeOnce(server.port, "9".repeat(1100));
    },
    `1${"9".repeat(1023)}8`,
    TOO_LONG,
  ],
  "a reply is read to its end": [
    (implementation) => showReply(implementation, "9".repeat(1025)),
    ["9".repeat(1024), ""],
    ["9".repeat(1025), ""],
  ],
  "what was received is shown on one line": [
    async (implementation) => {
      await using server = await start(implementation);
      await exchangeOnce(server.port, FORGED);
      const log = (await server.stop()).stdout.split("client: ")[1];
      return [log, (await showReply(implementation, FORGED))[0]];
    },
    [`${FORGED}\n`, FORGED],
    [`${SHOWN}\n`, SHOWN],
  ],
  "input and replies may be any bytes": [
    async (implementation) => [
      // In the C locale, and elsewhere.
      await sendByte(implementation),
      await sendByte(implementation, "PYTHONIOENCODING=utf-8:strict"),
      await showReply(implementation, [0x34, 0xff]),
    ],
    [
      "connected, UnicodeEncodeError",
      "UnicodeDecodeError",
      ["", "UnicodeDecodeError"],
    ],
    ["connected, ", "connected, ", ["4\\xff", ""]],
  ],
  "an empty line is not sent": [answerAfterEmptyLine, PENDING, /: 42\n$/],
  "a server that does not reply is given up on": [
    waitForReply,
    PENDING,
    /^Failed .+ with error timed out\n$/,
  ],
  "the session goes on when no socket is available": [
    askWithoutSocket,
    `${NO_SOCKET}${PROMPT}NameError`,
    NO_SOCKET + PROMPT,
  ],
  "nothing ends in a traceback": [
    endEach,
    [
      [1, `… ${IN_USE}`],
      [1, "… EOFError: EOF when reading a line"],
      [130, "… KeyboardInterrupt"],
    ],
    [[1, IN_USE], [0, ""], [0, ""]],
  ],
  "a server that was stopped can be started again at once": [
    restart,
    IN_USE,
    /^Server is listening/,
  ],
  "the port that the system chose is printed": [
    async ({ server }) => {
      await using session = startSession(server(["-9000"]));
      return await session.until("\n");
    },
    "Server is listening on 127.0.0.1:0\n",
    /^Server is listening on 127\.0\.0\.1:[1-9]\d+\n$/,
  ],
  "a line may end as on Windows": [
    typeWindowsLines,
    [3, ["21\r\n", "exit\r\n"]],
    [2, ["21\n"]],
  ],
  "two minus signs end the options": [
    (implementation) => serveWith(implementation, "--").then(String),
    String(INVALID),
    /^1,Usage: /,
  ],
  "each takes the digits of its own Unicode version": [
    unicodeVersionOf,
    /Python/,
    /V8/,
  ],
  "an unknown option is no operand": [
    async (implementation) => [
      await serveWith(implementation, "-x"),
      await serveWith(implementation, "--5"),
    ],
    [INVALID, INVALID],
    [unknownOption("-x"), unknownOption("--5")],
  ],
  "neither a line nor a reply may be longer than 1 MiB": [
    async (implementation) => [
      await sendLongLine(implementation),
      ...await showReply(implementation, "9".repeat(MEBIBYTE + 1)),
    ],
    ["all of it", "9".repeat(1024), ""],
    [
      "Not sent: the line is longer than 1048576 bytes\n",
      "reply is longer than 1048576 bytes",
      "",
    ],
  ],
  "a connection that was reset in the queue is not seen": [
    logOfResetInQueue,
    ["21"],
    ["22"],
  ],
  "SIGHUP stops the server cleanly on a terminal, and not at all elsewhere": [
    hangUp,
    ["gone", 129, "6", 143, 129],
    ["6", 0, "6", 0, 0],
  ],
  "a server that resets at once is an error": [
    askResetting,
    "20 failures, true",
    /^20 failures/,
  ],
  "a hint follows what a beginner meets on a terminal": [
    hintsOnTerminal,
    [null, null, null],
    /^[^,]+ is in use.*,[^,]+ -9000 to 56535,[^,]+ tcpcalc serve \d+[^,]+$/,
  ],
};

for (const [name, [act, ...outcomes]] of Object.entries(DIFFERENCES)) {
  linuxTest(name, async (t) => {
    for (const [index, side] of ["the Python pair", "tcpcalc"].entries()) {
      await t.step(side, async () => {
        const actual = await act([pythonPair, tcpcalc][index]);
        const expected = outcomes[index];
        if (!(expected instanceof RegExp)) assertEquals(actual, expected);
        else assertMatch(String(actual), expected);
      });
    }
  });
}

programTest(
  "the documentation has these differences and no other, each with its reason",
  async () => {
    const url = new URL("../../docs/python.md", import.meta.url);
    const page = await Deno.readTextFile(url);
    const [, section] = page.split("\n## Where it differs, on purpose\n");
    const [, table] = /^\|[- |]+\|\n((?:\|.*\n)+)/m.exec(section)!;
    const rows = table.trimEnd().split("\n")
      .map((row) => row.split("|").slice(1, -1).map((cell) => cell.trim()));
    assertEquals(rows.map((cells) => cells[3]), Object.keys(DIFFERENCES));
    assert(rows.every((cells) => cells.every((cell) => cell !== "")));
  },
);
