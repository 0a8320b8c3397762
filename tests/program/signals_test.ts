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

/** Waits until the server has accepted this many connections. */
async function accepted(server: RunningServer, count: number): Promise<void> {
  for (; count > 0; count--) await server.until("Accepted connection from");
}

signalTest(
  "a signal stops the server with status 0 once what is in flight is answered and every line written",
  async (t) => {
    for (const name of ["SIGINT", "SIGTERM"] as const) {
      await t.step(name, async () => {
        await using server = await startServer();
        using clients = await crowd(server.port, 50);
        await accepted(server, 50);
        server.child.kill(name);
        await refusal(server.port);
        for (const conn of clients.conns) {
          await conn.write(new TextEncoder().encode("21"));
        }
        for (const conn of clients.conns) {
          const buffer = new Uint8Array(10);
          const size = await conn.read(buffer);
          const reply = new TextDecoder().decode(buffer.subarray(0, size!));
          assertEquals(reply, "42");
        }
        const { code, stdout, stderr } = await server.end();
        assertEquals({ code, stderr }, { code: 0, stderr: "" });
        assertEquals(
          stdout.match(/^Received from client: 21$/gm)?.length,
          50,
        );
      });
    }
  },
);

signalTest(
  "a second signal ends the server at once, with the signal's status",
  async () => {
    await using server = await startServer();
    using _idle = await crowd(server.port, 1);
    await accepted(server, 1);
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
    const workers = 8;
    const answered = new Array(workers).fill(0);
    const enough = Promise.withResolvers<void>();

    /** Asks for one number after another, until the server is gone. */
    async function ask(worker: number): Promise<void> {
      for (;;) {
        const number = answered[worker] * workers + worker;
        const reply = await exchangeOnce(server.port, String(number))
          .catch(() => "");
        if (reply === "") return;
        assertEquals(reply, String(2 * number));
        if (++answered[worker] === 100) enough.resolve();
      }
    }

    const asked = Promise.all(answered.map((_, worker) => ask(worker)));
    await enough.promise;
    const { code, stdout, stderr } = await server.stop();
    await asked;
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    const received = Array.from(
      stdout.matchAll(/^Received from client: (\d+)$/gm),
      ([, number]) => Number(number),
    );
    for (const [worker, count] of answered.entries()) {
      const numbers = received.filter((number) => number % workers === worker);
      // The stop may have cut off the reply to one more.
      const length = numbers.length > count ? count + 1 : count;
      assertEquals(
        numbers,
        Array.from({ length }, (_, index) => index * workers + worker),
      );
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
