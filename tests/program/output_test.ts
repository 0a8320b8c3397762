import { assert, assertEquals, assertMatch } from "@std/assert";
import { delay } from "@std/async/delay";
import { lostLines } from "../../io/printer.ts";
import { writeAll } from "../../io/stream.ts";
import { assertServes, setLimit, usage } from "../support/abuse.ts";
import { linuxTest } from "../support/permissions.ts";
import {
  exchangeOnce,
  freePort,
  PATIENCE_MS,
  programCommand,
  runCommand,
  type RunningServer,
  shCommand,
  startServer,
  startSession,
  tcpcalc,
} from "../support/program.ts";
import { pythonCommand } from "../support/python.ts";

/** A message of which the server prints 4 kB. */
const LOUD = new Uint8Array(1024).fill(0xff);

const ACCEPTED = /^Accepted connection from \('127\.0\.0\.1', \d+\)$/;
const LOST = new RegExp(`^${lostLines(0).replace("0", "(\\d+)")}$`);

/** What a log accounts for: how many of its lines match the pattern, or are counted as lost. */
function accounted(log: string, pattern: RegExp): number {
  return log.split("\n").reduce(
    (sum, line) =>
      sum + (pattern.test(line) ? 1 : Number(LOST.exec(line)?.[1] ?? 0)),
    0,
  );
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const start = performance.now(); !await holds(); await delay(20)) {
    assert(performance.now() - start < PATIENCE_MS, "it never did");
  }
}

/** Starts a server from a script in which `"$@"` is its command, whatever the test sees of its output. */
async function startScript(script: string): Promise<RunningServer> {
  const port = freePort();
  const command = [...programCommand(), "serve", String(port - 9000)];
  const session = startSession(shCommand(script, command));
  await until(() => exchangeOnce(port, "21").then(() => true, () => false));
  return Object.assign(session, { port });
}

/** Asks a server for the double of 21, from an address of its own. */
const ASK_FROM = `
import socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1])), None, (sys.argv[2], 0)) as conn:
    conn.sendall(b"21")
    print(conn.getsockname()[1], conn.recv(1024).decode())
`;

linuxTest("the server logs a client's actual address", async () => {
  await using server = await startServer();
  const { stdout } = await runCommand(
    pythonCommand("-c", ASK_FROM, String(server.port), "127.9.8.7"),
  );
  const [, port] = /^(\d+) 42\n$/.exec(stdout)!;
  assertEquals(
    await server.until("\n"),
    `Accepted connection from ('127.9.8.7', ${port})\n`,
  );
});

linuxTest(
  "while nobody reads its standard output the server answers in bounded memory, and then says how many lines are missing at most",
  async () => {
    await using server = await startServer();
    const before = await usage(server.child.pid);
    for (let count = 0; count < 1_500; count++) {
      await exchangeOnce(server.port, LOUD);
    }
    const after = await usage(server.child.pid);
    const grown = after.megabytes - before.megabytes;
    assert(grown < 50, `6 MB of lines made it grow by ${grown} MB`);
    const { code, stdout, stderr } = await server.stop();
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    assert(stdout.includes("Lines that"));
    assert(accounted(stdout, /^(Accepted|Received) /) >= 2 * 1_500);
  },
);

/** Not a pipe of this process: other programs that it is just starting would hold the reading end open. */
const GONE_READER = `
directory=$(mktemp -d)
mkfifo "$directory/pipe"
{ : <"$directory/pipe"; rm -r "$directory"; } &
exec "$@" >"$directory/pipe"
`;

linuxTest("a server whose standard output is lost still answers", async (t) => {
  const cases: [what: string, script: string, stderr: RegExp][] = [
    ["closed", 'exec "$@" >&-', /^$/],
    ["a device that is full", 'exec "$@" >/dev/full', /^Lines .+: \d\n$/],
    ["a pipe whose reader has gone away", GONE_READER, /^Lines .+: \d\n$/],
  ];
  for (const [what, script, stderr] of cases) {
    await t.step(what, async () => {
      await using server = await startScript(script);
      await assertServes(server.port);
      const end = await server.stop();
      assertMatch(end.stderr, stderr);
      assertEquals(end.code, 0);
    });
  }
});

linuxTest(
  "when the disk is full the server answers, and when it has room again the log goes on with a new line",
  async () => {
    const { stdout } = await runCommand(["mktemp"]);
    const path = stdout.trimEnd();
    await using _file = {
      [Symbol.asyncDispose]: () => runCommand(["rm", path]).then(() => {}),
    };
    await using server = await startScript(`exec "$@" >${path}`);
    const message = "7".repeat(200);
    const size = async () => (await Deno.stat(path)).size;
    await exchangeOnce(server.port, message);
    await until(async () => await size() > message.length);
    // The process can't tell the difference: a write takes what there is room for, and the next one fails.
    const limit = await size() + 100;
    await setLimit(server.child.pid, "FSIZE", limit);
    for (let count = 0; count < 5; count++) {
      await exchangeOnce(server.port, message);
    }
    await until(async () => await size() === limit);
    await setLimit(server.child.pid, "FSIZE", "none");
    await assertServes(server.port);
    const { code, stderr } = await server.stop();
    assertEquals({ code, stderr }, { code: 0, stderr: "" });

    const log = await Deno.readTextFile(path);
    assert(log.endsWith("\nReceived from client: 21\n"));
    const received = /^Received from client: (21|7{200})$/;
    assert(accounted(log, received) + accounted(log, ACCEPTED) >= 2 * 8);
    for (const line of log.split("\n")) {
      const isCut = line.startsWith("Server is ") ||
        "Accepted connection".startsWith(line.slice(0, 19)) ||
        /^Received from client: 7*$/.test(line);
      assert(isCut || received.test(line) || LOST.test(line), line);
    }
  },
);

linuxTest(
  "where log and trace end in one pipe, every line is whole, and no client can forge one",
  async () => {
    await using server = await startScript('exec "$@" --trace 2>&1');
    const forged = "Accepted connection from ('6.6.6.6', 666)";
    const message = LOUD.slice();
    message.set(new TextEncoder().encode(forged), LOUD.length - forged.length);
    const flood = async () => {
      for (let count = 0; count < 50; count++) {
        await exchangeOnce(server.port, message);
        await exchangeOnce(server.port, LOUD);
      }
    };
    const flooded = Promise.all(Array.from({ length: 4 }, flood));
    let log = "";
    for (let count = 0; count < 1_000; count++) log += await server.until("\n");
    await flooded;
    log += (await server.stop()).stdout;
    const received =
      /^Received from client: (21|(\\xff)+(Accepted .+ 666\))?)$/;
    assert(accounted(log, received) >= 401);
    const traced =
      /^[\d:.]{12} {2}(listen|accept|recv|send|close) +127\.0\.0\.1:/;
    for (const line of log.trimEnd().split("\n")) {
      const isWhole = received.test(line) && line.length > 22 + 4 * 983 ||
        ACCEPTED.test(line) || traced.test(line);
      assert(
        isWhole || LOST.test(line) ||
          /^(Server is .+|Received from client: 21)$/.test(line),
        line,
      );
    }
  },
);

linuxTest(
  "the client's trace and its answers come out whole and in order through one pipe, replies of 1 MiB included",
  async () => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const reply = new Uint8Array(1024 * 1024).fill(0x31);
    const serving = (async () => {
      for (let count = 0; count < 3; count++) {
        using conn = await listener.accept();
        await conn.read(new Uint8Array(1024));
        await writeAll(conn, reply);
      }
    })();
    const client = tcpcalc.client([listener.addr.port]);
    const command = [...client, "--trace", "1", "2", "3"];
    const { stdout } = await runCommand(shCommand('exec "$@" 2>&1', command));
    await serving;
    const names = stdout.split("\n").map((line) => {
      if (line === `Received from server: ${"1".repeat(reply.length)}`) {
        return "Received";
      }
      return /^(?:[\d:.]{12} {2})?(\w+)/.exec(line)?.[1];
    });
    assertEquals(
      names.join(" ").replaceAll(/(recv )+/g, "recv "),
      "connect connected send recv close Received ".repeat(3),
    );
  },
);
