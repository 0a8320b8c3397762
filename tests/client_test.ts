import { assert, assertEquals, assertMatch } from "@std/assert";
import { PROMPT } from "../client.ts";
import { osErrorText } from "../python/os_error.ts";
import {
  MemoryInput,
  MemoryOutput,
  run,
  type RunOptions,
  start,
} from "./support/environment.ts";
import {
  type MemoryConnection,
  MemoryNetwork,
  readAll,
  send,
} from "./support/network.ts";
import type { Finished } from "./support/program.ts";
import { systemError } from "./support/system_error.ts";
import { FakeTime, settle } from "./support/time.ts";

const MEBIBYTE = 1024 * 1024;

/** What a server does with a connection. */
type Handler = (conn: MemoryConnection) => Promise<void> | void;

/** Has the servers with these numbers handle each connection so, until it is disposed of. */
function play(network: MemoryNetwork, handlers: Record<number, Handler>) {
  const stack = new DisposableStack();
  const conns: MemoryConnection[] = [];
  for (const [number, handle] of Object.entries(handlers)) {
    const listener = stack.use(network.listen(9000 + Number(number)));
    const accepting = async () => {
      while (true) {
        const conn = stack.use(await listener.accept());
        conns.push(conn);
        handle(conn);
      }
    };
    // The listener is closed in the end.
    accepting().catch(() => {});
  }
  return { conns, [Symbol.dispose]: () => stack.dispose() };
}

/** Runs the client to its end, with server 1 played so. */
async function ask(
  args: string[],
  handler: Handler,
  options: RunOptions = {},
): Promise<Finished> {
  const { network = new MemoryNetwork() } = options;
  using _ = play(network, { 1: handler });
  return await run(["client", "--servers=1", ...args], { ...options, network });
}

async function receive(conn: MemoryConnection): Promise<string> {
  const buffer = new Uint8Array(1024);
  const size = await conn.read(buffer);
  return new TextDecoder("utf-8", { ignoreBOM: true })
    .decode(buffer.subarray(0, size ?? 0));
}

/** Replies with what the function returns, and closes. */
function replying(reply: (message: string) => string | Uint8Array): Handler {
  return async (conn) => {
    const message = await receive(conn);
    // The client may have closed the connection by now.
    await send(conn, reply(message)).catch(() => {});
    conn.close();
  };
}

const echo = replying((message) => message);
const silent: Handler = () => {};

function connected(port = 9001): string {
  return `connected to Server 127.0.0.1:${port}\n`;
}

function received(reply: string, port?: number): string {
  return `${connected(port)}Received from server: ${reply}\n`;
}

/** What the client prints for an exchange that failed with an error. */
function failed(error: unknown, port = 9001): string {
  return `Failed to connect to Server 127.0.0.1:${port} with error ${
    osErrorText(error)
  }\n`;
}

const TIMED_OUT = failed(new DOMException("", "TimeoutError"));
const REFUSED = systemError("ECONNREFUSED");
const RESET = systemError("ECONNRESET");
const NO_REPLY =
  "Server 127.0.0.1:9001 closed the connection without a reply\n";

/** Replies, how each is shown, and what is left of it with `-q` if it is an integer. */
const REPLIES: [string | Uint8Array, shown: string, answer?: string][] = [
  ["42", "42", "42"],
  ["\u3000\x85-8\x0b\n", "\\u3000\\x85-8\\x0b\\n", "-8"],
  ["+٤_٢", "+٤_٢", "+٤_٢"],
  ["no", "no"],
  ["42\nReceived from server: 43", "42\\nReceived from server: 43"],
  ["\x1b[2J\u200b é", "\\x1b[2J\\u200b é"],
  [new Uint8Array([0x34, 0xff, 0x32]), "4\\xff2"],
  // Python reads no more than 4300 digits as an integer.
  ["9".repeat(MEBIBYTE), "9".repeat(MEBIBYTE)],
];

for (const [reply, shown, answer] of REPLIES) {
  const what = answer ? "that is an integer" : "that is none";
  const start = shown.slice(0, 30);
  Deno.test(`a reply ${what} is shown on one line: ${start}`, async () => {
    const code = answer ? 0 : 1;
    const end = await ask(["21"], replying(() => reply));
    assertEquals(end, { code, stdout: received(shown), stderr: "" });
    const quiet = await ask(["-q", "21"], replying(() => reply));
    const outputs = answer
      ? { stdout: `${answer}\n`, stderr: "" }
      : { stdout: "", stderr: `${shown}\n` };
    assertEquals(quiet, { code, ...outputs });
  });
}

async function resetAfterMessage(conn: MemoryConnection): Promise<void> {
  await receive(conn);
  conn.reset();
}

const TOO_LONG = failed("reply is longer than 1048576 bytes");

/** What the client prints of servers that do this, plainly and with `-q` on standard error. */
const FAILURES: Record<string, [Handler, plain: string, quiet: string]> = {
  "closes without a reply": [replying(() => ""), received(""), NO_REPLY],
  "resets at once": [(conn) => conn.reset(), failed(RESET), failed(RESET)],
  "resets before its reply": [
    resetAfterMessage,
    connected() + failed(RESET),
    failed(RESET),
  ],
  "replies with more than 1 MiB": [
    replying(() => "9".repeat(MEBIBYTE + 1)),
    connected() + TOO_LONG,
    TOO_LONG,
  ],
};

for (const [does, [handler, stdout, stderr]] of Object.entries(FAILURES)) {
  Deno.test(`a server that ${does} has not answered`, async () => {
    const end = await ask(["21"], handler);
    assertEquals(end, { code: 1, stdout, stderr: "" });
    const quiet = await ask(["-q", "21"], handler);
    assertEquals(quiet, { code: 1, stdout: "", stderr });
  });
}

/** Steps of a server: it waits for so many milliseconds, sends a text, or does this. */
type Step = number | string | "pending" | "close" | "reset" | {
  frozen: string;
};

/** What the client prints with these options, by what server 1 does once they are connected. */
const IN_TIME: Record<string, [args: string, Step[], string]> = {
  "the connection is reported before the reply arrives": [
    "",
    [1, "pending", "42", "close"],
    received("42"),
  ],
  "a reply is whole when the server closes, in however many pieces it comes": [
    "",
    ["1".repeat(1400), 49, "2".repeat(1400), 49, "3", 49, "pending", "close"],
    received("1".repeat(1400) + "2".repeat(1400) + "3"),
  ],
  "a reply is whole when nothing follows its last piece for 50 ms": [
    "",
    ["4", 49, "2", 49, "pending", 30],
    received("42"),
  ],
  "a reset within 50 ms of the first piece is an error, never an answer": [
    "",
    ["4", 49, "reset"],
    connected() + failed(RESET),
  ],
  "an exchange without a reply times out": [
    "--timeout=0.1",
    [99, "pending", 30],
    connected() + TIMED_OUT,
  ],
  "a reply that has arrived is never lost to the timeout": [
    "--timeout=0.1",
    [99, "42", 80],
    received("42"),
  ],
  "a reply that never ends times out": [
    "--timeout=0.1",
    Array.from({ length: 15 }, () => ["4", 10]).flat(),
    connected() + TIMED_OUT,
  ],
  "a reply that came while the client was frozen is not lost to the timeout": [
    "--timeout=1",
    [{ frozen: "42" }, "close", 100],
    received("42"),
  ],
  "what came while the client was frozen belongs to the reply": [
    "--timeout=1",
    ["4", { frozen: "2" }, "close", 100],
    received("42"),
  ],
  "an exchange without a time limit waits for ever": [
    "--timeout=0",
    [1_000_000, "pending", "close"],
    received(""),
  ],
};

for (const [name, [args, steps, shown]] of Object.entries(IN_TIME)) {
  Deno.test(name, async () => {
    using time = new FakeTime();
    const network = new MemoryNetwork();
    using listener = network.listen(9001);
    // On a terminal what is printed appears at once.
    const stdout = new MemoryOutput({ isTerminal: true });
    const command = `client --servers=1 ${args} 21`.split(/ +/);
    const client = start(command, { network, stdout });
    using conn = await listener.accept();
    for (const step of steps) {
      await settle();
      if (typeof step === "number") await time.advance(step);
      else if (step === "pending") assertEquals(stdout.text, connected());
      else if (step === "close" || step === "reset") conn[step]();
      else if (typeof step === "string") await send(conn, step).catch(() => {});
      else {
        const sent = send(conn, step.frozen);
        time.freeze(5_000);
        await sent;
      }
    }
    await time.advance(0);
    assertEquals((await client.finished()).stdout, shown);
    if (!conn.isClosed) assertEquals(await readAll(conn), "21");
  });
}

Deno.test("an attempt to connect times out, and the next exchange has its own time", async () => {
  using time = new FakeTime();
  const network = new MemoryNetwork({ backlog: 1 });
  // Nobody accepts, and the backlog has room for one.
  using listener = network.listen(9001);
  using _queued = await network.connect(9001);
  const stdout = new MemoryOutput({ isTerminal: true });
  const args = ["client", "--servers=1", "--timeout=0.1", "21", "22"];
  const client = start(args, { network, stdout });
  await time.advance(130);
  assertEquals(stdout.text, TIMED_OUT);
  await time.advance(60);
  using _accepted = await listener.accept();
  using next = await listener.accept();
  assertEquals(await receive(next), "22");
  await send(next, "44");
  await time.advance(80);
  assertEquals((await client.finished()).stdout, TIMED_OUT + received("44"));
});

Deno.test("a reply that arrives before the whole message is sent counts", async () => {
  const { stdout } = await ask(["9".repeat(MEBIBYTE)], async (conn) => {
    await send(conn, "too long");
    await conn.closeWrite();
  });
  assertEquals(stdout, received("too long"));
});

Deno.test("a message that can't be sent is an error if no reply comes", async () => {
  const { stdout } = await ask(["9".repeat(MEBIBYTE)], (conn) => conn.close());
  assertMatch(stdout, /^connected .+\nFailed .+ error .*Broken pipe\n$/);
});

Deno.test("a socket that TCP has connected to itself is closed, and another is tried", async () => {
  const network = new MemoryNetwork();
  const port = network.nextPort;
  const args = ["client", `--servers=${port - 9000}`, "21"];
  const { stdout } = await run(args, { network });
  assertEquals(stdout, failed(REFUSED, port));
  assertEquals(network.nextPort, port + 2);
});

Deno.test("a system error is reported in place of the answer, without blaming a server if there is no socket", async () => {
  const named = ["ECONNREFUSED", "ECONNRESET", "ENOTCONN"];
  const noSocket = [
    ...["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"],
    ...["EAFNOSUPPORT", "EPROTONOSUPPORT"],
  ];
  for (const code of [...named, ...noSocket]) {
    const network = new MemoryNetwork();
    const error = Object.assign(new Error("No (os error 24)"), { code });
    network.failConnect(error);
    const end = await run(["client", "--servers=1", "21"], { network });
    assertEquals(end, {
      code: 1,
      stdout: named.includes(code)
        ? failed(error)
        : `socket creation failed with error ${osErrorText(error)}\n`,
      stderr: "",
    });
  }
});

Deno.test("on a terminal a hint follows once for each server that refuses", async () => {
  const network = new MemoryNetwork();
  network.failConnect(RESET);
  const stderr = new MemoryOutput({ isTerminal: true });
  const args = ["client", "--servers=1,2", "--failover", "20", "21", "22"];
  const end = await run(args, { network, stderr });
  assertEquals(end.code, 1);
  assertEquals(
    [...end.stderr.matchAll(/^Hint: .*?(tcpcalc serve -?\d+).*\n/gm)]
      .map(([, command]) => command),
    ["tcpcalc serve 2", "tcpcalc serve 1"],
  );
  assertEquals((await run(args)).stderr, "");
});

Deno.test("every server is equally likely to be drawn", async () => {
  const network = new MemoryNetwork();
  const handlers = Object.fromEntries(
    [1, 2, 3].map((n) => [n, replying(() => String(n))]),
  );
  using _ = play(network, handlers);
  const drawn = [0, 0.33, 0.34, 0.66, 0.67, 0.999_999];
  const args = ["client", "-q", ..."000000"];
  const random = () => drawn.shift()!;
  const { stdout } = await run(args, { network, random });
  assertEquals(stdout, "1\n1\n2\n2\n3\n3\n");
});

Deno.test("one server is asked; with --failover every one, in random order", async () => {
  const refusals = (...ports: number[]) =>
    ports.map((port) => failed(REFUSED, port)).join("");
  const orders: [string[], number, string][] = [
    [[], 0.5, refusals(9002)],
    [["--failover"], 0, refusals(9001, 9002, 9003)],
    [["--failover"], 0.999_999, refusals(9003, 9002, 9001)],
    [["--failover"], 0.5, refusals(9002, 9003, 9001)],
  ];
  for (const [args, random, stdout] of orders) {
    assertEquals(
      await run(["client", ...args, "21"], { random: () => random }),
      { code: 1, stdout, stderr: "" },
    );
  }
});

Deno.test("failover passes over servers that reset, time out or close without a reply", async () => {
  using time = new FakeTime();
  const network = new MemoryNetwork();
  using _ = play(network, {
    2: (conn) => conn.reset(),
    3: resetAfterMessage,
    4: silent,
    5: replying(() => ""),
    // 6 refuses.
    1: replying(() => "no integer"),
    7: echo,
  });
  const args = ["client", "--servers=2,3,4,5,6,1,7", "--failover"];
  const client = start([...args, "--timeout=0.1", "21"], { network });
  await time.advance(200);
  assertEquals(await client.finished(), {
    code: 1,
    stdout: failed(RESET, 9002) +
      connected(9003) + failed(RESET, 9003) +
      connected(9004) + TIMED_OUT.replace("9001", "9004") +
      received("", 9005) +
      failed(REFUSED, 9006) +
      // A reply is a reply, even if it is not an integer.
      received("no integer"),
    stderr: "",
  });
});

Deno.test("every number is sent, and one failure makes the whole run fail", async () => {
  const handler = replying((text) => text === "abc" ? "no" : text);
  const options = { stdin: "not read\n" };
  assertEquals(
    await ask(["-q", "1", "-2", " 3 "], handler, options),
    { code: 0, stdout: "1\n-2\n3\n", stderr: "" },
  );
  assertEquals(await ask(["-q", "1", "abc", "", "2"], handler), {
    code: 1,
    stdout: "1\n2\n",
    stderr: "no\nNothing to send: the number is empty\n",
  });
});

for (const stream of ["stdout", "stderr"] as const) {
  Deno.test(`numbers are sent no faster than a slow ${stream} takes what they lead to`, async () => {
    const network = new MemoryNetwork();
    using servers = play(network, { 1: replying(() => "1".repeat(1_000)) });
    const stdin = "1\n".repeat(4_000);
    const output = new MemoryOutput();
    output.pause();
    const args = ["client", "--servers=1", "--trace"];
    const client = start(args, { network, stdin, [stream]: output });
    for (let asked = -1; asked < servers.conns.length;) {
      asked = servers.conns.length;
      for (let turn = 0; turn < 100; turn++) await settle();
    }
    assert(servers.conns.length < 4_000);
    output.resume();
    const { stdout, stderr } = await client.finished();
    assertEquals(stdout.match(/server: 1+\n/g)?.length, 4_000);
    assertEquals(stderr.match(/connect /g)?.length, 4_000);
  });
}

Deno.test("a session prompts before it reads each line, and goes on after an error", async () => {
  // Time stands still: no timer is waited for.
  using _time = new FakeTime();
  const network = new MemoryNetwork();
  using _ = play(network, { 1: echo });
  const stdin = new MemoryInput();
  const client = start(["client", "--servers=1"], { network, stdin });
  await settle();
  network.failConnect(RESET);
  const lines: [string, string][] = [
    ["0\n", failed(RESET) + PROMPT],
    ["1\n", received("1") + PROMPT],
    ["2\n3\n", received("2") + PROMPT + received("3") + PROMPT],
    ["\n", PROMPT],
    ["\r\n", PROMPT],
    ["exit\n", ""],
  ];
  let printed = PROMPT;
  for (const [line, shown] of lines) {
    assertEquals(client.stdout.text, printed);
    stdin.push(line);
    await settle();
    printed += shown;
  }
  assertEquals(
    await client.finished(),
    { code: 0, stdout: printed, stderr: "" },
  );
});

Deno.test("a quiet session prints neither prompts nor a final newline", async () => {
  const options = { stdin: "1\n\na\n2" };
  assertEquals(
    await ask(["-q"], echo, options),
    { code: 0, stdout: "1\n2\n", stderr: "a\n" },
  );
});

/** The bytes of a text in which each character stands for one. */
function bytesOf(latin1: string): Uint8Array {
  return Uint8Array.from(latin1, (character) => character.charCodeAt(0));
}

Deno.test("a line is sent byte for byte, without its line end", async () => {
  // The last but one are bytes that are not UTF-8, and four that are not "exit".
  const lines = [
    ...[" exit ", "exits", "\xef\xbb\xbf1", "\t ", "1\r2", "\0", "\xc3\xa9"],
    ...["1".repeat(1024), "\xff\x801", "exi\xff", "1"],
  ];
  const sent: Uint8Array[] = [];
  await ask([], async (conn) => {
    const buffer = new Uint8Array(1024);
    const size = await conn.read(buffer);
    sent.push(buffer.subarray(0, size!));
    conn.close();
  }, { stdin: bytesOf(`${lines.join("\n")}\r\n2`) });
  assertEquals(sent, [...lines, "2"].map(bytesOf));
});

Deno.test("output that can't be written ends the client with one line; a reader that went away, silently", async () => {
  for (const args of [["21", "21"], ["-q", "21"], [], ["-q"]]) {
    for (const code of ["ENOSPC", "EPIPE"] as const) {
      const stdout = new MemoryOutput();
      const error = systemError(code);
      stdout.fail(error);
      const stdin = "21\n\n21\n";
      const stderr = code === "EPIPE" ? "" : `tcpcalc: ${osErrorText(error)}\n`;
      assertEquals(
        await ask(args, echo, { stdin, stdout }),
        { code: 1, stdout: "", stderr },
      );
    }
  }
});

Deno.test("the client goes on when standard error can't be written", async () => {
  const stderr = new MemoryOutput();
  stderr.fail(systemError("ENOSPC"));
  assertEquals(
    await ask(["-q", "--trace", "21"], echo, { stderr }),
    { code: 0, stdout: "21\n", stderr: "" },
  );
});
