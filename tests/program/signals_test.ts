import { assert, assertEquals } from "@std/assert";
import { deadline } from "@std/async/deadline";
import { assertServes, crowd } from "../support/abuse.ts";
import { signalTest } from "../support/permissions.ts";
import {
  exchangeOnce,
  programCommand,
  refusal,
  type RunningServer,
  startServer,
  startSession,
} from "../support/program.ts";

/** How long after a signal the server has ended, in milliseconds. */
const STOP_MS = 5_000;

const SIGNALS: { name: Deno.Signal; status: number }[] = [
  { name: "SIGINT", status: 130 },
  { name: "SIGTERM", status: 143 },
];

const encoder = new TextEncoder();

async function readText(conn: Deno.Conn): Promise<string> {
  const buffer = new Uint8Array(100);
  const size = await conn.read(buffer);
  return new TextDecoder().decode(buffer.subarray(0, size ?? 0));
}

/** Waits until the server has accepted so many connections. */
async function accepted(server: RunningServer, count: number): Promise<void> {
  while (count > 0) {
    const line = await server.nextLine();
    if (line === undefined) throw new Error("the server has ended");
    if (line.startsWith("Accepted connection from")) count--;
  }
}

for (const { name } of SIGNALS) {
  signalTest(
    `at ${name} the server accepts nothing new, answers what is in hand, and ends with status 0`,
    async () => {
      await using server = await startServer();
      using clients = await crowd(server.port, 50);
      await accepted(server, 50);
      const stopped = deadline(server.stop(name), STOP_MS);
      await refusal(server.port);
      for (const conn of clients.conns) await conn.write(encoder.encode("21"));
      for (const conn of clients.conns) {
        assertEquals(await readText(conn), "42");
      }
      const { code, stderr } = await stopped;
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
    },
  );

  signalTest(
    `a second signal after ${name} ends the server at once, with the signal's status`,
    async () => {
      for (const second of SIGNALS) {
        await using server = await startServer();
        using _silent = await crowd(server.port, 1);
        await accepted(server, 1);
        server.child.kill(name);
        await refusal(server.port);
        const { code, stderr } = await server.stop(second.name);
        assertEquals({ code, stderr }, { code: second.status, stderr: "" });
      }
    },
  );
}

signalTest(
  "clients that say nothing, or never end, keep the server from ending for no more than 5 s",
  async () => {
    await using server = await startServer();
    using clients = await crowd(server.port, 2);
    const [silent, endless] = clients.conns;
    await accepted(server, 2);
    await endless.write(new Uint8Array(100_000));
    assertEquals(
      await readText(endless),
      "Received data is longer than 1024 bytes",
    );
    const { code, stderr } = await deadline(server.stop(), STOP_MS);
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    assertEquals(await readText(silent), "");
  },
);

signalTest(
  "a standard output that nobody reads keeps the server from ending for no more than 5 s, and a second signal for none",
  async () => {
    for (const signals of [["SIGTERM"], ["SIGTERM", "SIGINT"]]) {
      await using server = startSession([
        ...programCommand(),
        "serve",
        "-9000",
      ]);
      const listening = await server.until("\n");
      const port = Number(/:(\d+)\n$/.exec(listening)?.[1]);
      for (let count = 0; count < 300; count++) {
        await exchangeOnce(port, "\n".repeat(1000));
      }
      const start = performance.now();
      for (const signal of signals) {
        server.child.kill(signal as Deno.Signal);
        await refusal(port);
      }
      const { code } = await deadline(server.child.status, STOP_MS);
      assert(performance.now() - start < STOP_MS);
      assertEquals(code, signals.length === 1 ? 0 : 130);
      await server.end();
    }
  },
);

for (const signal of ["SIGTERM", "SIGKILL"] as const) {
  signalTest(
    `after ${signal} another server listens on the same port at once`,
    async () => {
      await using server = await startServer();
      using _clients = await crowd(server.port, 10);
      await assertServes(server.port);
      await server.stop(signal);
      const operand = String(server.port - 9000);
      await using next = await startServer({ operand });
      assertEquals(next.port, server.port);
      await assertServes(server.port);
    },
  );
}
