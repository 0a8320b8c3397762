import { assertEquals, assertMatch } from "@std/assert";
import { delay } from "@std/async/delay";
import { writeAll } from "../../io/write_all.ts";
import { linuxTest, programTest } from "../support/permissions.ts";
import {
  programCommand,
  run,
  runCommand,
  startServer,
  startSession,
} from "../support/program.ts";

const PROMPT = "Enter number to calculate: (or write exit to terminate): ";
const MEBIBYTE = 1024 * 1024;

const encoder = new TextEncoder();

/** A server that treats its first client badly, and answers 42 to all others. */
interface BadServer extends AsyncDisposable {
  port: number;
}

function startBad(treat: (conn: Deno.TcpConn) => Promise<void>): BadServer {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });

  async function serve(): Promise<void> {
    let handle = treat;
    for await (const conn of listener) {
      try {
        await handle(conn);
      } catch {
        // The client has had enough.
      }
      conn.close();
      handle = replying(encoder.encode("42"));
    }
  }

  const served = serve();
  return {
    port: listener.addr.port,
    async [Symbol.asyncDispose]() {
      listener.close();
      await served;
    },
  };
}

/** Replies with these bytes when the message has come. */
function replying(
  reply: Uint8Array<ArrayBuffer>,
): (conn: Deno.TcpConn) => Promise<void> {
  return async (conn) => {
    await conn.read(new Uint8Array(1024));
    await writeAll(conn, reply);
  };
}

function failure(error: string): string {
  return `Failed to connect to Server 127.0.0.1:<port> with error ${error}`;
}

const BAD_SERVERS: {
  what: string;
  treat: (conn: Deno.TcpConn) => Promise<void>;
  /** What the client prints for it. */
  line: string;
  /** The client's time for an exchange, in seconds. */
  timeout?: number;
}[] = [
  {
    what: "never replies",
    async treat(conn) {
      while (await conn.read(new Uint8Array(1024)) !== null);
    },
    line: failure("timed out"),
    timeout: 2,
  },
  {
    what: "replies with a byte now and then, for ever",
    async treat(conn) {
      for (;;) {
        await conn.write(encoder.encode("4"));
        await delay(10);
      }
    },
    line: failure("timed out"),
    timeout: 2,
  },
  {
    what: "replies for ever",
    async treat(conn) {
      const reply = new Uint8Array(64 * 1024).fill(0x34);
      for (;;) await conn.write(reply);
    },
    line: failure(`reply is longer than ${MEBIBYTE} bytes`),
  },
  {
    what: "replies with a mebibyte that is not UTF-8",
    treat: replying(new Uint8Array(MEBIBYTE).fill(0xff)),
    line: `Received from server: ${"\\xff".repeat(MEBIBYTE)}`,
  },
  {
    what: "drives the terminal",
    treat: replying(encoder.encode("\x1b[2J4\r2\nReceived from server: 43")),
    line: "Received from server: \\x1b[2J4\\r2\\nReceived from server: 43",
  },
  {
    what: "closes the connection without a reply",
    treat: replying(new Uint8Array()),
    line: "Received from server: ",
  },
];

for (const { what, treat, line, timeout = 30 } of BAD_SERVERS) {
  programTest(`a server that ${what} does not end a session`, async () => {
    await using server = startBad(treat);
    const { code, stdout, stderr } = await run(
      ["client", `--servers=${server.port - 9000}`, `--timeout=${timeout}`],
      "21\n21\nexit\n",
    );
    const text = stdout.replaceAll(`:${server.port}`, ":<port>");
    const connected = `${PROMPT}connected to Server 127.0.0.1:<port>\n`;
    assertEquals(
      text,
      `${connected}${line}\n${connected}Received from server: 42\n${PROMPT}`,
    );
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
  });
}

for (const when of ["before", "after"]) {
  linuxTest(
    `a server that resets the connection ${when} the message does not end a session`,
    async () => {
      const script = `${import.meta.dirname}/../testdata/abuse.py`;
      await using bad = startSession([
        "python3",
        script,
        `server-resets-${when}`,
      ]);
      const port = Number(await bad.until("\n"));
      const { code, stdout, stderr } = await run(
        ["client", `--servers=${port - 9000}`],
        "21\n".repeat(20) + "exit\n",
      );
      const [last, ...exchanges] = stdout.split(PROMPT).slice(1).reverse();
      assertEquals(last, "");
      assertEquals(exchanges.length, 20);
      for (const lines of exchanges) {
        assertMatch(
          lines,
          /^(connected to .*\n)?Failed to connect to .* with error \[Errno \d+\] .+\n$/,
        );
      }
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      await bad.end();
    },
  );
}

programTest("a line of a megabyte is sent like any other", async () => {
  await using server = await startServer();
  const connected = `connected to Server 127.0.0.1:${server.port}\n`;
  const { code, stdout, stderr } = await run(
    ["client", `--servers=${server.port - 9000}`],
    `${"1".repeat(1_000_000)}\n21\n`,
  );
  assertEquals(
    stdout,
    `${PROMPT}${connected}Received from server: Received data is longer than 1024 bytes\n` +
      `${PROMPT}${connected}Received from server: 42\n${PROMPT}\n`,
  );
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
});

const READERS = {
  "of operands": `"$@" ${"21 ".repeat(200)}| head -n 1`,
  "of a session": `yes 21 | "$@" | head -n 1`,
};

for (const [whose, script] of Object.entries(READERS)) {
  linuxTest(
    `when nobody reads on, the client ${whose} ends without a word`,
    async () => {
      await using server = await startServer();
      const servers = `--servers=${server.port - 9000}`;
      const { code, stdout, stderr } = await runCommand([
        "sh",
        "-c",
        script,
        "sh",
        ...programCommand(),
        "client",
        servers,
      ]);
      assertMatch(stdout, /^.*connected to Server 127\.0\.0\.1:\d+\n$/);
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
    },
  );
}
