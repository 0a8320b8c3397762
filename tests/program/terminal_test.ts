import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { delay } from "@std/async/delay";
import config from "../../deno.json" with { type: "json" };
import { notOnWindows, pythonTest } from "../support/permissions.ts";
import {
  programCommand,
  refusal,
  type Session,
  startServer,
  startSession,
} from "../support/program.ts";

const PROMPT = "Enter number to calculate: (or write exit to terminate): ";
const BACKSPACE = "\x7f";
/** The terminal shows it as `^C`, which it may do before or after what the program does of it. */
const CTRL_C = "\x03";
const CTRL_D = "\x04";
const CTRL_U = "\x15";

/** What a backspace does to the screen. */
const ERASE = "\b \b";

/** Longer than the time in which a second SIGINT passes for the same key press. */
const NEXT_KEY_PRESS_MS = 400;

/** A test on a terminal, which Python's `pty` makes. */
const terminalTest = notOnWindows(pythonTest, "Windows has no pty");

/** Starts a command on a terminal, where standard output and standard error are one screen. */
function startOnTerminal(command: string[]): Session {
  const driver = `${import.meta.dirname}/../testdata/terminal.py`;
  return startSession(["python3", driver, ...command]);
}

/** The command that runs a task of the project, as a user does. */
function taskCommand(...args: string[]): string[] {
  return [Deno.execPath(), "task", `--cwd=${import.meta.dirname}/..`, ...args];
}

/** Waits for a server on the screen to listen. Returns its port. */
async function listeningPort(session: Session): Promise<number> {
  await session.until("Server is listening on 127.0.0.1:");
  return parseInt(await session.until("\n"));
}

/** Connects to a server and says nothing, and waits until the server knows. */
async function connectSilently(
  session: Session,
  port: number,
): Promise<Deno.Conn> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  await session.until("Accepted connection from");
  return conn;
}

/** The exit status, and what the program has put on the screen since the last key. */
async function ending(session: Session): Promise<[number, string]> {
  const { code, stdout } = await session.end();
  // The terminal itself shows Ctrl-C, maybe behind what the program makes of it. On macOS it shows
  // Ctrl-D, too, and goes back over it.
  return [code, stdout.replace("^C", "").replace("^D\b\b", "")];
}

/** What the client says of one exchange. */
function exchangeLines(port: number, reply: string): string {
  return `connected to Server 127.0.0.1:${port}\n` +
    `Received from server: ${reply}\n`;
}

for (
  const [where, start, echo] of [
    ["a pipe", startSession, false],
    ["a terminal", startOnTerminal, true],
  ] as const
) {
  const test = echo ? terminalTest : pythonTest;

  test(`on ${where} the client prompts before it reads, and answers line by line`, async () => {
    await using server = await startServer();
    const number = server.port - 9000;
    await using session = start([
      ...programCommand(),
      "client",
      `--servers=${number}`,
    ]);

    /** The text as it comes from a terminal, which shows what is typed. */
    function shown(typed: string, printed: string): string {
      return echo ? (typed + printed).replaceAll("\n", "\r\n") : printed;
    }

    assertEquals(await session.until(PROMPT), PROMPT);
    await session.type("21\n");
    assertEquals(
      await session.until(PROMPT),
      shown("21\n", exchangeLines(server.port, "42") + PROMPT),
    );
    await session.type("\n");
    assertEquals(await session.until(PROMPT), shown("\n", PROMPT));
    await session.type("abc\n");
    assertEquals(
      await session.until(PROMPT),
      shown(
        "abc\n",
        exchangeLines(server.port, "Received data is not valid integer") +
          PROMPT,
      ),
    );
    await session.type("exit\n");
    assertEquals(await session.end(), {
      code: 0,
      stdout: shown("exit\n", ""),
      stderr: "",
    });
  });
}

terminalTest("a line can be edited before the client sends it", async () => {
  await using server = await startServer();
  await using session = startOnTerminal([
    ...programCommand(),
    "client",
    `--servers=${server.port - 9000}`,
  ]);
  await session.until(PROMPT);
  await session.type(`abc${CTRL_U}21x${BACKSPACE}0${BACKSPACE}\n`);
  assertEquals(
    await session.until(PROMPT),
    `abc${ERASE.repeat(3)}21x${ERASE}0${ERASE}\r\n` +
      exchangeLines(server.port, "42").replaceAll("\n", "\r\n") + PROMPT,
  );
  assertMatch(await server.nextLine() ?? "", /^Accepted connection from/);
  assertEquals(await server.nextLine(), "Received from client: 21");
});

for (
  const [what, command] of [
    ["the client", () => [...programCommand(), "client"]],
    ["deno task client", () => taskCommand("client")],
  ] as const
) {
  terminalTest(
    `Ctrl-D at the prompt ends ${what} on a new line, with status 0`,
    async () => {
      await using session = startOnTerminal(command());
      await session.until(PROMPT);
      await session.type(CTRL_D);
      assertEquals(await ending(session), [0, "\r\n"]);
    },
  );

  terminalTest(
    `Ctrl-C at the prompt ends ${what} on a new line, with status 130`,
    async () => {
      await using session = startOnTerminal(command());
      await session.until(PROMPT);
      await session.type("12");
      await session.until("12");
      await session.type(CTRL_C);
      assertEquals(await ending(session), [130, "\r\n"]);
    },
  );
}

terminalTest("Ctrl-C ends a client that waits for an answer", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await using session = startOnTerminal([
    ...programCommand(),
    "client",
    `--servers=${listener.addr.port - 9000}`,
  ]);
  await session.until(PROMPT);
  await session.type("21\n");
  await session.until("connected to Server");
  await session.until("\n");
  await session.type(CTRL_C);
  assertEquals(await ending(session), [130, "\r\n"]);
});

for (
  const [what, command] of [
    ["the server", () => [...programCommand(), "serve", "-9000"]],
    ["deno task serve", () => taskCommand("serve", "-9000")],
  ] as const
) {
  terminalTest(`one Ctrl-C stops ${what}, with status 0`, async () => {
    await using session = startOnTerminal(command());
    await listeningPort(session);
    await session.type(CTRL_C);
    assertEquals(await ending(session), [0, ""]);
  });

  terminalTest(`one Ctrl-C lets ${what} answer what is in hand`, async () => {
    await using session = startOnTerminal(command());
    const port = await listeningPort(session);
    using conn = await connectSilently(session, port);
    await session.type(CTRL_C);
    await refusal(port);
    await conn.write(new TextEncoder().encode("21"));
    assertEquals(await new Response(conn.readable).text(), "42");
    const [code, screen] = await ending(session);
    assertEquals(code, 0);
    assertStringIncludes(screen, "Received from client: 21\r\n");
  });

  terminalTest(
    `a second Ctrl-C ends ${what} at once, with status 130`,
    async () => {
      await using session = startOnTerminal([
        ...command(),
        "--idle-timeout=0",
      ]);
      const port = await listeningPort(session);
      using _silent = await connectSilently(session, port);
      await session.type(CTRL_C);
      await refusal(port);
      await delay(NEXT_KEY_PRESS_MS);
      await session.type(CTRL_C);
      const { code } = await session.end();
      assertEquals(code, 130);
    },
  );
}

terminalTest("one Ctrl-C stops all of deno task servers", async () => {
  // The same command line, but for the ports: those come from the system.
  const servers = config.tasks.servers.replaceAll(/(?<=serve )\d/g, "-9000");
  await using session = startOnTerminal(taskCommand("--eval", servers));
  const ports = [
    await listeningPort(session),
    await listeningPort(session),
    await listeningPort(session),
  ];
  await session.type(CTRL_C);
  const [code, screen] = await ending(session);
  assertEquals(screen, "");
  // Every server ends with 0, but `deno task` itself now and then with 130, as for any commands
  // joined by `&`.
  assert([0, 130].includes(code), `status ${code}`);
  for (const port of ports) await refusal(port);
});

Deno.test("deno task servers runs the servers that the client asks by default", () => {
  assertEquals(
    config.tasks.servers,
    [1, 2, 3].map((number) => `deno task serve ${number}`).join(" & "),
  );
});
