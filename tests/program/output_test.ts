import { assert, assertEquals, assertMatch } from "@std/assert";
import { deadline } from "@std/async/deadline";
import { delay } from "@std/async/delay";
import { assertServes, crowd, descriptorsOf, usage } from "../support/abuse.ts";
import { linuxTest, signalTest } from "../support/permissions.ts";
import {
  exchangeOnce,
  PATIENCE_MS,
  programCommand,
  startServer,
} from "../support/program.ts";

/** A message that takes 2 kB to print. */
const LOUD = "\n".repeat(1000);

/** A server whose output the test does not look at. Disposing of it kills it, if it still runs. */
interface UnheardServer extends AsyncDisposable {
  port: number;
  child: Deno.ChildProcess;
  /** Stops it, and resolves, when it has ended, to what it has written to standard error. */
  stop(): Promise<{ code: number; stderr: string }>;
}

/** A port that nobody listens on at the moment. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** Resolves when somebody listens on the port. */
async function listening(port: number): Promise<void> {
  for (const start = performance.now();;) {
    try {
      return (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    } catch (error) {
      if (performance.now() - start > PATIENCE_MS) throw error;
      await delay(20);
    }
  }
}

/** Starts a server from a script, in which `"$@"` is its command. */
async function startUnheard(script: string): Promise<UnheardServer> {
  const port = freePort();
  const command = [...programCommand(), "serve", String(port - 9000)];
  const child = new Deno.Command("sh", {
    args: ["-c", script, "sh", ...command],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let ended = false;

  async function end(signal: Deno.Signal): Promise<number> {
    child.kill(signal);
    const { code } = await deadline(child.status, PATIENCE_MS);
    ended = true;
    return code;
  }

  await listening(port);
  return {
    port,
    child,
    async stop() {
      const code = await end("SIGTERM");
      return { code, stderr: await new Response(child.stderr).text() };
    },
    async [Symbol.asyncDispose]() {
      if (!ended) await end("SIGKILL");
      for (const stream of [child.stdout, child.stderr]) {
        if (!stream.locked) await stream.cancel();
      }
    },
  };
}

linuxTest(
  "while nobody reads its standard output the server answers, and keeps a bounded number of lines",
  async () => {
    await using server = await startServer();
    const before = await usage(server.child.pid);
    const messages = 4_000;
    for (let count = 0; count < messages; count++) {
      await exchangeOnce(server.port, LOUD);
    }
    await assertServes(server.port);
    const after = await usage(server.child.pid);
    const grown = after.megabytes - before.megabytes;
    assert(grown < 50, `8 MB of lines made it grow by ${grown} MB`);

    let lines = 0;
    let dropped: string | undefined;
    while (dropped === undefined) {
      const line = await server.nextLine();
      if (line === undefined) throw new Error("the server has ended");
      dropped = /^Dropped (\d+) lines that could not be written$/
        .exec(line)?.[1];
      if (dropped === undefined) lines++;
    }
    assertEquals(lines + Number(dropped), 2 * (messages + 1));
    await assertServes(server.port);
    assertMatch((await server.nextLine())!, /^Accepted connection from/);
    const { code, stderr } = await server.stop();
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
  },
);

const LOST_OUTPUTS = {
  "is closed": 'exec "$@" >&-',
  "is a device that is full": 'exec "$@" >/dev/full',
  "is a pipe whose reader is gone": 'exec "$@"',
};

for (const [what, script] of Object.entries(LOST_OUTPUTS)) {
  linuxTest(`when its standard output ${what} the server answers`, async () => {
    await using server = await startUnheard(script);
    await server.child.stdout.cancel();
    for (let count = 0; count < 100; count++) {
      assertEquals(await exchangeOnce(server.port, "21"), "42");
    }
    const before = await usage(server.child.pid);
    await delay(1_000);
    const after = await usage(server.child.pid);
    const seconds = after.cpuSeconds - before.cpuSeconds;
    assert(seconds < 0.2, `${seconds} s of processor time in 1 s of rest`);
    await assertServes(server.port);
    assertEquals(await server.stop(), { code: 0, stderr: "" });
  });
}

linuxTest(
  "while nobody reads its standard error the server answers",
  async () => {
    const filled = "head -c 65536 /dev/zero >&2";
    await using server = await startUnheard(
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

signalTest(
  "every line is there, in order, after SIGTERM under load",
  async () => {
    await using server = await startServer();
    const workers = 8;
    const answered = new Array(workers).fill(0);
    const enough = Promise.withResolvers<void>();

    /** Asks for one number after the other, until the server is gone. */
    async function ask(worker: number): Promise<void> {
      for (;;) {
        const number = answered[worker] * workers + worker;
        let reply: string;
        try {
          reply = await exchangeOnce(server.port, String(number));
        } catch {
          return;
        }
        if (reply === "") return;
        assertEquals(reply, String(2 * number));
        if (++answered[worker] === 500) enough.resolve();
      }
    }

    const asked = Promise.all(answered.map((_, worker) => ask(worker)));
    await enough.promise;
    const { code, stdout, stderr } = await server.stop();
    await asked;
    const seen = new Array(workers).fill(0);
    for (const [, text] of stdout.matchAll(/^Received from client: (\d+)$/gm)) {
      const worker = Number(text) % workers;
      assertEquals(Number(text), seen[worker] * workers + worker);
      seen[worker]++;
    }
    for (const [worker, count] of answered.entries()) {
      // The stop may have cut off the reply to one more.
      assert(seen[worker] === count || seen[worker] === count + 1);
    }
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
  },
);
