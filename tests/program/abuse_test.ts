import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { tcp } from "../../io/network.ts";
import { assertServes, crowd } from "../support/abuse.ts";
import { linuxTest, signalTest } from "../support/permissions.ts";
import {
  PATIENCE_MS,
  programCommand,
  shCommand,
  startServer,
} from "../support/program.ts";

signalTest(
  "a server that was frozen answers every client whose message arrived in time, and closes the idle ones",
  async () => {
    await using server = await startServer({ args: ["--idle-timeout=2"] });
    using clients = await crowd(server.port, 500);
    using idle = await crowd(server.port, 50);
    server.child.kill("SIGSTOP");
    for (const conn of clients.conns) {
      await conn.write(new TextEncoder().encode("21"));
    }
    // Long enough for every idle timeout to run out.
    await delay(2_500);
    server.child.kill("SIGCONT");
    const buffer = new Uint8Array(10);
    let answered = 0;
    for (const conn of clients.conns) {
      if (await conn.read(buffer) === 2) answered++;
    }
    assertEquals(answered, 500);
    for (const conn of idle.conns) assertEquals(await conn.read(buffer), null);
    const { code, stderr } = await server.stop();
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
  },
);

linuxTest(
  "more idle clients than descriptors lock nobody out: the one that is idle for longest makes room, and standard error says why, once",
  async () => {
    const command = shCommand('ulimit -n 64; exec "$@"', programCommand());
    await using server = await startServer({ command });
    {
      using _idle = await crowd(server.port, 100);
      // Its turn comes after all of them.
      await assertServes(server.port);
    }
    await assertServes(server.port);
    const { code, stdout, stderr } = await server.stop();
    assertEquals({ code, stderr }, {
      code: 0,
      stderr:
        "Failed to accept a connection with error [Errno 24] Too many open files\n",
    });
    const closed = stdout.match(/^Timed out waiting for .+$/gm)?.length ?? 0;
    assert(closed >= 100 - 64 && closed < 100, `${closed} were closed`);
  },
);

// Nobody accepts, so a connection that finds the backlog full is never made.
linuxTest(
  "a burst of connections beyond Deno's default backlog is queued",
  async () => {
    using listener = tcp.listen(0) as Deno.TcpListener;
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const connect = () => tcp.connect(listener.addr.port, signal);
    const conns = await Promise.all(Array.from({ length: 600 }, connect));
    for (const conn of conns) conn.close();
  },
);
