import { assert, assertEquals, assertMatch } from "@std/assert";
import { delay } from "@std/async/delay";
import { PROMPT } from "../../client.ts";
import { usageThat } from "../support/abuse.ts";
import { linuxTest, programTest } from "../support/permissions.ts";
import {
  programCommand,
  runCommand,
  shCommand,
  startServer,
  startSession,
  tcpcalc,
} from "../support/program.ts";
import { pythonCommand } from "../support/python.ts";

linuxTest(
  "a client with endless input ends silently when its reader goes away",
  async () => {
    await using server = await startServer();
    const { stdout, stderr } = await runCommand(
      shCommand(
        'yes 21 | { "$@"; echo "status $?" >&2; } | head -n 1',
        tcpcalc.client([server.port]),
      ),
    );
    assertMatch(stdout, /^.*connected to Server 127\.0\.0\.1:\d+\n$/);
    assertEquals(stderr, "status 1\n");
  },
);

linuxTest("an endless line is read in bounded memory", async () => {
  const command = [...programCommand(), "client", "-q"];
  const script = 'exec "$@" </dev/zero';
  await using session = startSession(shCommand(script, command));
  const { peakMegabytes } = await usageThat(
    session.child.pid,
    ({ bytesRead }) => bytesRead > 200_000_000,
  );
  assert(peakMegabytes < 100, `${peakMegabytes} MB`);
});

programTest(
  "while nobody reads its trace, a client asks for no more numbers",
  async () => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const command = tcpcalc.client([listener.addr.port]);
    await using session = startSession([...command, "-q", "--trace"]);
    // Each exchange prints some 600 bytes, of which 1 MiB may wait.
    const line = `${"\x01".repeat(64)}\n`;
    session.type(line.repeat(10_000)).catch(() => {});
    let asked = 0;
    const serving = async () => {
      for (;; asked++) {
        using conn = await listener.accept();
        await conn.read(new Uint8Array(100));
      }
    };
    const served = serving().catch(() => {});
    for (let before = -1; asked > before && asked < 10_000;) {
      before = asked;
      await delay(400);
    }
    assert(asked < 5_000, `it has asked for ${asked}`);
    listener.close();
    await served;
  },
);

/** Runs a command with a small pipe that does not block for both outputs, and reads it slowly. */
const READ_SLOWLY = `
import fcntl, os, subprocess, sys, time
reader, writer = os.pipe()
fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
fcntl.fcntl(writer, fcntl.F_SETFL, os.O_NONBLOCK)
child = subprocess.Popen(sys.argv[1:], stdout=writer, stderr=writer)
os.close(writer)
while data := os.read(reader, 4096):
    sys.stdout.buffer.write(data)
    time.sleep(0.002)
sys.exit(child.wait())
`;

linuxTest(
  "a slow pipe that does not block gets every answer, prompt and line of the trace, once and in order",
  async () => {
    await using server = await startServer();
    const command = tcpcalc.client([server.port]);
    const numbers = Array.from({ length: 300 }, (_, index) => index);
    const { code, stdout } = await runCommand(
      pythonCommand("-c", READ_SLOWLY, ...command, "--trace"),
      numbers.map((number) => `${number}\n`).join(""),
    );
    const calls = /\d\d:\d\d:\d\d\.\d{3} {2}\w+ .*\n/g;
    const expected = numbers.map((number) =>
      `${PROMPT}connected to Server 127.0.0.1:${server.port}\n` +
      `Received from server: ${2 * number}\n`
    );
    assertEquals(
      stdout.replaceAll(calls, ""),
      [...expected, PROMPT, "\n"].join(""),
    );
    // On a busy machine a reply is whole by its silence before the end of the stream comes.
    const certain = stdout.match(calls)!
      .filter((call) => !call.endsWith("end of stream\n"));
    assertEquals(certain.length, 4 * numbers.length);
    assertEquals(code, 0);
  },
);
