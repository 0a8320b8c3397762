import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { linuxTest, programTest } from "../support/permissions.ts";
import {
  closedPort,
  programCommand,
  run,
  runCommand,
  startServer,
  startSession,
} from "../support/program.ts";

const PROMPT = "Enter number to calculate: (or write exit to terminate): ";

/** What this system says where nobody listens on a port. */
const REFUSED: Record<string, string> = {
  darwin: "[Errno 61] Connection refused",
  linux: "[Errno 111] Connection refused",
  windows:
    "[WinError 10061] No connection could be made because the target machine actively refused it",
};

/** Sets how many files a process may open while it runs. */
const LIMIT_FILES = `
import resource, sys
pid, limit = map(int, sys.argv[1:])
_, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
resource.prlimit(pid, resource.RLIMIT_NOFILE, (limit, hard))
`;

const encoder = new TextEncoder();

/** A server in this process that does what no real one would. */
interface FakeServer extends AsyncDisposable {
  port: number;
  /** Its number, as an operand of `--servers`. */
  number: string;
  /** How many connections it has had. */
  connections: number;
}

/** Starts a server that deals with each connection in its own way, and closes it then. */
function startFake(
  handle: (conn: Deno.TcpConn) => Promise<void>,
): FakeServer {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;

  async function acceptAll(): Promise<void> {
    for await (const conn of listener) {
      server.connections++;
      await handle(conn);
      conn.close();
    }
  }

  const accepting = acceptAll();
  const server: FakeServer = {
    port,
    number: String(port - 9000),
    connections: 0,
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting;
    },
  };
  return server;
}

/** Deals with a connection by reading the message and sending replies. */
function replying(
  ...replies: string[]
): (conn: Deno.TcpConn) => Promise<void> {
  return async (conn) => {
    await conn.read(new Uint8Array(1024));
    for (const reply of replies) await conn.write(encoder.encode(reply));
  };
}

/** Deals with a connection by waiting until the client closes it. */
async function silent(conn: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(1024);
  while (await conn.read(buffer) !== null);
}

function connected(port: number): string {
  return `connected to Server 127.0.0.1:${port}\n`;
}

function received(reply: string): string {
  return `Received from server: ${reply}\n`;
}

function failed(port: number, error: string): string {
  return `Failed to connect to Server 127.0.0.1:${port} with error ${error}\n`;
}

programTest(
  "client prompts, asks for each line as it is, and ends at exit in any case",
  async () => {
    await using server = await startServer();
    const number = String(server.port - 9000);
    const answer = connected(server.port) + received("42");
    const refusal = connected(server.port) +
      received("Received data is not valid integer");
    assertEquals(
      await run(
        ["client", "--servers", number],
        "21\n 2_1\t\n exit \ntwenty-one\neXiT\n21\n",
      ),
      {
        code: 0,
        stdout: PROMPT + answer + PROMPT + answer + PROMPT + refusal + PROMPT +
          refusal + PROMPT,
        stderr: "",
      },
    );
  },
);

programTest(
  "client ends at the end of its input, after a newline",
  async () => {
    await using server = await startServer();
    const options = ["client", `--servers=${server.port - 9000}`];
    const answer = connected(server.port) + received("42");
    for (
      const [stdin, printed] of [
        ["", `${PROMPT}\n`],
        ["21\n", `${PROMPT}${answer}${PROMPT}\n`],
        ["21", `${PROMPT}${answer}${PROMPT}\n`],
      ]
    ) {
      assertEquals(
        await run(options, stdin),
        { code: 0, stdout: printed, stderr: "" },
      );
    }
  },
);

programTest(
  "client prompts again after an empty line, and sends nothing",
  async () => {
    await using server = startFake(replying("42"));
    assertEquals(
      await run(["client", "--servers", server.number], "\n\r\n\nexit\r\n"),
      { code: 0, stdout: PROMPT.repeat(4), stderr: "" },
    );
    assertEquals(server.connections, 0);
  },
);

programTest(
  "client draws one of the servers at random for each number",
  async () => {
    await using servers = new AsyncDisposableStack();
    const fakes = Array.from(
      { length: 3 },
      () => servers.use(startFake(replying("42"))),
    );
    const numbers = fakes.map(({ number }) => number).join(",");
    const stdin = "21\n".repeat(60);
    const { stdout } = await run(["client", "--servers", numbers], stdin);
    assertEquals(stdout.split(received("42")).length - 1, 60);
    assertEquals(fakes.reduce((sum, fake) => sum + fake.connections, 0), 60);
    // That one of them is never drawn happens once in more than 10¹⁰ runs.
    for (const { connections } of fakes) assert(connections > 0);
  },
);

programTest(
  "client asks servers 1, 2 and 3 unless told otherwise",
  async () => {
    // Whether they are up, and what they are, is not in the hands of this test.
    const numbers = new Array(50).fill("21");
    const { stdout } = await run(["client", "--timeout=0.1", ...numbers]);
    const ports = stdout.matchAll(/ Server 127\.0\.0\.1:(\d+)/g)
      .map(([, port]) => port);
    assertEquals([...new Set(ports)].sort(), ["9001", "9002", "9003"]);
  },
);

programTest("client goes on after a server that is away", async () => {
  using closed = await closedPort();
  const line = failed(closed.port, REFUSED[Deno.build.os]);
  assertEquals(
    await run(
      ["client", `--servers=${closed.port - 9000}`],
      "21\n22\nexit\n",
    ),
    {
      code: 0,
      stdout: PROMPT + line + PROMPT + line + PROMPT,
      stderr: "",
    },
  );
});

programTest(
  "client gives up on a server that does not answer in time, and goes on",
  async () => {
    await using server = startFake(silent);
    const lines = connected(server.port) + failed(server.port, "timed out");
    for (const timeout of [["--timeout", "0.2"], ["--timeout=.2"]]) {
      assertEquals(
        await run(
          ["client", `--servers=${server.number}`, ...timeout],
          "21\n22\nexit\n",
        ),
        {
          code: 0,
          stdout: PROMPT + lines + PROMPT + lines + PROMPT,
          stderr: "",
        },
      );
    }
  },
);

programTest("client waits for ever with a timeout of 0", async () => {
  await using server = startFake(async (conn) => {
    await delay(300);
    await replying("42")(conn);
  });
  const { code, stdout } = await run([
    "client",
    "--timeout=0",
    `--servers=${server.number}`,
    "21",
  ]);
  assertEquals([code, stdout], [0, connected(server.port) + received("42")]);
});

linuxTest("client goes on where the system has no socket to give", async () => {
  await using server = await startServer();
  await using client = startSession([
    ...programCommand(),
    "client",
    `--servers=${server.port - 9000}`,
  ]);
  const pid = String(client.child.pid);
  await client.until(PROMPT);
  await runCommand(["python3", "-c", LIMIT_FILES, pid, "0"]);
  await client.type("21\n");
  assertEquals(
    await client.until(PROMPT),
    `socket creation failed with error [Errno 24] Too many open files\n${PROMPT}`,
  );
  await runCommand(["python3", "-c", LIMIT_FILES, pid, "256"]);
  await client.type("21\n");
  assertEquals(
    await client.until(PROMPT),
    connected(server.port) + received("42") + PROMPT,
  );
});

programTest(
  "client asks for its operands in turn, and exits with 0 for integers",
  async () => {
    await using server = await startServer();
    const number = String(server.port - 9000);
    const lines = ["42", "-8", "0", "-6", "-156", "2000"]
      .map((reply) => connected(server.port) + received(reply))
      .join("");
    const operands = ["21", "-4", "-0", "-٣", "-７８", "1_000"];
    for (
      const args of [
        ["client", "--servers", number, ...operands],
        ["client", ...operands, "--servers", number],
        ["client", ...operands.slice(0, 3), `--servers=${number}`]
          .concat(operands.slice(3)),
        ["--servers", number, "client", ...operands],
        ["client", `--servers=${number}`, "--", ...operands],
      ]
    ) {
      assertEquals(
        await run(args, "not read\n"),
        { code: 0, stdout: lines, stderr: "" },
        args.join(" "),
      );
    }
  },
);

programTest(
  "client exits with 1 unless every operand was answered with an integer",
  async () => {
    await using server = await startServer();
    await using mute = startFake(replying());
    using closed = await closedPort();
    const noInteger = "Received data is not valid integer";
    for (
      const [port, operands, replies] of [
        [server.port, ["abc", "21"], [noInteger, "42"]],
        [server.port, ["21", "--", "--quiet"], ["42", noInteger]],
        [server.port, ["1".repeat(1025)], [
          "Received data is longer than 1024 bytes",
        ]],
        [mute.port, ["21"], [""]],
      ] as const
    ) {
      assertEquals(
        await run(["client", `--servers=${port - 9000}`, ...operands]),
        {
          code: 1,
          stdout: replies.map((reply) => connected(port) + received(reply))
            .join(""),
          stderr: "",
        },
      );
    }
    assertEquals(
      await run(["client", `--servers=${closed.port - 9000}`, "21"]),
      {
        code: 1,
        stdout: failed(closed.port, REFUSED[Deno.build.os]),
        stderr: "",
      },
    );
  },
);

programTest(
  "client tries the other servers with --failover alone",
  async () => {
    await using server = await startServer();
    using closed = await closedPort();
    const servers = `--servers=${closed.port - 9000},${server.port - 9000}`;
    // Windows takes 2 s to refuse, and would have to do so 40 times.
    const [away, ...options] = Deno.build.os === "windows"
      ? [failed(closed.port, "timed out"), servers, "--timeout=0.5"]
      : [failed(closed.port, REFUSED[Deno.build.os]), servers];
    const answer = connected(server.port) + received("42");
    const operands = new Array(40).fill("21");

    const alone = await run(["client", ...options, ...operands]);
    assertEquals(alone.code, 1);
    assertEquals(alone.stdout.replaceAll(away, "").replaceAll(answer, ""), "");
    assertEquals(alone.stdout.match(/^(Failed|connected)/gm)?.length, 40);

    const together = await run([
      "client",
      ...options,
      "--failover",
      ...operands,
    ]);
    assertEquals(together.code, 0);
    assertEquals(
      together.stdout.replaceAll(away + answer, answer),
      answer.repeat(40),
    );
    // Once in 10¹² runs, the server that is away is never drawn first.
    assert(together.stdout.includes(away));
  },
);

programTest(
  "client tries every server once, in random order, before it gives up",
  async () => {
    using closed = new DisposableStack();
    const ports: number[] = [];
    for (let count = 0; count < 3; count++) {
      ports.push(closed.use(await closedPort()).port);
    }
    const servers = ports.map((port) => port - 9000).join(",");
    const { code, stdout } = await run(
      [
        "client",
        "--failover",
        // Windows takes 2 s to refuse, and would have to do so 120 times.
        "--timeout=0.1",
        "--servers",
        servers,
        ...new Array(40).fill("21"),
      ],
    );
    assertEquals(code, 1);
    const tried = stdout.matchAll(
      /^Failed to connect to Server 127.0.0.1:(\d+)/gm,
    )
      .map(([, port]) => Number(port)).toArray();
    assertEquals(tried.length, 3 * 40);
    const orders = new Set<string>();
    for (let start = 0; start < tried.length; start += 3) {
      const order = tried.slice(start, start + 3);
      assertEquals(order.toSorted(), ports.toSorted());
      orders.add(order.join());
    }
    assert(orders.size > 1);
  },
);

programTest(
  "client does not try another server for an answer that is no integer",
  async () => {
    await using server = await startServer();
    await using fake = startFake(
      replying("Received data is not valid integer"),
    );
    const servers = `--servers=${server.port - 9000},${fake.number}`;
    const { stdout } = await run(["client", "--failover", servers, "abc"]);
    assertEquals(stdout.match(/^connected/gm)?.length, 1);
  },
);

programTest(
  "a quiet client prints the answers alone, and errors on standard error",
  async () => {
    await using server = await startServer();
    using closed = await closedPort();
    const number = String(server.port - 9000);
    const noInteger = "Received data is not valid integer\n";
    for (const quiet of ["-q", "--quiet"]) {
      assertEquals(
        await run(["client", quiet, "--servers", number, "21", "abc", "-4"]),
        { code: 1, stdout: "42\n-8\n", stderr: noInteger },
      );
      assertEquals(
        await run(["client", "--servers", number, quiet], "21\n\nabc\n-4\n"),
        { code: 0, stdout: "42\n-8\n", stderr: noInteger },
      );
    }
    assertEquals(
      await run(["client", "-q", `--servers=${closed.port - 9000}`, "21"]),
      {
        code: 1,
        stdout: "",
        stderr: failed(closed.port, REFUSED[Deno.build.os]),
      },
    );
  },
);

programTest("client prints the whole of a long reply", async () => {
  await using server = await startServer();
  const number = "7".repeat(1024);
  const { stdout } = await run([
    "client",
    "-q",
    `--servers=${server.port - 9000}`,
    number,
  ]);
  assertEquals(stdout, `${2n * BigInt(number)}\n`);

  const pieces = ["1".repeat(1400), "2".repeat(1400), "3".repeat(1400)];
  await using fake = startFake(replying(...pieces));
  assertEquals(
    await run(["client", "-q", `--servers=${fake.number}`, "21"]),
    { code: 0, stdout: pieces.join("") + "\n", stderr: "" },
  );
});

programTest("client shows control characters of a reply escaped", async () => {
  for (
    const [reply, shown] of [
      ["42\nReceived from server: 43", "42\\nReceived from server: 43"],
      ["\x1b[2J\x07\r\x9b\u2028\u202e", "\\x1b[2J\\x07\\r\\x9b\\u2028\\u202e"],
      [new Uint8Array([0x34, 0xff, 0x32]), "4\\xff2"],
    ] as const
  ) {
    await using server = startFake(async (conn) => {
      await conn.read(new Uint8Array(1024));
      await conn.write(
        typeof reply === "string" ? encoder.encode(reply) : reply,
      );
    });
    assertEquals(
      await run(["client", `--servers=${server.number}`, "21"]),
      {
        code: 1,
        stdout: connected(server.port) + received(shown),
        stderr: "",
      },
    );
  }
});
