import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { PROMPT } from "../../client.ts";
import { notOnWindows, pythonTest } from "../support/permissions.ts";
import {
  programCommand,
  refusal,
  type Session,
  startServer,
  startSession,
  tcpcalc,
} from "../support/program.ts";
import { onTerminal } from "../support/python.ts";

/** The terminal shows it as `^C`, before or after what the program does about it. */
const CTRL_C = "\x03";

/** A test on a terminal, which Python's `pty` makes. */
const terminalTest = notOnWindows(pythonTest, "Windows has no pty");

/** Starts a command on a terminal, where standard output and standard error are one screen. */
function startOnTerminal(command: string[]): Session {
  return startSession(onTerminal(command));
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
  // The terminal itself echoes Ctrl-C, perhaps after what the program prints.
  return [code, stdout.replace("^C", "")];
}

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
  "on a terminal the trace is in the order of what happens, and without colors if NO_COLOR is set",
  async () => {
    await using server = await startServer();
    const command = [...tcpcalc.client([server.port]), "--trace", "21"];
    await using session = startOnTerminal(command);
    const [code, screen] = await ending(session);
    assertEquals(code, 0);
    const calls = /^\d\d:\d\d:\d\d\.\d{3} {2}(\w+) .*\r\n/gm;
    // Before that, Deno may complain about its caches.
    const shown = screen.slice(screen.search(calls));
    assertEquals(shown.replaceAll(calls, "$1\r\n").split("\r\n"), [
      ...["connect", `connected to Server 127.0.0.1:${server.port}`],
      ...["send", "recv", "recv", "close", "Received from server: 42", ""],
    ]);
  },
);

terminalTest(
  "on a terminal the trace has a color for each connection, so that two that overlap can be told apart",
  async () => {
    const command = [...programCommand(), "serve", "-9000", "--trace"];
    await using session = startOnTerminal([
      "env",
      "-u",
      "NO_COLOR",
      ...command,
    ]);
    const port = await listeningPort(session);
    using one = await connectIdly(session, port);
    using other = await connectIdly(session, port);
    const conns = [one, other];
    for (const conn of conns) await conn.write(new TextEncoder().encode("21"));
    await session.type(CTRL_C);
    const lines = (await ending(session))[1].split("\r\n");
    const colors = conns.map(({ localAddr }) => {
      const end = `:${(localAddr as Deno.NetAddr).port}`;
      const calls = lines.filter((line) => line.includes(end));
      assertEquals(calls.length, 3);
      return new Set(calls.map((line) => line.slice(0, line.indexOf("m"))));
    });
    assertEquals(colors.map(({ size }) => size), [1, 1]);
    assertEquals(colors[0].union(colors[1]).size, 2);
    assert([...colors[0]][0].startsWith("\x1b["));
  },
);
