import { assert, assertEquals, assertMatch } from "@std/assert";
import { PROMPT } from "../../client.ts";
import config from "../../deno.json" with { type: "json" };
import { setLimit, usageThat } from "../support/abuse.ts";
import { linuxTest, programTest } from "../support/permissions.ts";
import {
  programCommand,
  run,
  runCommand,
  type RunningServer,
  shCommand,
  startServer,
  startSession,
} from "../support/program.ts";

function clientCommand({ port }: RunningServer, ...args: string[]): string[] {
  return [...programCommand(), "client", `--servers=${port - 9000}`, ...args];
}

/** What the client prints for an exchange. */
function answer({ port }: RunningServer, reply: string): string {
  return `connected to Server 127.0.0.1:${port}\n` +
    `Received from server: ${reply}\n`;
}

programTest("the client sends its operands", async () => {
  await using server = await startServer();
  assertEquals(
    await runCommand(clientCommand(server, "-4", "abc"), "not read\n"),
    {
      code: 1,
      stdout: answer(server, "-8") +
        answer(server, "Received data is not valid integer"),
      stderr: "",
    },
  );
});

linuxTest(
  "output that can't be written ends the client with one line on standard error",
  async () => {
    await using server = await startServer();
    const { code, stderr } = await runCommand(
      shCommand('exec "$@" >/dev/full', clientCommand(server, "-q", "21")),
    );
    assertEquals({ code, stderr }, {
      code: 1,
      stderr: "tcpcalc: [Errno 28] No space left on device\n",
    });
  },
);

programTest(
  "a reader that has gone away ends the client silently",
  async () => {
    await using server = await startServer();
    await using session = startSession(clientCommand(server, "21"));
    await session.closeOutput();
    const { code, stderr } = await session.end();
    assertEquals({ code, stderr }, { code: 1, stderr: "" });
  },
);

linuxTest(
  "a client with endless input ends when its reader goes away",
  async () => {
    await using server = await startServer();
    const { stdout, stderr } = await runCommand(
      shCommand(
        'yes 21 | { "$@"; echo "status $?" >&2; } | head -n 1',
        clientCommand(server),
      ),
    );
    assertMatch(stdout, /^.*connected to Server 127\.0\.0\.1:\d+\n$/);
    assertEquals(stderr, "status 1\n");
  },
);

linuxTest("an endless line is read in bounded memory", async () => {
  await using session = startSession(
    shCommand(
      'exec "$@" </dev/zero',
      [...programCommand(), "client", "-q"],
    ),
  );
  const { peakMegabytes } = await usageThat(
    session.child.pid,
    ({ bytesRead }) => bytesRead > 200_000_000,
  );
  assert(peakMegabytes < 100, `${peakMegabytes} MB`);
});

linuxTest(
  "a client goes on when the system has no socket for it",
  async () => {
    await using server = await startServer();
    await using session = startSession(clientCommand(server));
    await session.until(PROMPT);
    await setLimit(session.child.pid, "NOFILE", 0);
    await session.type("21\n");
    assertEquals(
      await session.until(PROMPT),
      `socket creation failed with error [Errno 24] Too many open files\n${PROMPT}`,
    );
    await setLimit(session.child.pid, "NOFILE", "none");
    await session.type("21\n");
    assertEquals(await session.until(PROMPT), answer(server, "42") + PROMPT);
  },
);

programTest(
  "the version and a usage error are printed, each to its stream",
  async () => {
    assertEquals(await run(["--version"]), {
      code: 0,
      stdout: `tcpcalc ${config.version}\n`,
      stderr: "",
    });
    assertEquals(await run(["client", "--frobnicate"]), {
      code: 2,
      stdout: "",
      stderr: 'tcpcalc: Unknown option "--frobnicate", see --help\n',
    });
  },
);
