import { assert, assertEquals } from "@std/assert";
import { crowd } from "../support/abuse.ts";
import { linuxTest, signalTest } from "../support/permissions.ts";
import {
  exchangeOnce,
  programCommand,
  refusal,
  type RunningServer,
  shCommand,
  startServer,
} from "../support/program.ts";

signalTest(
  "a second signal ends the server at once, with the signal's status",
  async () => {
    await using server = await startServer();
    using _idle = await crowd(server.port, 1);
    await server.until("Accepted connection from");
    server.child.kill("SIGTERM");
    await refusal(server.port);
    const { code, stderr } = await server.stop("SIGINT");
    assertEquals({ code, stderr }, { code: 130, stderr: "" });
  },
);

signalTest(
  "every line is there, in order, after SIGTERM under load",
  async () => {
    await using server = await startServer();
    const answered: number[][] = Array.from({ length: 8 }, () => []);
    const enough = Promise.withResolvers<void>();
    const asking = answered.map(async (numbers, worker) => {
      for (let number = worker;; number += answered.length) {
        // In the end the server is gone.
        const reply = await exchangeOnce(server.port, `${number}`)
          .catch(() => "");
        if (reply === "") return;
        assertEquals(reply, `${2 * number}`);
        if (numbers.push(number) === 100) enough.resolve();
      }
    });
    await enough.promise;
    const { code, stdout, stderr } = await server.stop();
    await Promise.all(asking);
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    const received = stdout.match(/(?<=^Received from client: )\d+$/gm)!;
    for (const [worker, numbers] of answered.entries()) {
      const logged = received.map(Number)
        .filter((number) => number % answered.length === worker);
      assertEquals(logged.slice(0, numbers.length), numbers);
      // The stop may have cut off the reply to one more.
      assert(logged.length <= numbers.length + 1);
    }
  },
);

/** Has the server print more than a pipe and this process take. */
async function flood(server: RunningServer): Promise<void> {
  const message = "\n".repeat(1000);
  for (let count = 0; count < 200; count++) {
    await exchangeOnce(server.port, message);
  }
}

linuxTest(
  "a stop waits 5 s at most for idle clients and for outputs that nobody reads, and counts the lines that they have not taken",
  async () => {
    const command = shCommand('ulimit -n 64; exec "$@"', programCommand());
    await using server = await startServer({ command });
    await using blocked = await startServer({ command, args: ["--trace"] });
    await flood(server);
    await flood(blocked);
    using _idle = await crowd(server.port, 100);
    using _alsoIdle = await crowd(blocked.port, 100);
    for (const { child } of [server, blocked]) child.kill("SIGTERM");
    await server.untilError("Too many open files\n");
    const report = await server.untilError("\n");
    // Read any sooner, the write in flight could come through after it was counted.
    const statuses = [server, blocked].map(({ child }) => child.status);
    assertEquals((await Promise.all(statuses)).map(({ code }) => code), [0, 0]);
    const { stdout, stderr } = await server.end();
    assertEquals(stderr, "");
    const [, lost] = /^Lines that .+ at most: (\d+)\n$/.exec(report) ?? [];
    const written = stdout.match(/^(Accepted|Received) .*\n/gm)?.length ?? 0;
    assert(written + Number(lost) >= 2 * 200, report);
    await blocked.end();
  },
);
