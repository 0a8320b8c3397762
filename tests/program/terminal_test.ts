import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { delay } from "@std/async/delay";
import { PROMPT } from "../../client.ts";
import { notOnWindows, pythonTest } from "../support/permissions.ts";
import {
  freePort,
  programCommand,
  refusal,
  type Session,
  startServer,
  startSession,
  taskOptions,
} from "../support/program.ts";
import { pythonCommand } from "../support/python.ts";

const BACKSPACE = "\x7f";
/** The terminal shows it as `^C`, before or after what the program does about it. */
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
  return startSession(pythonCommand(driver, ...command));
}

/** The command that runs a task of the project, as a user does. */
function taskCommand(...args: string[]): string[] {
  return [
    Deno.execPath(),
    "task",
    `--cwd=${import.meta.dirname}/../..`,
    ...args,
  ];
}

/** Waits until the screen shows a listening server. Returns its port. */
async function listeningPort(session: Session): Promise<number> {
  await session.until("Server is listening on 127.0.0.1:");
  return parseInt(await session.until("\n"));
}

/** Connects to a server without sending, and waits until the server has noticed. */
async function connectIdly(
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
  // The terminal itself echoes Ctrl-C, perhaps after what the program prints. On macOS it also echoes
  // Ctrl-D, and backs over it.
  return [code, stdout.replace("^C", "").replace("^D\b\b", "")];
}

/** What the client prints for an exchange, as it comes from a terminal. */
function exchangeLines(port: number, reply: string): string {
  return `connected to Server 127.0.0.1:${port}\r\n` +
    `Received from server: ${reply}\r\n`;
}

terminalTest(
  "the client prompts, lets a line be edited, and answers it when it is complete",
  async () => {
    await using server = await startServer();
    await using session = startOnTerminal([
      ...programCommand(),
      "client",
      `--servers=${server.port - 9000}`,
    ]);
    assertEquals(await session.until(PROMPT), PROMPT);
    await session.type(`abc${CTRL_U}21x${BACKSPACE}\n`);
    assertEquals(
      await session.until(PROMPT),
      `abc${ERASE.repeat(3)}21x${ERASE}\r\n` +
        exchangeLines(server.port, "42") + PROMPT,
    );
    await session.type("\n");
    assertEquals(await session.until(PROMPT), `\r\n${PROMPT}`);
    await session.type("exit\n");
    assertEquals(await ending(session), [0, "exit\r\n"]);
  },
);

terminalTest(
  "Ctrl-D at the prompt ends the client on a new line, with status 0",
  async () => {
    await using session = startOnTerminal([...programCommand(), "client"]);
    await session.until(PROMPT);
    await session.type(CTRL_D);
    assertEquals(await ending(session), [0, "\r\n"]);
  },
);

terminalTest(
  "Ctrl-C at the prompt ends the client on a new line, with status 130",
  async (t) => {
    const commands = {
      "the program": [...programCommand(), "client"],
      "deno task": taskCommand("client"),
    };
    for (const [what, command] of Object.entries(commands)) {
      await t.step(what, async () => {
        await using session = startOnTerminal(command);
        await session.until(PROMPT);
        await session.type("12");
        await session.until("12");
        await session.type(CTRL_C);
        assertEquals(await ending(session), [130, "\r\n"]);
      });
    }
  },
);

terminalTest(
  "one Ctrl-C stops the server with status 0 once what is in flight is answered",
  async (t) => {
    const commands = {
      "the program": [...programCommand(), "serve", "-9000"],
      "deno task": taskCommand("serve", "-9000"),
    };
    for (const [what, command] of Object.entries(commands)) {
      await t.step(what, async () => {
        await using session = startOnTerminal(command);
        const port = await listeningPort(session);
        using conn = await connectIdly(session, port);
        await session.type(CTRL_C);
        await refusal(port);
        await conn.write(new TextEncoder().encode("21"));
        assertEquals(await new Response(conn.readable).text(), "42");
        const [code, screen] = await ending(session);
        assertEquals(code, 0);
        assertStringIncludes(screen, "Received from client: 21\r\n");
      });
    }
  },
);

terminalTest(
  "a second Ctrl-C ends the server at once, with status 130",
  async () => {
    await using session = startOnTerminal(
      [...programCommand(), "serve", "-9000", "--idle-timeout=0"],
    );
    const port = await listeningPort(session);
    using _idle = await connectIdly(session, port);
    await session.type(CTRL_C);
    await refusal(port);
    await delay(NEXT_KEY_PRESS_MS);
    await session.type(CTRL_C);
    const { code } = await session.end();
    assertEquals(code, 130);
  },
);

terminalTest(
  "on a terminal a hint follows a refused connection, ahead of the next prompt",
  async () => {
    const closed = freePort();
    await using session = startOnTerminal(
      [...programCommand(), "client", `--servers=${closed - 9000}`],
    );
    await session.until(PROMPT);
    await session.type("21\n");
    assertMatch(
      await session.until(PROMPT),
      /^21\r\nFailed to connect .+\r\nHint: start server .+\r\nEnter number/,
    );
  },
);

terminalTest(
  "one Ctrl-C stops several servers in one process, with status 0",
  async () => {
    const script = `${import.meta.dirname}/../testdata/servers.ts`;
    await using session = startOnTerminal([
      Deno.execPath(),
      "run",
      ...taskOptions("serve"),
      script,
    ]);
    for (let count = 0; count < 3; count++) await listeningPort(session);
    await session.type(CTRL_C);
    assertEquals(await ending(session), [0, ""]);
  },
);
