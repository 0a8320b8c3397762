import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { PROMPT } from "../../client.ts";
import { run, start } from "../support/environment.ts";
import { MemoryNetwork, readAll, send } from "../support/network.ts";
import { programTest } from "../support/permissions.ts";
import {
  type Replay,
  replay,
  tcpcalc,
  type Transcript,
  withoutPeerPorts,
  withoutPort,
} from "../support/transcripts.ts";
import recording from "../testdata/python-3.11-linux.json" with {
  type: "json",
};

/** What tcpcalc does otherwise than a transcript says. */
interface Change {
  /** Pieces of standard output, each as Python printed it and as tcpcalc prints it. */
  stdout?: [string, string][];
  replies?: string[];
  stderr_last?: string;
  exit?: number | null;
}

/** A difference on purpose, and what it changes in the transcripts, by their names. */
interface Difference {
  tcpcalc: string;
  changes: Record<string, Change>;
}

const ACCEPTED = "Accepted connection from ('127.0.0.1', <peer port>)\n";

/** All in which the transcripts differ. The rest is compared to the byte. */
const DIFFERENCES: Difference[] = [
  {
    tcpcalc: "keeps serving; bytes that are not UTF-8 are not an integer",
    changes: {
      "no message": {
        replies: ["42", "", "44"],
        stdout: [[
          `Received from client: 21\n${ACCEPTED}`,
          `Received from client: 21\n${ACCEPTED}The client socket is closed\n` +
          `${ACCEPTED}Received from client: 22\n`,
        ]],
        exit: null,
      },
      "not UTF-8": {
        replies: ["Received data is not valid integer"],
        stdout: [[ACCEPTED, `${ACCEPTED}Received from client: \\xff\n`]],
        stderr_last: "",
        exit: null,
      },
      "not UTF-8: cut short": {
        replies: ["Received data is not valid integer"],
        stdout: [[ACCEPTED, `${ACCEPTED}Received from client: 2\\xc3\n`]],
        stderr_last: "",
        exit: null,
      },
    },
  },
  {
    tcpcalc: "rejects a message of more than 1024 bytes",
    changes: {
      "long: 1500 digits": {
        replies: ["Received data is longer than 1024 bytes"],
      },
    },
  },
  {
    tcpcalc: "shows what it received as repr does",
    changes: {
      "integers": {
        stdout: [
          ["client: 42\n\n", "client: 42\\n\n"],
          ["client: 42\r\n\n", "client: 42\\r\\n\n"],
          ["client: \t7\v\f\n", "client: \\t7\\x0b\\x0c\n"],
          ["client: \x855\n", "client: \\x855\n"],
          ["client: \u20035\n", "client: \\u20035\n"],
          ["client: 5\u3000\n", "client: 5\\u3000\n"],
          ["client: \xa05\xa0\n", "client: \\xa05\\xa0\n"],
        ],
      },
      "not integers": {
        stdout: [
          ["client: 5\0\n", "client: 5\\x00\n"],
          ["client: \0\n", "client: \\x00\n"],
          ["client: \x1c5\n", "client: \\x1c5\n"],
          ["client: 5\x1f\n", "client: 5\\x1f\n"],
          ["client: \x1c٥\n", "client: \\x1c٥\n"],
          ["client: \n\n", "client: \\n\n"],
          ["client: \ufeff5\n", "client: \\ufeff5\n"],
          ["client: 1\xa02\n", "client: 1\\xa02\n"],
          ["client: \u200b5\n", "client: \\u200b5\n"],
        ],
      },
    },
  },
  {
    tcpcalc: "ends with the end of its input, on a line of its own",
    changes: {
      "end of input": {
        stdout: [[`42\n${PROMPT}`, `42\n${PROMPT}\n`]],
        stderr_last: "",
        exit: 0,
      },
      "end of input at once": {
        stdout: [[PROMPT, `${PROMPT}\n`]],
        stderr_last: "",
        exit: 0,
      },
    },
  },
  {
    tcpcalc: "prints port 0 as the port that was chosen",
    changes: {
      "port 0": { stdout: [[":0\n", ":<port that the system chose>\n"]] },
    },
  },
  {
    tcpcalc: "is called by another name",
    changes: {
      "no argument": { stdout: [["python server.py", "tcpcalc serve"]] },
      "two arguments": { stdout: [["python server.py", "tcpcalc serve"]] },
    },
  },
];

const transcripts: Transcript[] = recording.transcripts;

/** What tcpcalc has to do where Python did what the transcript says. */
function expected(transcript: Transcript): Transcript {
  const result = { ...transcript, stdout: withoutPort(transcript.stdout) };
  for (const { changes } of DIFFERENCES) {
    const { stdout = [], ...rest } = changes[transcript.name] ?? {};
    Object.assign(result, rest);
    for (const [python, tcpcalc] of stdout) {
      assertStringIncludes(result.stdout, python);
      result.stdout = result.stdout.replace(python, () => tcpcalc);
    }
  }
  return result;
}

function assertReplay(
  actual: Replay,
  { replies, stdout, stderr_last, exit }: Transcript,
): void {
  assertEquals(actual, {
    replies,
    stdout,
    // No stack trace comes before it.
    stderr: stderr_last === "" ? "" : `${stderr_last}\n`,
    exit,
  });
}

/** Does in memory to the server what was done to the Python server. */
async function replayServer(
  { argv = [], sends, exit }: Transcript,
): Promise<Replay> {
  const server = start(["serve", ...argv]);
  if (exit !== null) {
    const { code, ...end } = await server.finished();
    return { replies: [], ...end, exit: code };
  }
  const listening = await server.stdout.until("\n");
  const port = parseInt(/\d+$/m.exec(listening)![0]);
  const replies: string[] = [];
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
  return {
    replies,
    stdout: withoutPeerPorts(
      argv[0] === "-9000"
        ? stdout.replace(`:${port}\n`, ":<port that the system chose>\n")
        : withoutPort(stdout),
    ),
    stderr,
    exit: code === 0 ? null : code,
  };
}

/** Does in memory to the client what was done to the Python client. */
async function replayClient(
  { stdin, servers = [] }: Transcript,
): Promise<Replay> {
  const network = new MemoryNetwork();
  await using stack = new AsyncDisposableStack();
  for (const server of servers) {
    const program = stack.use(start(["serve", String(server)], { network }));
    await program.stdout.until("\n");
  }
  const { code, stdout, stderr } = await run(
    ["client"],
    { stdin, network, random: Math.random },
  );
  return {
    replies: undefined,
    stdout: stdout.replace(
      /(?<=Server 127\.0\.0\.1:)900[123]\b/g,
      "<server port>",
    ),
    stderr,
    exit: code,
  };
}

/** Whether a running server can't be stopped as its transcript wants it. */
function runsOnWindows({ kind, exit }: Transcript): boolean {
  return Deno.build.os === "windows" && kind === "server" && exit === null;
}

/** Whether a transcript has error numbers of another system. */
function isForeign({ stdout }: Transcript): boolean {
  return Deno.build.os !== recording.platform && stdout.includes("[Errno ");
}

for (const transcript of transcripts) {
  const { kind, name } = transcript;
  Deno.test({
    name: `the ${kind} behaves as Python's did: ${name}`,
    ignore: isForeign(transcript),
    async fn() {
      const wanted = expected(transcript);
      const replayed = kind === "server"
        ? replayServer(wanted)
        : replayClient(wanted);
      assertReplay(await replayed, wanted);
    },
  });
}

/** Those with text that is not ASCII, as an argument, on a stream and through a socket. */
const REPLAYED_OUTSIDE = ["listens: arabic digits", "unicode digits"];

programTest("the running program behaves as Python's did, too", async (t) => {
  for (const transcript of transcripts) {
    const { name } = transcript;
    if (!REPLAYED_OUTSIDE.includes(name)) continue;
    await t.step({
      name,
      ignore: isForeign(transcript) || runsOnWindows(expected(transcript)),
      async fn() {
        const wanted = expected(transcript);
        assertReplay(await replay(wanted, tcpcalc), wanted);
      },
    });
  }
});

Deno.test("every deliberate change names a recorded transcript", () => {
  const names = transcripts.map(({ name }) => name);
  for (const { changes } of DIFFERENCES) {
    for (const name of Object.keys(changes)) assert(names.includes(name), name);
  }
});
