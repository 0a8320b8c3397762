import { assertEquals, assertLess, assertStringIncludes } from "@std/assert";
import { delay } from "@std/async/delay";
import {
  linuxTest,
  programTest,
  pythonTest,
  signalTest,
} from "../support/permissions.ts";
import {
  exchangeOnce,
  programCommand,
  refusal,
  run,
  runCommand,
  type RunningServer,
  startServer,
  startSession,
} from "../support/program.ts";

/** What this system says where a port is taken. */
const IN_USE: Record<string, string> = {
  darwin: "[Errno 48] Address already in use",
  linux: "[Errno 98] Address already in use",
  windows:
    "[WinError 10048] Only one usage of each socket address (protocol/network address/port) is normally permitted",
};

/** Runs a command that may not listen on port 1, unless the system opens that port to all. */
const WITHOUT_LOW_PORTS = `
import ctypes, os, sys
PR_CAPBSET_DROP, CAP_NET_BIND_SERVICE = 24, 10
with open("/proc/sys/net/ipv4/ip_unprivileged_port_start") as first_open:
    if int(first_open.read()) <= 1:
        sys.exit("port 1 is open to all")
# Takes the right from root. All others have none to lose.
ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_NET_BIND_SERVICE, 0, 0, 0)
os.execvp(sys.argv[1], sys.argv[1:])
`;

/** Connects, and at the end of its input resets the connection. */
const RESET = `
import os, socket, struct, sys
client = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
sys.stdin.read()
linger = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
client.close()
`;

function connect({ port }: RunningServer): Promise<Deno.TcpConn> {
  return Deno.connect({ hostname: "127.0.0.1", port });
}

/** How the server names a client. */
function addressOf(conn: Deno.TcpConn): string {
  return `('127.0.0.1', ${conn.localAddr.port})`;
}

/** Waits for lines of the server's output. */
async function nextLines(
  server: RunningServer,
  count: number,
): Promise<(string | undefined)[]> {
  const lines = [];
  for (let index = 0; index < count; index++) {
    lines.push(await server.nextLine());
  }
  return lines;
}

/** Reads a connection to its end, which closes it. */
async function readAll(conn: Deno.Conn): Promise<string> {
  return await new Response(conn.readable).text();
}

/** Checks that the server goes on answering. Takes the lines that it prints of this. */
async function assertServes(server: RunningServer): Promise<void> {
  assertEquals(await exchangeOnce(server.port, "21"), "42");
  const lines = await nextLines(server, 2);
  assertEquals(lines[1], "Received from client: 21");
}

programTest("serve prints its usage unless it has one operand", async () => {
  const usage =
    "Usage: tcpcalc serve <server number>. For further information check readme file\n";
  for (const operands of [[], ["1", "2"], ["a", "b", "c"], ["--"]]) {
    assertEquals(
      await run(["serve", ...operands]),
      { code: 1, stdout: usage, stderr: "" },
      `operands: ${operands}`,
    );
  }
});

programTest("serve refuses an operand that is no integer", async () => {
  const expected = {
    code: 1,
    stdout: "Invalid argument. Please provide an integer.\n",
    stderr: "",
  };
  for (
    const operand of [
      "",
      "abc",
      "1.0",
      "0x10",
      "1__0",
      "_1",
      "+ 1",
      "²",
      "\x1c1",
    ]
  ) {
    assertEquals(await run(["serve", operand]), expected, `"${operand}"`);
  }
  assertEquals(await run(["serve", "--", "--1"]), expected);
});

programTest(
  "serve takes an integer in every form for its operand",
  async () => {
    // To listen on a port that is taken fails with the same error in each form, and on another port not.
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const number = String(listener.addr.port - 9000);
    const fullwidth = number.replace(
      /\d/g,
      (digit) => String.fromCodePoint(0xff10 + Number(digit)),
    );
    for (
      const form of [
        number,
        `+${number}`,
        ` ${number}\t`,
        `00${number}`,
        number.replace(/^./, "$&_"),
        fullwidth,
      ]
    ) {
      assertEquals(await run(["serve", form]), {
        code: 1,
        stdout: "",
        stderr: `OSError: ${IN_USE[Deno.build.os]}\n`,
      }, `"${form}"`);
    }
  },
);

programTest(
  "serve takes a negative number for its operand, not for an option",
  async () => {
    for (const operand of ["-9000", "-9_000", "-９０００", "-९०००"]) {
      await using server = await startServer({ operand });
      await assertServes(server);
    }
    await using server = await startServer({ operand: "--", args: ["-9000"] });
    await assertServes(server);
  },
);

programTest("serve refuses a number whose port is none", async () => {
  for (
    const operand of [
      "56536",
      "999999999999",
      "1" + "0".repeat(30),
      "-9001",
      "-７００００",
    ]
  ) {
    assertEquals(await run(["serve", operand]), {
      code: 1,
      stdout: "",
      stderr: "OverflowError: bind(): port must be 0-65535.\n",
    }, operand);
  }
});

linuxTest("serve tells of a port that it has no right to", async (t) => {
  const command = [...programCommand(), "serve", "-8999"];
  const result = await runCommand([
    "python3",
    "-c",
    WITHOUT_LOW_PORTS,
    ...command,
  ]);
  const isOpen = result.stderr === "port 1 is open to all\n";
  await t.step({
    name: isOpen ? "port 1 (here it is open to all)" : "port 1",
    ignore: isOpen,
    fn() {
      assertEquals(result, {
        code: 1,
        stdout: "",
        stderr: "PermissionError: [Errno 13] Permission denied\n",
      });
    },
  });
});

programTest("serve accepts from the moment that it says so", async () => {
  // The server's first line is read, and its port known, before anything else happens.
  await using server = await startServer();
  (await connect(server)).close();
  assertEquals((await nextLines(server, 2))[1], "The client socket is closed");
});

programTest("serve tells of each connection and of its message", async () => {
  await using server = await startServer();
  using conn = await connect(server);
  await conn.write(new TextEncoder().encode("21"));
  assertEquals(await nextLines(server, 2), [
    `Accepted connection from ${addressOf(conn)}`,
    "Received from client: 21",
  ]);
  assertEquals(await readAll(conn), "42");
});

programTest(
  "serve tells of a client that is gone before its message",
  async () => {
    await using server = await startServer();
    using conn = await connect(server);
    await conn.closeWrite();
    assertEquals(await nextLines(server, 2), [
      `Accepted connection from ${addressOf(conn)}`,
      "The client socket is closed",
    ]);
    assertEquals(await readAll(conn), "");
    await assertServes(server);
  },
);

pythonTest("serve takes a connection that is reset for closed", async () => {
  await using server = await startServer();
  await using client = startSession([
    "python3",
    "-c",
    RESET,
    String(server.port),
  ]);
  await nextLines(server, 1);
  await client.end();
  assertEquals(await server.nextLine(), "The client socket is closed");
  await assertServes(server);
});

programTest(
  "serve closes a connection that says nothing for the idle timeout",
  async () => {
    for (
      const command of [
        { args: ["--idle-timeout", "0.1"] },
        { args: ["--idle-timeout=.1"] },
        { operand: "--idle-timeout=0.1", args: ["-9000"] },
        { operand: "--idle-timeout", args: ["0.1", "-9000"] },
      ]
    ) {
      await using server = await startServer(command);
      using conn = await connect(server);
      assertEquals(await nextLines(server, 2), [
        `Accepted connection from ${addressOf(conn)}`,
        `Timed out waiting for ${addressOf(conn)}`,
      ]);
      assertEquals(await readAll(conn), "");
      await assertServes(server);
    }
  },
);

programTest("serve waits for ever with an idle timeout of 0", async () => {
  await using server = await startServer({ args: ["--idle-timeout=0"] });
  using conn = await connect(server);
  await nextLines(server, 1);
  await delay(200);
  await conn.write(new TextEncoder().encode("21"));
  assertEquals(await readAll(conn), "42");
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  signalTest(
    `${signal} lets serve answer what is in hand, and end with status 0`,
    async () => {
      await using server = await startServer();
      using conn = await connect(server);
      await nextLines(server, 1);
      server.child.kill(signal);
      await refusal(server.port);
      await conn.write(new TextEncoder().encode("21"));
      assertEquals(await readAll(conn), "42");
      const { code, stdout, stderr } = await server.end();
      assertStringIncludes(stdout, "Received from client: 21\n");
      assertEquals([code, stderr], [0, ""]);
    },
  );

  signalTest(
    `serve has written every line when ${signal} ends it`,
    async () => {
      await using server = await startServer();
      const numbers = Array.from({ length: 200 }, (_, index) => String(index));
      await Promise.all(
        numbers.map((number) => exchangeOnce(server.port, number)),
      );
      const { stdout } = await server.stop(signal);
      const received = stdout.matchAll(/^Received from client: (\d+)$/gm)
        .map(([, number]) => number);
      assertEquals(new Set(received), new Set(numbers));
    },
  );
}

signalTest(
  "serve ends within 5 s of a signal, whatever a client does",
  async () => {
    await using server = await startServer({ args: ["--idle-timeout=0"] });
    using _silent = await connect(server);
    await nextLines(server, 1);
    const start = performance.now();
    const { code } = await server.stop();
    assertEquals(code, 0);
    // A slow machine may take a moment to notice.
    assertLess(performance.now() - start, 5_000 + 1_000);
  },
);

for (
  const [first, second, status] of [
    ["SIGINT", "SIGINT", 130],
    ["SIGTERM", "SIGTERM", 143],
    ["SIGTERM", "SIGINT", 130],
  ] as const
) {
  signalTest(
    `${second} after ${first} ends serve at once, with status ${status}`,
    async () => {
      await using server = await startServer();
      using _silent = await connect(server);
      await nextLines(server, 1);
      server.child.kill(first);
      await refusal(server.port);
      const { code, stderr } = await server.stop(second);
      assertEquals([code, stderr], [status, ""]);
    },
  );
}

programTest("serve answers while other clients say nothing", async () => {
  await using server = await startServer();
  await using stack = new AsyncDisposableStack();
  for (let count = 0; count < 20; count++) {
    stack.use(await connect(server));
    await nextLines(server, 1);
  }
  await assertServes(server);
});

programTest(
  "serve answers bytes that are not UTF-8, and shows them escaped",
  async () => {
    await using server = await startServer();
    for (
      const [bytes, shown] of [
        [[0xff], "\\xff"],
        [[0x32, 0xc3], "2\\xc3"],
        [[0xed, 0xa0, 0x80, 0x35], "\\xed\\xa0\\x805"],
      ] as const
    ) {
      assertEquals(
        await exchangeOnce(server.port, new Uint8Array(bytes)),
        "Received data is not valid integer",
      );
      const [, received] = await nextLines(server, 2);
      assertEquals(received, `Received from client: ${shown}`);
    }
  },
);

programTest("serve shows control characters escaped", async () => {
  await using server = await startServer();
  for (
    const [message, shown] of [
      ["1\nAccepted connection", "1\\nAccepted connection"],
      ["\x1b[2J\r\t\0\x7f", "\\x1b[2J\\r\\t\\x00\\x7f"],
      ["\x85\x9b", "\\x85\\x9b"],
      ["\u2028\u2029", "\\u2028\\u2029"],
      ["\u061c\u200e\u200f\u202e\u2069", "\\u061c\\u200e\\u200f\\u202e\\u2069"],
      ["é\u200b🙂 ٣", "é\u200b🙂 ٣"],
    ]
  ) {
    await exchangeOnce(server.port, message);
    const [, received] = await nextLines(server, 2);
    assertEquals(received, `Received from client: ${shown}`);
  }
});

programTest(
  "serve refuses a message over 1024 bytes, however much is sent",
  async () => {
    await using server = await startServer();
    for (const length of [1025, 3_000_000]) {
      assertEquals(
        await exchangeOnce(server.port, "7".repeat(length)),
        "Received data is longer than 1024 bytes",
      );
      const [, received] = await nextLines(server, 2);
      assertEquals(received, `Received from client: ${"7".repeat(1024)}`);
    }
    await assertServes(server);
  },
);

for (const signal of ["SIGTERM", "SIGKILL"] as const) {
  signalTest(
    `serve listens again at once on a port that ${signal} freed`,
    async () => {
      await using first = await startServer();
      // A connection that the server closed first is what keeps its port taken.
      await assertServes(first);
      await first.stop(signal);
      await using again = await startServer({
        operand: String(first.port - 9000),
      });
      assertEquals(again.port, first.port);
      await assertServes(again);
    },
  );
}
