import { assert, assertEquals, assertMatch } from "@std/assert";
import { deadline } from "@std/async/deadline";
import { delay } from "@std/async/delay";
import { commandTest } from "../tests/support/permissions.ts";
import {
  exchangeOnce,
  PATIENCE_MS,
  type RunningServer,
  startServer,
} from "../tests/support/program.ts";

const CONFIG = new URL("haproxy.cfg", import.meta.url);

/** How many requests a test sends, and from how many clients at once. */
const REQUESTS = 3_000;
const CLIENTS = 8;

/** Lies between the numbers that the tests send and the number that HAProxy's checks send. */
const FIRST_NUMBER = 1_000_000;

/** A HAProxy that runs. Disposing of it ends it. */
interface Balancer extends AsyncDisposable {
  /** The port of its frontend. */
  port: number;
  /** Asks it by its runtime API. */
  command(text: string): Promise<string>;
  /** Waits until it says of a server, `server1` and so on, what is looked for. */
  until(server: string, state: Partial<ServerState>): Promise<void>;
}

/** What HAProxy says of a server, by the names of the columns. */
interface ServerState {
  /** `UP`, `DOWN`, `DRAIN`, … */
  status: string;
  /** How the last check went: `L7OK`, `L7TOUT`, … */
  check_status: string;
  /** How many connections it has now. */
  scur: string;
}

/** Ports that nobody listens on. */
function freePorts(count: number): number[] {
  const listeners = Array.from(
    { length: count },
    () => Deno.listen({ hostname: "127.0.0.1", port: 0 }),
  );
  return listeners.map((listener) => {
    listener.close();
    return listener.addr.port;
  });
}

/** Starts HAProxy with the configuration as it is, but for its ports, its user and its patience. */
async function startBalancer(serverPorts: number[]): Promise<Balancer> {
  const [port, adminPort] = freePorts(2);
  const ports = [port, ...serverPorts];
  const config = (await Deno.readTextFile(CONFIG))
    .replace(/127\.0\.0\.1:900(\d)/g, (_, n) => `127.0.0.1:${ports[n]}`)
    .replace("/run/haproxy/admin.sock mode 660", `127.0.0.1:${adminPort}`)
    .replace(/^ +(user|group) haproxy\n/gm, "")
    .replace("inter 2s", "inter 100ms");
  const child = new Deno.Command("haproxy", {
    args: ["-q", "-db", "-f", "/dev/stdin"],
    stdin: "piped",
    stdout: "null",
  }).spawn();
  await new Response(config).body!.pipeTo(child.stdin);

  async function command(text: string): Promise<string> {
    using conn = await Deno.connect({ hostname: "127.0.0.1", port: adminPort });
    await conn.write(new TextEncoder().encode(text + "\n"));
    return await deadline(new Response(conn.readable).text(), PATIENCE_MS);
  }

  async function until(
    server: string,
    state: Partial<ServerState>,
  ): Promise<void> {
    let table = "";
    for (const start = performance.now();; await delay(20)) {
      assert(performance.now() - start < PATIENCE_MS, `${server}: ${table}`);
      try {
        table = await command("show stat");
      } catch (error) {
        // It has yet to start.
        if (error instanceof Deno.errors.ConnectionRefused) continue;
        throw error;
      }
      const [names, ...rows] = table.split("\n").map((row) => row.split(","));
      const row = rows.find((row) => row[1] === server) ?? [];
      const isReached = Object.entries(state)
        .every(([name, value]) => row[names.indexOf(name)] === value);
      if (isReached) return;
    }
  }

  return {
    port,
    command,
    until,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await deadline(child.status, PATIENCE_MS);
    },
  };
}

/** Three servers and HAProxy in front of them, which knows that they are well. */
async function startAll(
  stack: AsyncDisposableStack,
): Promise<{ servers: RunningServer[]; balancer: Balancer }> {
  const servers: RunningServer[] = [];
  for (let i = 0; i < 3; i++) servers.push(stack.use(await startServer()));
  const balancer = stack.use(
    await startBalancer(servers.map(({ port }) => port)),
  );
  for (const server of ["server1", "server2", "server3"]) {
    await balancer.until(server, { status: "UP", check_status: "L7OK" });
  }
  return { servers, balancer };
}

/** Starts a server on the port that one had which has ended. */
function startAgain({ port }: RunningServer): Promise<RunningServer> {
  return startServer({ operand: String(port - 9000) });
}

/** Whether the request is answered, which is never by a wrong number. */
async function isAnswered(port: number, number: number): Promise<boolean> {
  let reply = "";
  try {
    reply = await exchangeOnce(port, String(number));
  } catch (error) {
    assert(error instanceof Deno.errors.ConnectionReset, String(error));
  }
  assert(reply === "" || reply === String(2 * number), reply);
  return reply !== "";
}

/**
 * Sends all requests, each from one of the clients and again until it is answered. What is to happen
 * before a request is done then. Returns when those attempts began that were not answered.
 */
async function sendAll(
  port: number,
  events: Record<number, () => void | Promise<void>>,
): Promise<number[]> {
  const unanswered: number[] = [];

  async function* draw(): AsyncGenerator<number> {
    for (let i = 0; i < REQUESTS; i++) {
      await events[i]?.();
      yield FIRST_NUMBER + i;
    }
  }

  const numbers = draw();
  await Promise.all(Array.from({ length: CLIENTS }, async () => {
    for await (const number of numbers) {
      let began = performance.now();
      while (!await isAnswered(port, number)) {
        unanswered.push(began);
        began = performance.now();
      }
    }
  }));
  return unanswered;
}

/** Ends the servers, and checks that each has answered requests since it started. */
async function assertAllUsed(servers: RunningServer[]): Promise<void> {
  for (const server of servers) {
    const { stdout } = await server.stop();
    assertMatch(stdout, /^Received from client: 100\d{4}$/m);
  }
}

commandTest(
  "a server that is drained, killed and started again costs no request",
  { command: "haproxy", task: "test:deploy" },
  async () => {
    await using stack = new AsyncDisposableStack();
    const { servers, balancer } = await startAll(stack);
    let killed: Promise<unknown>;

    async function drainAndKill(): Promise<void> {
      await balancer.command("set server servers/server2 state drain");
      await balancer.until("server2", { scur: "0" });
      await servers[1].stop("SIGKILL");
    }

    const unanswered = await sendAll(balancer.port, {
      1_000: () => void (killed = drainAndKill()),
      async 2_000() {
        await killed;
        servers[1] = stack.use(await startAgain(servers[1]));
        await balancer.command("set server servers/server2 state ready");
        await balancer.until("server2", { status: "UP" });
      },
    });
    assertEquals(unanswered, []);
    await assertAllUsed(servers);
  },
);

commandTest(
  "a server that is killed costs no request that begins after its end, and one in flight is answered when it is asked again",
  { command: "haproxy", task: "test:deploy" },
  async () => {
    await using stack = new AsyncDisposableStack();
    const { servers, balancer } = await startAll(stack);
    let killed: Promise<unknown>;
    let goneAt = Infinity;

    async function kill(): Promise<void> {
      await servers[1].stop("SIGKILL");
      goneAt = performance.now();
    }

    const unanswered = await sendAll(balancer.port, {
      1_000: () => void (killed = kill()),
      async 2_000() {
        await killed;
        await balancer.until("server2", { status: "DOWN" });
        servers[1] = stack.use(await startAgain(servers[1]));
        await balancer.until("server2", { status: "UP" });
      },
    });
    assertEquals(unanswered.filter((began) => began > goneAt), []);
    await assertAllUsed(servers);
  },
);

commandTest(
  "a server that accepts and does not answer is taken out",
  { command: "haproxy", task: "test:deploy" },
  async () => {
    await using stack = new AsyncDisposableStack();
    const server = stack.use(await startServer());
    using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = silent.addr;
    const balancer = stack.use(
      await startBalancer([server.port, port, server.port]),
    );
    await balancer.until("server2", { status: "DOWN", check_status: "L7TOUT" });
    for (const number of [21, -4, 7]) {
      assertEquals(
        await exchangeOnce(balancer.port, String(number)),
        String(2 * number),
      );
    }
  },
);

commandTest(
  "a client with 100 connections gets no other until it closes one",
  { command: "haproxy", task: "test:deploy" },
  async () => {
    await using stack = new AsyncDisposableStack();
    const { balancer } = await startAll(stack);

    async function untilOpen(count: number): Promise<void> {
      const pattern = new RegExp(`conn_cur=${count}\\b`);
      const start = performance.now();
      while (!pattern.test(await balancer.command("show table tcpcalc"))) {
        assert(performance.now() - start < PATIENCE_MS);
        await delay(20);
      }
    }

    const connections: Deno.Conn[] = [];
    for (let i = 0; i < 100; i++) {
      connections.push(stack.use(
        await Deno.connect({ hostname: "127.0.0.1", port: balancer.port }),
      ));
    }
    await untilOpen(100);
    assertEquals(await isAnswered(balancer.port, 21), false);
    connections[0].close();
    await untilOpen(99);
    assertEquals(await isAnswered(balancer.port, 21), true);
  },
);
