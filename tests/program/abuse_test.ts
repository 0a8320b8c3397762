import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import {
  type Abuse,
  abuse,
  assertServes,
  crowd,
  descriptorsOf,
  usage,
} from "../support/abuse.ts";
import { linuxTest, programTest } from "../support/permissions.ts";
import {
  exchangeOnce,
  programCommand,
  type RunningServer,
  startServer,
} from "../support/program.ts";

const NOT_AN_INTEGER = "Received data is not valid integer";
const TOO_LONG = "Received data is longer than 1024 bytes";

const encoder = new TextEncoder();

/** Ends a test: the server still serves, and has had nothing to complain of. */
async function assertUnharmed(server: RunningServer): Promise<void> {
  await assertServes(server.port);
  const { code, stderr } = await server.stop();
  // On Windows one process can only kill another.
  if (Deno.build.os !== "windows") assertEquals(code, 0);
  assertEquals(stderr, "");
}

programTest("500 clients that say nothing hold up nobody", async () => {
  await using server = await startServer();
  {
    using _silent = await crowd(server.port, 500);
    await assertServes(server.port);
  }
  await assertUnharmed(server);
});

programTest(
  "clients that say nothing are closed when their time is up",
  async () => {
    await using server = await startServer({ args: ["--idle-timeout=0.5"] });
    using silent = await crowd(server.port, 100);
    const buffer = new Uint8Array(1);
    for (const conn of silent.conns) {
      assertEquals(
        await conn.read(buffer),
        null,
      );
    }
    await assertUnharmed(server);
  },
);

programTest(
  "a client that sends a byte a minute is answered at its first byte",
  async () => {
    await using server = await startServer();
    using slow = await Deno.connect({
      hostname: "127.0.0.1",
      port: server.port,
    });
    await assertServes(server.port);
    await slow.write(encoder.encode("2"));
    const buffer = new Uint8Array(10);
    const size = await slow.read(buffer);
    assertEquals(new TextDecoder().decode(buffer.subarray(0, size!)), "4");
    assertEquals(await slow.read(buffer), null);
    await assertUnharmed(server);
  },
);

programTest("a client that has ended its sending is answered", async () => {
  await using server = await startServer();
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  await conn.write(encoder.encode("21"));
  await conn.closeWrite();
  assertEquals(await new Response(conn.readable).text(), "42");
  await assertUnharmed(server);
});

const ABUSES: Record<Abuse, string> = {
  "reset-at-once": "connect and reset at once",
  "send-and-reset": "send and reset before the reply",
  "connect-and-close": "connect and close",
};

for (const [how, what] of Object.entries(ABUSES)) {
  linuxTest(`2,000 clients that ${what} hold up nobody`, async () => {
    await using server = await startServer();
    const { descriptors } = await usage(server.child.pid);
    const abused = abuse(server.port, how as Abuse, 2000);
    await assertServes(server.port);
    await abused;
    await assertServes(server.port);
    await descriptorsOf(server.child.pid, (count) => count <= descriptors);
    await assertUnharmed(server);
  });
}

/** How many file descriptors {@linkcode startLimitedServer} leaves a server. */
const FILE_LIMIT = 64;

function startLimitedServer(): Promise<RunningServer> {
  const limited = ["sh", "-c", `ulimit -n ${FILE_LIMIT}; exec "$@"`, "sh"];
  return startServer({ command: [...limited, ...programCommand()] });
}

linuxTest(
  "without a file descriptor left the server waits, says so once, and goes on when it has one",
  async () => {
    await using server = await startLimitedServer();
    const { pid } = server.child;
    {
      using _clients = await crowd(server.port, 200);
      await descriptorsOf(pid, (count) => count >= FILE_LIMIT);
      const before = await usage(pid);
      await delay(2_000);
      const after = await usage(pid);
      const seconds = after.cpuSeconds - before.cpuSeconds;
      assert(seconds < 0.3, `${seconds} s of processor time in 2 s`);
    }
    await assertServes(server.port);
    const { code, stderr } = await server.stop();
    assertEquals({ code, stderr }, {
      code: 0,
      stderr:
        "Failed to accept a connection with error [Errno 24] Too many open files\n",
    });
  },
);

linuxTest(
  "a stop without a file descriptor left is a stop like any other",
  async () => {
    await using server = await startLimitedServer();
    using _clients = await crowd(server.port, 200);
    await descriptorsOf(server.child.pid, (count) => count >= FILE_LIMIT);
    const { code } = await server.stop();
    assertEquals(code, 0);
  },
);

const MESSAGES: {
  name: string;
  message: Uint8Array<ArrayBuffer>;
  reply: string;
  shown: string;
}[] = [
  {
    name: "that is not UTF-8",
    message: new Uint8Array(1024).fill(0xff),
    reply: NOT_AN_INTEGER,
    shown: "\\xff".repeat(1024),
  },
  {
    name: "of NUL bytes",
    message: new Uint8Array(1024),
    reply: NOT_AN_INTEGER,
    shown: "\\x00".repeat(1024),
  },
  {
    name: "that ends within a code point",
    message: new Uint8Array([...encoder.encode("1".repeat(1023)), 0xc3]),
    reply: NOT_AN_INTEGER,
    shown: "1".repeat(1023) + "\\xc3",
  },
  {
    name: "with a code point across byte 1024",
    message: encoder.encode("1".repeat(1023) + "é"),
    reply: TOO_LONG,
    shown: "1".repeat(1023) + "\\xc3",
  },
  {
    name: "of 1025 bytes",
    message: encoder.encode("1".repeat(1025)),
    reply: TOO_LONG,
    shown: "1".repeat(1024),
  },
  {
    name: "of 100 kB",
    message: encoder.encode("1".repeat(100_000)),
    reply: TOO_LONG,
    shown: "1".repeat(1024),
  },
  {
    name: "of 3 MB",
    message: encoder.encode("1".repeat(3_000_000)),
    reply: TOO_LONG,
    shown: "1".repeat(1024),
  },
  {
    name: "that drives a terminal",
    message: encoder.encode("\x1b]0;owned\x07\x1b[2J\x9b31m21"),
    reply: NOT_AN_INTEGER,
    shown: "\\x1b]0;owned\\x07\\x1b[2J\\x9b31m21",
  },
  {
    name: "that forges lines",
    message: encoder.encode("21\r\nReceived from client: 7\u2028\u202e8"),
    reply: NOT_AN_INTEGER,
    shown: "21\\r\\nReceived from client: 7\\u2028\\u202e8",
  },
];

for (const { name, message, reply, shown } of MESSAGES) {
  programTest(
    `a message ${name} is answered, and shown on a line without a control character`,
    async () => {
      await using server = await startServer();
      assertEquals(await exchangeOnce(server.port, message), reply);
      await server.nextLine();
      assertEquals(await server.nextLine(), `Received from client: ${shown}`);
      await assertUnharmed(server);
    },
  );
}

linuxTest(
  "messages of 3 MB and of garbage are answered in bounded memory",
  async () => {
    await using server = await startServer();
    const { pid } = server.child;
    const long = new Uint8Array(3_000_000).fill(0x31);
    const garbage = new Uint8Array(1024).fill(0xff);
    assertEquals(await exchangeOnce(server.port, long), TOO_LONG);
    const before = await usage(pid);
    for (let count = 0; count < 50; count++) {
      assertEquals(await exchangeOnce(server.port, long), TOO_LONG);
      assertEquals(await exchangeOnce(server.port, garbage), NOT_AN_INTEGER);
    }
    const after = await usage(pid);
    const grown = after.megabytes - before.megabytes;
    assert(grown < 50, `150 MB made it grow by ${grown} MB`);
    await assertUnharmed(server);
  },
);
