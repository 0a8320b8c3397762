import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { programTest } from "../support/permissions.ts";
import { programCommand } from "../support/program.ts";
import {
  type Implementation,
  replay,
  type Transcript,
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

/** One row of the README's table, and what it changes in the transcripts, by their names. */
interface Difference {
  python: string;
  tcpcalc: string;
  reason: string;
  changes?: Record<string, Change>;
}

const PROMPT = "Enter number to calculate: (or write exit to terminate): ";
const ACCEPTED = "Accepted connection from ('127.0.0.1', <peer port>)\n";

/** Everything in which tcpcalc differs on purpose. All else is compared to the byte. */
const DIFFERENCES: Difference[] = [
  {
    python:
      "one client at a time: a silent one blocks the rest, and a sixth waits in the queue",
    tcpcalc: "serves all at once, silent ones time out",
    reason: "one client must not shut out all others",
  },
  {
    python:
      "a client that sends nothing stops the server; one that sends bytes that are not UTF-8 crashes it; a reset answers the next client with the last one's number",
    tcpcalc:
      "keeps serving; bytes that are not UTF-8 get `Received data is not valid integer`",
    reason: "no client may take the service from the others",
    changes: {
      "says nothing": {
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
    python: "doubles the first 1024 bytes of a longer message: a wrong number",
    tcpcalc:
      "`Received data is longer than 1024 bytes`, and that reply arrives, however much the client still sends",
    reason: "no number is better than a wrong one",
    changes: {
      "long: 1500 digits": {
        replies: ["Received data is longer than 1024 bytes"],
      },
    },
  },
  {
    python: "the client cuts a reply at 1024 bytes: a wrong number",
    tcpcalc: "prints the whole reply",
    reason: "a number that lacks its last digits is a wrong one",
  },
  {
    python:
      "prints control characters as they came: a client can forge lines or drive the terminal",
    tcpcalc:
      "shows them as Python's `repr` does (`\\n`, `\\x1b`, `\\u2028`): C0, C1, U+2028/2029 and the bidirectional controls; bytes that are not UTF-8 as `\\xff`",
    reason: "what others send must not pass for what the program says",
    changes: {
      "integers": {
        stdout: [
          ["client: 42\n\n", "client: 42\\n\n"],
          ["client: 42\r\n\n", "client: 42\\r\\n\n"],
          ["client: \t7\v\f\n", "client: \\t7\\x0b\\x0c\n"],
          ["client: \x855\n", "client: \\x855\n"],
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
        ],
      },
    },
  },
  {
    python: "an empty line hangs client and server for ever",
    tcpcalc: "the prompt comes again, nothing is sent",
    reason: "without a byte sent, each would wait for the other",
  },
  {
    python: "waits for ever for a reply",
    tcpcalc: "`--timeout`",
    reason: "a server that does not answer must not stop the client",
  },
  {
    python: "end of input, Ctrl-C, a taken port: a traceback",
    tcpcalc:
      "end of input ends the client (exit 0, after a newline); a signal ends the server cleanly; errors are one line",
    reason: "none of these is a fault of the program",
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
    python: "port 0 is printed as 0",
    tcpcalc: "as the port that it is",
    reason: "a client has to know where to connect",
    changes: {
      "port 0": {
        stdout: [[":0\n", ":<port that the system chose>\n"]],
      },
    },
  },
  {
    python: "a port stays taken for a minute after a stop",
    tcpcalc: "listens again at once",
    reason: "a restart must not fail",
  },
  {
    python: "`Usage: python server.py <server number>.`",
    tcpcalc: "`Usage: tcpcalc serve <server number>.`",
    reason: "it is called by another name",
    changes: {
      "no argument": { stdout: [["python server.py", "tcpcalc serve"]] },
      "two arguments": { stdout: [["python server.py", "tcpcalc serve"]] },
    },
  },
  {
    python:
      "a carriage return before the end of a line is sent with it, and `exit` with one is not `exit`",
    tcpcalc: "`\\r\\n` is one line end",
    reason: "a file made on Windows is read as it is meant",
  },
];

const tcpcalc: Implementation = {
  server: (operands) => [...programCommand(), "serve", ...operands],
  client: (ports) => [
    ...programCommand(),
    "client",
    `--servers=${ports.map((port) => port - 9000)}`,
  ],
  stopped: 0,
};

/** What tcpcalc has to do where Python did what the transcript says. */
function expected(transcript: Transcript): Transcript {
  const result = {
    ...transcript,
    stdout: withoutPort(transcript.stdout),
  };
  for (const { changes = {} } of DIFFERENCES) {
    const { stdout = [], ...rest } = changes[transcript.name] ?? {};
    Object.assign(result, rest);
    for (const [python, tcpcalc] of stdout) {
      assertStringIncludes(result.stdout, python);
      result.stdout = result.stdout.replace(python, () => tcpcalc);
    }
  }
  return result;
}

const transcripts: Transcript[] = recording.transcripts;

/** A test that replays what was recorded on Linux, where the numbers of errors are Linux's. */
function replayTest(name: string, fn: () => Promise<void>): void {
  if (Deno.build.os === recording.platform) programTest(name, fn);
  else Deno.test.ignore(`${name} (recorded on ${recording.platform})`, fn);
}

for (const transcript of transcripts) {
  const { kind, name } = transcript;
  replayTest(`the ${kind} does as Python's did: ${name}`, async () => {
    const { replies, stdout, stderr_last, exit } = expected(transcript);
    assertEquals(await replay(expected(transcript), tcpcalc), {
      replies,
      stdout,
      // No stack trace comes before it.
      stderr: stderr_last === "" ? "" : `${stderr_last}\n`,
      exit,
    });
  });
}

Deno.test("every change on purpose is to a transcript that there is", () => {
  const names = transcripts.map(({ name }) => name);
  for (const { changes = {} } of DIFFERENCES) {
    for (const name of Object.keys(changes)) assert(names.includes(name), name);
  }
});

programTest(
  "the README lists the differences that the replay allows for",
  async () => {
    const readme = await Deno.readTextFile(
      new URL("../README.md", import.meta.url),
    );
    const [, section] = readme.split(
      "## How it differs from the Python pair\n",
    );
    const [, , ...rows] = section.split("\n## ")[0]
      .split("\n")
      .filter((line) => line.startsWith("|"))
      .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
    assertEquals(
      rows,
      DIFFERENCES.map((
        { python, tcpcalc, reason },
      ) => [python, tcpcalc, reason]),
    );
  },
);
