import { assert, assertEquals, assertMatch } from "@std/assert";
import { delay } from "@std/async/delay";
import {
  assertServes,
  crowd,
  descriptorsOf,
  setLimit,
  usage,
} from "../support/abuse.ts";
import { linuxTest } from "../support/permissions.ts";
import {
  exchangeOnce,
  PATIENCE_MS,
  programCommand,
  runCommand,
  type RunningServer,
  shCommand,
  startServer,
  startSession,
} from "../support/program.ts";

/** A message of which the server prints 4 kB. */
const LOUD = new Uint8Array(1024).fill(0xff);

const ACCEPTED = /^Accepted connection from \('127\.0\.0\.1', \d+\)$/;

/** A file for output to go to. Disposing of it removes it. */
interface TemporaryFile extends AsyncDisposable {
  path: string;
}

/** Makes a file with `sh`, as the tests themselves may not write. */
async function temporaryFile(): Promise<TemporaryFile> {
  const { stdout } = await runCommand(["sh", "-c", "mktemp"]);
  const path = stdout.trimEnd();
  return {
    path,
    async [Symbol.asyncDispose]() {
      await runCommand(shCommand('rm "$1"', [path]));
    },
  };
}

/** A port that nobody listens on at the moment. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** Waits until a condition holds. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const start = performance.now(); !await holds();) {
    if (performance.now() - start > PATIENCE_MS) {
      throw new Error("it never did");
    }
    await delay(20);
  }
}

/**
 * Starts a server whose standard output the test does not see, from a script in which `"$@"` is its
 * command. A first exchange shows that it listens.
 */
async function startUnseen(
  script: string,
  args: string[] = [],
): Promise<RunningServer> {
  const port = freePort();
  const command = [...programCommand(), "serve", String(port - 9000), ...args];
  const session = startSession(shCommand(script, command));
  await until(() => exchangeOnce(port, "21").then(() => true, () => false));
  return Object.assign(session, { port });
}

linuxTest(
  "while nobody reads its standard output the server answers, and keeps a bounded number of lines",
  async () => {
    await using server = await startServer();
    const before = await usage(server.child.pid);
    const messages = 1_500;
    for (let count = 0; count < messages; count++) {
      await exchangeOnce(server.port, LOUD);
    }
    const after = await usage(server.child.pid);
    const grown = after.megabytes - before.megabytes;
    assert(grown < 50, `6 MB of lines made it grow by ${grown} MB`);

    let lines = 0;
    let dropped: string | undefined;
    while (dropped === undefined) {
      const line = await server.nextLine();
      if (line === undefined) throw new Error("the server has ended");
      dropped = /^Dropped (\d+) lines that could not be written$/
        .exec(line)?.[1];
      if (dropped === undefined) lines++;
    }
    assertEquals(lines + Number(dropped), 2 * messages);
    await assertServes(server.port);
    assertMatch((await server.nextLine())!, ACCEPTED);
    const { code, stderr } = await server.stop();
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
  },
);

linuxTest("a server whose standard output is lost still answers", async (t) => {
  const dropped = /^Dropped \d lines that could not be written\n$/;
  for (
    const [what, script, stderr] of [
      ["closed", 'exec "$@" >&-', /^$/],
      ["a device that is full", 'exec "$@" >/dev/full', dropped],
      ["a pipe whose reader has gone away", 'exec "$@"', dropped],
    ] as const
  ) {
    await t.step(what, async () => {
      await using server = await startUnseen(script);
      await server.closeOutput();
      await assertServes(server.port);
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
    await using file = await temporaryFile();
    await using server = await startUnseen(`exec "$@" >${file.path}`, [
      "--idle-timeout=0.2",
    ]);
    const message = "7".repeat(200);
    const size = async () => (await Deno.stat(file.path)).size;
    await exchangeOnce(server.port, message);
    await until(async () => await size() > message.length);
    // The process can't tell the difference: a write takes what there is room for, and the next one fails.
    const limit = await size() + 100;
    await setLimit(server.child.pid, "FSIZE", limit);
    for (let count = 0; count < 5; count++) {
      await exchangeOnce(server.port, message);
    }
    // By the time that this one is closed as idle, the lines have failed.
    assertEquals(await exchangeOnce(server.port, ""), "");
    assertEquals(await size(), limit);
    await setLimit(server.child.pid, "FSIZE", "none");
    await assertServes(server.port);
    const { code, stderr } = await server.stop();
    assertEquals({ code, stderr }, { code: 0, stderr: "" });

    const lines = (await Deno.readTextFile(file.path)).trimEnd().split("\n");
    const whole = lines.filter((line) =>
      ACCEPTED.test(line) || line === `Received from client: ${message}` ||
      /^(Received from client: 21|(Server is listening|Timed out) .+)$/.test(
        line,
      )
    );
    const dropped = lines.flatMap((line) =>
      /^Dropped (\d+) lines that could not be written$/.exec(line)?.[1] ?? []
    );
    assertEquals(dropped.length, 1);
    assertEquals(lines.filter((line) => !whole.includes(line)), [
      `Dropped ${dropped[0]} lines that could not be written`,
    ]);
    assertEquals(whole.length + Number(dropped[0]), 1 + 2 * 9);
    assertEquals(lines.at(-1), "Received from client: 21");
  },
);

linuxTest(
  "a flood of long lines reaches a file without loss",
  async () => {
    await using file = await temporaryFile();
    await using server = await startUnseen(`exec "$@" >${file.path}`);
    const message = new Uint8Array(1024);
    for (let index = 1; index < message.length; index += 2) {
      message[index] = 0xff;
    }

    // Of 6 MB, which is more than the log keeps for an output that is stuck.
    async function flood(): Promise<void> {
      for (let count = 0; count < 5; count++) {
        assertEquals(
          await exchangeOnce(server.port, message),
          "Received data is not valid integer",
        );
      }
    }

    await Promise.all(Array.from({ length: 300 }, flood));
    const { code, stderr } = await server.stop();
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    const log = await Deno.readTextFile(file.path);
    assertEquals(log.match(/^Dropped .*$/gm), null);
    const line = `Received from client: ${"\\x00\\xff".repeat(512)}\n`;
    assertEquals(log.split(line).length - 1, 300 * 5);
  },
);

linuxTest(
  "while nobody reads its standard error the server answers",
  async () => {
    const filled = "head -c 65536 /dev/zero >&2";
    await using server = await startUnseen(
      `${filled}; ulimit -n 64; exec "$@"`,
    );
    {
      using _clients = await crowd(server.port, 200);
      await descriptorsOf(server.child.pid, (count) => count >= 64);
    }
    await assertServes(server.port);
    assertEquals((await server.stop()).code, 0);
  },
);
