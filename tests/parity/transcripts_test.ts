/** Does in memory what was done to the Python pair, and compares to the byte.
 * @module */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { NOT_AN_INTEGER } from "../../calc.ts";
import { PROMPT } from "../../client.ts";
import { run, start } from "../support/environment.ts";
import { MemoryNetwork, readAll, send } from "../support/network.ts";
import { withoutPeerPorts } from "../support/program.ts";
import page from "../../docs/python.md" with { type: "text" };
import recording from "../testdata/python-3.11-linux.json" with {
  type: "json",
};

/** What was done to the Python server or client, and what it printed, answered and exited with. */
interface Transcript {
  name: string;
  kind: string;
  argv?: string[];
  /** What each client in turn sent to the server; `null` if none came. */
  sends?: (string | { hex: string })[] | null;
  replies?: string[];
  stdin?: string;
  /** The servers that ran for the client. */
  servers?: number[];
  stdout: string;
  /** The last line of standard error: a traceback's only line without a stack trace. */
  stderr_last: string;
  /** The exit status; `null` where the server ran on. */
  exit: number | null;
}

/** What tcpcalc does otherwise, on purpose, than a transcript says. */
interface Change extends Partial<Omit<Transcript, "stdout">> {
  /** Pieces of standard output, each as Python printed it and as tcpcalc prints it. */
  stdout?: [string, string][];
}

const ACCEPTED = "Accepted connection from ('127.0.0.1', <peer port>)\n";

const ANOTHER_NAME: Change = {
  stdout: [["python server.py", "tcpcalc serve"]],
};

/** A message that is not UTF-8 crashes the Python server. */
function notUtf8(shown: string): Change {
  const received = `${ACCEPTED}Received from client: ${shown}\n`;
  return {
    replies: [NOT_AN_INTEGER],
    stdout: [[ACCEPTED, received]],
    stderr_last: "",
    exit: null,
  };
}

/** The end of the input ends the client, on a line of its own. */
function endOfInput(before: string): Change {
  const stdout: [string, string] = [before, `${before}\n`];
  return { stdout: [stdout], stderr_last: "", exit: 0 };
}

/** The server shows what it received as `repr` does. */
function escaped(messages: string[][]): Change {
  const pieces = messages.map(([python, tcpcalc]): [string, string] => [
    `client: ${python}\n`,
    `client: ${tcpcalc}\n`,
  ]);
  return { stdout: pieces };
}

/** All in which the transcripts differ, by their names. */
const CHANGES: Record<string, Change> = {
  "no argument": ANOTHER_NAME,
  "two arguments": ANOTHER_NAME,
  "port 0": { stdout: [[":0\n", ":49152\n"]] },
  "says nothing": {
    replies: ["42", "", "44"],
    stdout: [[
      `21\n${ACCEPTED}`,
      `21\n${ACCEPTED}The client socket is closed\n${ACCEPTED}Received from client: 22\n`,
    ]],
    exit: null,
  },
  "not UTF-8": notUtf8("\\xff"),
  "not UTF-8: cut short": notUtf8("2\\xc3"),
  "long: 1500 digits": { replies: ["Received data is longer than 1024 bytes"] },
  "integers": escaped([
    ...[["42\n", "42\\n"], ["42\r\n", "42\\r\\n"], ["\x855", "\\x855"]],
    ...[["\t7\v\f", "\\t7\\x0b\\x0c"], ["\u20035", "\\u20035"]],
    ...[["5\u3000", "5\\u3000"], ["\xa05\xa0", "\\xa05\\xa0"]],
  ]),
  "not integers": escaped([
    ...[["5\0", "5\\x00"], ["\0", "\\x00"], ["\x1c5", "\\x1c5"]],
    ...[["5\x1f", "5\\x1f"], ["\x1c٥", "\\x1c٥"], ["\n", "\\n"]],
    ...[["\ufeff5", "\\ufeff5"], ["1\xa02", "1\\xa02"]],
    ["\u200b5", "\\u200b5"],
  ]),
  "end of input": endOfInput(`42\n${PROMPT}`),
  "end of input at once": endOfInput(PROMPT),
};

/** What tcpcalc has to do where Python did what the transcript says. */
function expected(transcript: Transcript): Transcript {
  const { stdout = [], ...rest } = CHANGES[transcript.name] ?? {};
  const result = { ...transcript, ...rest };
  for (const [python, tcpcalc] of stdout) {
    assertStringIncludes(result.stdout, python);
    result.stdout = result.stdout.replace(python, () => tcpcalc);
  }
  return result;
}

type Replay = Pick<Transcript, "replies" | "stdout" | "exit"> & {
  stderr: string;
};

async function replayServer(
  { argv = [], sends, exit }: Transcript,
): Promise<Replay> {
  const server = start(["serve", ...argv]);
  const replies: string[] = [];
  if (exit !== null) {
    const { code, ...end } = await server.finished();
    return { replies, ...end, exit: code };
  }
  const listening = await server.stdout.until("\n");
  const port = parseInt(/\d+$/m.exec(listening)![0]);
  for (const message of sends ?? []) {
    using conn = await server.network.connect(port);
    await send(
      conn,
      typeof message === "string" ? message : Uint8Array.fromHex(message.hex),
    );
    await conn.closeWrite();
    replies.push(await readAll(conn));
  }
  const { code, stdout, stderr } = await server.stop();
  assertEquals(code, 0);
  return { replies, stdout: withoutPeerPorts(stdout), stderr, exit: null };
}

async function replayClient(
  { stdin, servers = [], replies }: Transcript,
): Promise<Replay> {
  const network = new MemoryNetwork();
  await using stack = new AsyncDisposableStack();
  for (const server of servers) {
    const program = stack.use(start(["serve", String(server)], { network }));
    await program.stdout.until("\n");
  }
  const random = Math.random;
  const end = await run(["client"], { stdin, network, random });
  const stdout = end.stdout
    .replace(/(?<=Server 127\.0\.0\.1:)900[123]\b/g, "<server port>");
  return { replies, stdout, stderr: end.stderr, exit: end.code };
}

for (const transcript of recording.transcripts as Transcript[]) {
  const { kind, name } = transcript;
  Deno.test({
    name: `the ${kind} behaves as Python's did: ${name}`,
    // Error numbers are the system's.
    ignore: Deno.build.os !== recording.platform &&
      transcript.stdout.includes("[Errno "),
    async fn() {
      const wanted = expected(transcript);
      const { replies, stdout, stderr_last, exit } = wanted;
      const actual = kind === "server"
        ? await replayServer(wanted)
        : await replayClient(wanted);
      // No stack trace comes before the last line.
      const stderr = stderr_last && `${stderr_last}\n`;
      assertEquals(actual, { replies, stdout, stderr, exit });
    },
  });
}

Deno.test("every change on purpose is to a transcript", () => {
  const names = recording.transcripts.map(({ name }) => name);
  const unknown = Object.keys(CHANGES).filter((name) => !names.includes(name));
  assertEquals(unknown, []);
});

Deno.test({
  name: "the client prints the session that the documentation shows",
  ignore: Deno.build.os !== recording.platform,
  async fn() {
    // Both clients have printed the same.
    const rows = [...page.matchAll(/^\| `(.+?)` +\| (`.+`) +\| \2 +\|$/gm)];
    const typed = rows.map(([, line]) => `${line}\n`);
    const network = new MemoryNetwork();
    const ask = async (lines: string[]) => {
      const args = ["client", "--servers=1"];
      const end = await run(args, { network, stdin: lines.join("") });
      return end.stdout.split(PROMPT).slice(1, -1);
    };
    const server = start(["serve", "1"], { network });
    await server.stdout.until("\n");
    const printed = await ask(typed.slice(0, -1));
    await server.stop();
    printed.push(...await ask(typed.slice(-1)));
    assertEquals(
      printed.map((lines) => lines.replace(/(.+)\n/g, "`$1`<br>")),
      rows.map(([, , cell]) => `${cell}<br>`),
    );
    assertEquals(rows.length, 7);
  },
});
