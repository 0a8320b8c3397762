import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  askAll,
  type ClientOptions,
  interact,
  PROMPT,
  type TextOutput,
} from "../client.ts";
import { Printer } from "../io/printer.ts";
import { osErrorText } from "../python/os_error.ts";
import { MemoryInput, MemoryOutput } from "./support/environment.ts";
import {
  type MemoryConnection,
  MemoryNetwork,
  readAll,
  send,
} from "./support/network.ts";
import { systemError } from "./support/system_error.ts";
import { FakeTime, settle } from "./support/time.ts";

const MEBIBYTE = 1024 * 1024;

/** The port of server 1. */
const PORT = 9001;

const CONNECTED = "connected to Server 127.0.0.1:9001\n";

const encoder = new TextEncoder();

/** Keeps what is printed. */
class Recorder implements TextOutput {
  text = "";
  ready: Promise<void> | undefined;

  print(text: string): void {
    this.text += text;
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }

  hurry(): void {}

  /** Returns what has been printed, and clears it. */
  take(): string {
    const { text } = this;
    this.text = "";
    return text;
  }
}

/** A network, and a client's options that record what it prints. */
class Fixture implements ClientOptions {
  readonly servers = [1];
  readonly timeout = 10_000;
  readonly failover = false;
  readonly quiet = false;
  readonly hints = false;
  readonly network = new MemoryNetwork();
  readonly random = () => 0;
  readonly stdout = new Recorder();
  readonly stderr = new Recorder();

  constructor(options: Partial<ClientOptions> = {}) {
    Object.assign(this, options);
  }

  /** What was printed on both streams since the last call. */
  printed(): { stdout: string; stderr: string } {
    return { stdout: this.stdout.take(), stderr: this.stderr.take() };
  }
}

/** A server that the test controls. Disposing of it waits until every connection is handled. */
class FakeServer implements AsyncDisposable {
  readonly listener;
  readonly conns: MemoryConnection[] = [];
  readonly #handled: Promise<void>[] = [];
  readonly #accepting: Promise<void>;

  constructor(
    network: MemoryNetwork,
    handle: (conn: MemoryConnection) => Promise<void> | void,
    port = PORT,
  ) {
    this.listener = network.listen(port);
    this.#accepting = this.#acceptAll(handle);
  }

  async #acceptAll(
    handle: (conn: MemoryConnection) => Promise<void> | void,
  ): Promise<void> {
    try {
      while (true) {
        const conn = await this.listener.accept();
        this.conns.push(conn);
        this.#handled.push(Promise.resolve(handle(conn)));
      }
    } catch {
      // The listener is closed.
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.listener.close();
    await this.#accepting;
    await Promise.all(this.#handled);
    for (const conn of this.conns) conn[Symbol.dispose]();
  }
}

async function receive(conn: MemoryConnection): Promise<string> {
  const buffer = new Uint8Array(1024);
  const size = await conn.read(buffer);
  return new TextDecoder("utf-8", { ignoreBOM: true })
    .decode(buffer.subarray(0, size ?? 0));
}

/** Replies with what the function returns, and closes. */
function replying(
  reply: (message: string) => string | Uint8Array<ArrayBuffer>,
): (conn: MemoryConnection) => Promise<void> {
  return async (conn) => {
    const message = await receive(conn);
    // The client may have closed the connection by now.
    await send(conn, reply(message)).catch(() => {});
    conn.close();
  };
}

/** Replies, and leaves the connection open. */
function lingering(reply: string): (conn: MemoryConnection) => Promise<void> {
  return async (conn) => {
    await receive(conn);
    await send(conn, reply);
  };
}

/** What the client prints for an exchange that failed with an error. */
function failed(error: unknown, port = PORT): string {
  return `Failed to connect to Server 127.0.0.1:${port} with error ${
    osErrorText(error)
  }\n`;
}

const TIMED_OUT = failed(new DOMException("", "TimeoutError"));
const REFUSED = systemError("ECONNREFUSED");
const RESET = systemError("ECONNRESET");

/** An input with everything there at once. */
function inputOf(...chunks: (string | Uint8Array)[]): MemoryInput {
  const input = new MemoryInput();
  for (const chunk of chunks) input.push(chunk);
  input.end();
  return input;
}

Deno.test("an exchange is reported in two lines", async () => {
  const client = new Fixture();
  await using _ = new FakeServer(client.network, replying(() => "42"));
  assertEquals(await askAll(["21"], client), true);
  assertEquals(client.printed(), {
    stdout: `${CONNECTED}Received from server: 42\n`,
    stderr: "",
  });
});

Deno.test("the connection is reported before the reply arrives", async () => {
  const client = new Fixture();
  await using server = new FakeServer(client.network, () => {});
  const asked = askAll(["21"], client);
  await settle();
  assertEquals(client.printed().stdout, CONNECTED);
  const [conn] = server.conns;
  assertEquals(await receive(conn), "21");
  conn.close();
  await asked;
});

Deno.test("a reply is whole when the server closes, in however many pieces it comes", async () => {
  using time = new FakeTime();
  const client = new Fixture();
  await using server = new FakeServer(client.network, () => {});
  const asked = askAll(["21"], client);
  await settle();
  const [conn] = server.conns;
  const pieces = ["1".repeat(1400), "2".repeat(1400), "3"];
  for (const piece of pieces) {
    await send(conn, piece);
    await time.advance(49);
  }
  conn.close();
  assertEquals(await asked, true);
  assertEquals(
    client.printed().stdout,
    `${CONNECTED}Received from server: ${pieces.join("")}\n`,
  );
});

Deno.test("a reply is whole when nothing follows its last piece for 50 ms", async () => {
  using time = new FakeTime();
  const client = new Fixture();
  await using server = new FakeServer(client.network, lingering("4"));
  const asked = askAll(["21"], client);
  await time.advance(49);
  await send(server.conns[0], "2");
  await time.advance(49);
  assertEquals(client.printed().stdout, CONNECTED);
  await time.advance(1);
  assertEquals(client.printed().stdout, "Received from server: 42\n");
  assertEquals(await asked, true);
  assertEquals(await receive(server.conns[0]), "");
});

Deno.test("a reset before the reply is an error", async () => {
  const client = new Fixture();
  await using _ = new FakeServer(client.network, async (conn) => {
    await receive(conn);
    conn.reset();
  });
  assertEquals(await askAll(["21"], client), false);
  assertEquals(client.printed().stdout, CONNECTED + failed(RESET));
});

Deno.test("a reset after the first piece is an error, never an answer", async () => {
  using time = new FakeTime();
  for (const elapsed of [0, 49]) {
    const client = new Fixture();
    await using _ = new FakeServer(client.network, async (conn) => {
      await lingering("4")(conn);
      await time.advance(elapsed);
      conn.reset();
    });
    assertEquals(await askAll(["21"], client), false);
    assertEquals(client.printed().stdout, CONNECTED + failed(RESET));
  }
});

Deno.test("an exchange without a reply times out, and its connection is closed", async () => {
  using time = new FakeTime();
  const client = new Fixture({ timeout: 100 });
  await using server = new FakeServer(client.network, () => {});
  const asked = askAll(["21"], client);
  await time.advance(99);
  assertEquals(client.printed().stdout, CONNECTED);
  await time.advance(1);
  assertEquals(client.printed().stdout, TIMED_OUT);
  assertEquals(await asked, false);
  assertEquals(await readAll(server.conns[0]), "21");
});

Deno.test("an attempt to connect times out, and the next exchange has its own time", async () => {
  using time = new FakeTime();
  const network = new MemoryNetwork({ backlog: 1 });
  const client = new Fixture({ timeout: 100, network });
  // Nobody accepts, and the backlog has room for one.
  const listener = network.listen(PORT);
  using _queued = await network.connect(PORT);
  const asked = askAll(["21", "22"], client);
  await time.advance(100);
  assertEquals(client.printed().stdout, TIMED_OUT);
  await time.advance(99);
  using accepted = await listener.accept();
  using next = await listener.accept();
  await lingering("44")(next);
  await time.advance(50);
  assertEquals(await asked, false);
  assertEquals(
    client.printed().stdout,
    `${CONNECTED}Received from server: 44\n`,
  );
  assert(!accepted.isClosed);
  listener.close();
});

Deno.test("a reply that has arrived is never lost to the timeout", async () => {
  using time = new FakeTime();
  const client = new Fixture({ timeout: 100 });
  await using server = new FakeServer(client.network, () => {});
  const asked = askAll(["21"], client);
  await time.advance(99);
  await lingering("42")(server.conns[0]);
  await time.advance(50);
  assertEquals(await asked, true);
  assertEquals(
    client.printed().stdout,
    `${CONNECTED}Received from server: 42\n`,
  );
});

Deno.test("a reply that never ends times out", async () => {
  using time = new FakeTime();
  const client = new Fixture({ timeout: 100 });
  await using server = new FakeServer(client.network, () => {});
  const asked = askAll(["21"], client);
  await settle();
  const [conn] = server.conns;
  for (let elapsed = 0; elapsed <= 130; elapsed += 10) {
    await send(conn, "4").catch(() => {});
    await time.advance(10);
  }
  assertEquals(await asked, false);
  assertEquals(client.printed().stdout, CONNECTED + TIMED_OUT);
});

Deno.test("what came while the client was frozen belongs to the reply", async () => {
  using time = new FakeTime();
  const client = new Fixture({ timeout: 1_000 });
  await using server = new FakeServer(client.network, () => {});
  const asked = askAll(["21"], client);
  await settle();
  const [conn] = server.conns;
  await send(conn, "4");
  await settle();
  const sent = send(conn, "2");
  time.freeze(5_000);
  await sent;
  conn.close();
  await time.advance(10);
  assertEquals(await asked, true);
  assertEquals(
    client.printed().stdout,
    `${CONNECTED}Received from server: 42\n`,
  );
});

Deno.test("a reply that came while the client was frozen is not lost to the timeout", async () => {
  using time = new FakeTime();
  const client = new Fixture({ timeout: 1_000 });
  await using server = new FakeServer(client.network, () => {});
  const asked = askAll(["21"], client);
  await settle();
  const [conn] = server.conns;
  const sent = send(conn, "42");
  time.freeze(5_000);
  await sent;
  conn.close();
  await time.advance(10);
  assertEquals(await asked, true);
});

Deno.test("an exchange without a time limit waits for ever", async () => {
  using time = new FakeTime();
  const client = new Fixture({ timeout: 0 });
  await using server = new FakeServer(client.network, () => {});
  const asked = askAll(["21"], client);
  await time.advance(1_000_000);
  assertEquals(time.signals, 0);
  server.conns[0].close();
  await asked;
});

Deno.test("a reply may be up to 1 MiB long", async () => {
  const client = new Fixture();
  const longest = "9".repeat(MEBIBYTE);
  await using _ = new FakeServer(
    client.network,
    replying((message) => message === "21" ? longest : longest + "9"),
  );
  // It has more digits than Python reads as an integer.
  assertEquals(await askAll(["21"], client), false);
  assertEquals(
    client.printed().stdout,
    `${CONNECTED}Received from server: ${longest}\n`,
  );
  assertEquals(await askAll(["22"], client), false);
  assertEquals(
    client.printed().stdout,
    CONNECTED + failed(new Error(`reply is longer than ${MEBIBYTE} bytes`)),
  );
});

Deno.test("a reply that arrives before the whole message is sent counts", async () => {
  const client = new Fixture();
  await using _ = new FakeServer(client.network, async (conn) => {
    await send(conn, "too long");
    await conn.closeWrite();
    await readAll(conn);
    conn.close();
  });
  await askAll(["9".repeat(MEBIBYTE)], client);
  assertEquals(
    client.printed().stdout,
    `${CONNECTED}Received from server: too long\n`,
  );
});

Deno.test("a message that can't be sent is an error if no reply comes", async () => {
  const client = new Fixture();
  await using _ = new FakeServer(client.network, (conn) => conn.close());
  assertEquals(await askAll(["9".repeat(MEBIBYTE)], client), false);
  assertEquals(
    client.printed().stdout,
    CONNECTED + failed(systemError("EPIPE")),
  );
});

Deno.test("a close without a reply is shown as in Python, and counts as a failure", async () => {
  const client = new Fixture();
  await using _ = new FakeServer(client.network, replying(() => ""));
  assertEquals(await askAll(["21"], client), false);
  assertEquals(client.printed(), {
    stdout: `${CONNECTED}Received from server: \n`,
    stderr: "",
  });
  assertEquals(
    await askAll(["21"], new Fixture({ ...client, quiet: true })),
    false,
  );
  assertEquals(client.printed(), {
    stdout: "",
    stderr: "Server 127.0.0.1:9001 closed the connection without a reply\n",
  });
});

Deno.test("a socket that TCP has connected to itself is closed, and another is tried", async () => {
  const network = new MemoryNetwork();
  const port = network.nextPort;
  const client = new Fixture({ network, servers: [port - 9000] });
  assertEquals(await askAll(["21"], client), false);
  assertEquals(client.printed().stdout, failed(REFUSED, port));
  assertEquals(network.nextPort, port + 2);
});

Deno.test("a system error is reported in place of the answer", async () => {
  const client = new Fixture();
  for (const code of ["ECONNREFUSED", "ECONNRESET", "ENOTCONN"] as const) {
    const error = systemError(code);
    client.network.failConnect(error);
    assertEquals(await askAll(["21"], client), false);
    assertEquals(client.printed(), { stdout: failed(error), stderr: "" });
  }
});

Deno.test("if the system has no socket, no server is blamed", async () => {
  const client = new Fixture();
  const codes = [
    ...["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"],
    ...["EAFNOSUPPORT", "EPROTONOSUPPORT"],
  ];
  for (const code of codes) {
    const error = Object.assign(new Error("No (os error 24)"), { code });
    client.network.failConnect(error);
    assertEquals(await askAll(["21"], client), false);
    assertEquals(client.printed(), {
      stdout: `socket creation failed with error ${osErrorText(error)}\n`,
      stderr: "",
    });
  }
});

Deno.test("a hint follows a refused connection if hints are wanted", async () => {
  const client = new Fixture({ hints: true });
  await askAll(["21"], client);
  assertEquals(client.printed(), {
    stdout: failed(REFUSED),
    stderr:
      "Hint: start server 1 in another terminal: tcpcalc serve 1 (from a clone: npx -y deno task serve 1)\n",
  });
  client.network.failConnect(RESET);
  await askAll(["21"], client);
  assertEquals(client.printed().stderr, "");
});

Deno.test("a reply is shown as repr shows it", async () => {
  const cases: [string | Uint8Array<ArrayBuffer>, string][] = [
    ["42\nReceived from server: 43", "42\\nReceived from server: 43"],
    ["\x1b[2J\u200b\u3000 é", "\\x1b[2J\\u200b\\u3000 é"],
    [new Uint8Array([0x34, 0xff, 0x32]), "4\\xff2"],
  ];
  for (const [reply, shown] of cases) {
    const client = new Fixture();
    await using _ = new FakeServer(client.network, replying(() => reply));
    assertEquals(await askAll(["21"], client), false);
    assertEquals(client.printed(), {
      stdout: `${CONNECTED}Received from server: ${shown}\n`,
      stderr: "",
    });
    await askAll(["21"], new Fixture({ ...client, quiet: true }));
    assertEquals(client.printed(), { stdout: "", stderr: `${shown}\n` });
  }
});

Deno.test("a quiet client prints an integer without the blanks around it", async () => {
  const client = new Fixture({ quiet: true });
  await using _ = new FakeServer(client.network, replying((text) => text));
  const cases = [
    ["42\n", "42"],
    ["\u3000\x85-8\x0b", "-8"],
    ["+1_0", "+1_0"],
    ["٤٢", "٤٢"],
    ["9".repeat(1000), "9".repeat(1000)],
  ];
  for (const [reply, answer] of cases) {
    assertEquals(await askAll([reply], client), true);
    assertEquals(client.printed(), { stdout: `${answer}\n`, stderr: "" });
  }
});

Deno.test("a quiet client reports on standard error what is not an answer", async () => {
  const client = new Fixture({ quiet: true });
  assertEquals(await askAll(["21"], client), false);
  assertEquals(client.printed(), { stdout: "", stderr: failed(REFUSED) });
});

Deno.test("every server is equally likely to be drawn", async () => {
  const network = new MemoryNetwork();
  await using _1 = new FakeServer(network, replying(() => "1"), 9001);
  await using _2 = new FakeServer(network, replying(() => "2"), 9002);
  await using _3 = new FakeServer(network, replying(() => "3"), 9003);
  const drawn = [0, 0.33, 0.34, 0.66, 0.67, 0.999_999];
  const client = new Fixture({
    network,
    servers: [1, 2, 3],
    quiet: true,
    random: () => drawn.shift()!,
  });
  await askAll([..."000000"], client);
  assertEquals(client.printed().stdout, "1\n1\n2\n2\n3\n3\n");
});

Deno.test("without failover only one server is asked", async () => {
  const client = new Fixture({ servers: [2, 1] });
  await using _ = new FakeServer(client.network, replying(() => "42"));
  assertEquals(await askAll(["21"], client), false);
  assertEquals(client.printed().stdout, failed(REFUSED, 9002));
});

Deno.test("failover tries every server once, in random order, before giving up", async () => {
  const orders: [random: number, ports: number[]][] = [
    [0, [9001, 9002, 9003]],
    [0.999_999, [9003, 9002, 9001]],
    [0.5, [9002, 9003, 9001]],
  ];
  for (const [random, ports] of orders) {
    const client = new Fixture({
      servers: [1, 2, 3],
      failover: true,
      random: () => random,
    });
    assertEquals(await askAll(["21"], client), false);
    assertEquals(
      client.printed().stdout,
      ports.map((port) => failed(REFUSED, port)).join(""),
    );
  }
});

Deno.test("failover passes over servers that reset, time out or close without a reply", async () => {
  using time = new FakeTime();
  const servers = [2, 3, 4, 5, 1, 6];
  const client = new Fixture({ servers, timeout: 100, failover: true });
  const { network } = client;
  await using _2 = new FakeServer(network, (conn) => conn.reset(), 9002);
  await using _3 = new FakeServer(network, async () => {
    await time.advance(100);
  }, 9003);
  await using _4 = new FakeServer(network, replying(() => ""), 9004);
  await using _1 = new FakeServer(network, replying(() => "no integer"));
  assertEquals(await askAll(["21"], client), false);
  const connected = (port: number) => `connected to Server 127.0.0.1:${port}\n`;
  assertEquals(client.printed(), {
    stdout: connected(9002) + failed(RESET, 9002) +
      connected(9003) + TIMED_OUT.replace("9001", "9003") +
      connected(9004) + "Received from server: \n" +
      failed(REFUSED, 9005) +
      // A reply is a reply, even if it is not an integer.
      CONNECTED + "Received from server: no integer\n",
    stderr: "",
  });
});

Deno.test("every number is sent, and one failure makes the whole run fail", async () => {
  const client = new Fixture({ quiet: true });
  await using _ = new FakeServer(
    client.network,
    replying((text) => text === "abc" ? "no" : text),
  );
  assertEquals(await askAll(["1", "-2", " 3 "], client), true);
  assertEquals(client.printed(), { stdout: "1\n-2\n3\n", stderr: "" });
  assertEquals(await askAll(["1", "abc", "", "2"], client), false);
  assertEquals(client.printed(), {
    stdout: "1\n2\n",
    stderr: "no\nNothing to send: the number is empty\n",
  });
});

Deno.test("numbers are sent no faster than the output takes the answers", async () => {
  const client = new Fixture();
  await using server = new FakeServer(client.network, replying(() => "42"));
  const { promise, resolve } = Promise.withResolvers<void>();
  client.stdout.ready = promise;
  const asked = askAll(["21", "21"], client);
  await settle();
  assertEquals(server.conns.length, 1);
  resolve();
  await asked;
  assertEquals(server.conns.length, 2);
});

Deno.test("lines are read no faster than the output takes the prompts", async () => {
  const client = new Fixture();
  const { promise, resolve } = Promise.withResolvers<void>();
  client.stdout.ready = promise;
  const session = interact(inputOf("\n\nexit\n"), client);
  await settle();
  assertEquals(client.printed().stdout, PROMPT.repeat(2));
  resolve();
  await session;
  assertEquals(client.printed().stdout, PROMPT);
});

Deno.test("a failed output ends the client, whatever the input", async () => {
  const client = new Fixture();
  await using server = new FakeServer(client.network, replying(() => "42"));
  const full = systemError("ENOSPC");
  Object.defineProperty(client.stdout, "ready", {
    get() {
      throw full;
    },
  });
  await assertRejects(() => askAll(["21", "21"], client), Error, full.message);
  assertEquals(server.conns.length, 1);
  for (const line of ["21\n", "\n", `${"1".repeat(MEBIBYTE + 1)}\n`]) {
    await assertRejects(
      () => interact(inputOf(line), client),
      Error,
      full.message,
    );
  }
});

Deno.test("a session prompts before it reads each line", async () => {
  const client = new Fixture();
  await using _ = new FakeServer(client.network, replying((text) => text));
  const input = new MemoryInput();
  const session = interact(input, client);
  const seen: string[] = [];
  for (const line of ["1\n", "\n", "exit\n"]) {
    await settle();
    seen.push(client.printed().stdout);
    input.push(line);
  }
  await session;
  assertEquals(seen, [
    PROMPT,
    `${CONNECTED}Received from server: 1\n${PROMPT}`,
    PROMPT,
  ]);
  assertEquals(client.printed(), { stdout: "", stderr: "" });
});

Deno.test("a session writes all pending output before it waits for a line", async () => {
  // Fake time stands still, so no timer can do it.
  using _time = new FakeTime();
  const output = new MemoryOutput();
  const client = new Fixture({ stdout: new Printer(output, 20) });
  await using _ = new FakeServer(client.network, replying(() => "42"));
  const input = new MemoryInput();
  const session = interact(input, client);
  input.push("21\n21\n");
  await settle();
  const answer = `${CONNECTED}Received from server: 42\n${PROMPT}`;
  assertEquals(output.text, PROMPT + answer + answer);
  input.push("exit\n");
  await session;
});

Deno.test("an error is written after the answers before it", async () => {
  using time = new FakeTime();
  const output = new MemoryOutput();
  const stdout = new Printer(output, 20);
  const stderr = new Printer(output);
  const client = new Fixture({ quiet: true, stdout, stderr });
  await using _ = new FakeServer(client.network, replying((text) => text));
  await askAll(["1", "2", "abc", ""], client);
  await time.advance(0);
  assertEquals(
    output.text,
    "1\n2\nabc\nNothing to send: the number is empty\n",
  );
});

Deno.test("exit ends a session, in upper or lower case", async () => {
  for (const input of ["exit\n21\n", "EXIT\r\n21\n", "eXiT"]) {
    const client = new Fixture();
    await interact(inputOf(input), client);
    assertEquals(client.printed(), { stdout: PROMPT, stderr: "" });
  }
});

Deno.test("a line is sent byte for byte, without its line end", async () => {
  const client = new Fixture();
  const messages: Uint8Array[] = [];
  await using _ = new FakeServer(client.network, async (conn) => {
    const buffer = new Uint8Array(1024);
    const size = await conn.read(buffer);
    messages.push(buffer.subarray(0, size!));
    conn.close();
  });
  const lines = [
    ...[
      " exit ",
      "exits",
      "\ufeff1",
      "\t ",
      "1\r2",
      "\0",
      "é",
      "1".repeat(1024),
    ]
      .map((line) => encoder.encode(line)),
    new Uint8Array([0xff, 0x80, 0x31]),
    // Four bytes that are neither exit nor text.
    new Uint8Array([0x65, 0x78, 0x69, 0xff]),
  ];
  const input = lines.flatMap((line) => [line, "\n"]);
  await interact(inputOf(...input, "1\r\n", "2"), client);
  assertEquals(messages, [...lines, encoder.encode("1"), encoder.encode("2")]);
});

Deno.test("an empty line is not sent, and the prompt comes again", async () => {
  const client = new Fixture();
  await interact(inputOf("\n\r\n\nexit\n"), client);
  assertEquals(client.printed(), { stdout: PROMPT.repeat(4), stderr: "" });
});

Deno.test("a session ends with its input, after a newline", async () => {
  const client = new Fixture();
  await interact(inputOf(), client);
  assertEquals(client.printed(), { stdout: `${PROMPT}\n`, stderr: "" });
});

Deno.test("a line of more than 1 MiB is not sent, and the session goes on", async () => {
  const client = new Fixture();
  const sizes: number[] = [];
  await using _ = new FakeServer(client.network, async (conn) => {
    sizes.push((await readAll(conn)).length);
  });
  await using _server = new FakeServer(
    client.network,
    async (conn) => {
      const buffer = new Uint8Array(MEBIBYTE);
      let size = 0;
      while (size < MEBIBYTE) size += (await conn.read(buffer))!;
      sizes.push(size);
      conn.close();
    },
    9002,
  );
  const longest = "1".repeat(MEBIBYTE);
  await interact(
    inputOf(`${longest}1\n${longest}\n`),
    new Fixture({ ...client, servers: [2] }),
  );
  assertEquals(sizes, [MEBIBYTE]);
  assertEquals(client.printed(), {
    stdout: `${PROMPT}${PROMPT}connected to Server 127.0.0.1:9002\n` +
      `Received from server: \n${PROMPT}\n`,
    stderr: "Not sent: the line is longer than 1048576 bytes\n",
  });
});

Deno.test("an error does not end a session", async () => {
  const client = new Fixture();
  await interact(inputOf("1\n2\nexit\n"), client);
  assertEquals(
    client.printed().stdout,
    PROMPT + failed(REFUSED) + PROMPT + failed(REFUSED) + PROMPT,
  );
});

Deno.test("a quiet session prints neither prompts nor a final newline", async () => {
  const client = new Fixture({ quiet: true });
  await using _ = new FakeServer(client.network, replying((text) => text));
  await interact(inputOf("1\n\n2"), client);
  assertEquals(client.printed(), { stdout: "1\n2\n", stderr: "" });
});
