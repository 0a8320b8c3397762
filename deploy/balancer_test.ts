import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
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

/** From how many clients at once a test sends its requests. */
const CLIENTS = 8;

/** Lies between the numbers that the tests send and the number that HAProxy's checks send. */
const FIRST_NUMBER = 1_000_000;

/** What HAProxy reports, by the names of the columns. */
interface State {
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

/** Asks until it is so, and fails when it never is. Returns what made it so. */
async function eventually<T>(
  ask: () => T | Promise<T>,
  isSo: (answer: T) => boolean,
): Promise<T> {
  for (const start = performance.now();; await delay(20)) {
    const answer = await ask();
    if (isSo(answer)) return answer;
    assert(performance.now() - start < PATIENCE_MS, String(answer));
  }
}

/** A running HAProxy. Disposing of it ends it. */
class Balancer implements AsyncDisposable {
  /** The port of its frontend. */
  readonly port: number;
  /** A port that leads to the frontend from another address, 127.0.0.2. */
  readonly otherPort: number;
  /** The port for metrics. */
  readonly metricsPort: number;
  readonly #adminPort: number;
  readonly #child: Deno.ChildProcess;
  readonly #read: Promise<void>;
  #log = "";

  constructor() {
    [this.port, this.otherPort, this.metricsPort, this.#adminPort] = freePorts(
      4,
    );
    this.#child = new Deno.Command("haproxy", {
      args: ["-db", "-f", "/dev/stdin"],
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#read = this.#child.stdout.pipeThrough(new TextDecoderStream())
      .pipeTo(
        new WritableStream({ write: (text) => void (this.#log += text) }),
      );
  }

  /** Gives it the configuration as it is, but for its ports, its user and these changes. */
  async configure(
    serverPorts: number[],
    changes: Record<string, string>,
  ): Promise<void> {
    const ports = [this.port, ...serverPorts];
    let config = (await Deno.readTextFile(CONFIG))
      .replace(/127\.0\.0\.1:900(\d)/g, (_, n) => `127.0.0.1:${ports[n]}`)
      .replace(
        "/run/haproxy/admin.sock mode 660",
        `127.0.0.1:${this.#adminPort}`,
      )
      .replace(/^ +(user|group) haproxy\n/gm, "")
      .replace(/^#(frontend metrics| {4})/gm, "$1")
      .replace("127.0.0.1:8404", `127.0.0.1:${this.metricsPort}`);
    for (const [from, to] of Object.entries(changes)) {
      assertStringIncludes(config, from);
      config = config.replace(from, to);
    }
    config += `
listen from_another_address
    bind 127.0.0.1:${this.otherPort}
    server tcpcalc 127.0.0.1:${this.port} source 127.0.0.2
`;
    await new Response(config).body!.pipeTo(this.#child.stdin);
  }

  /** Sends a command to its runtime API. Returns the answer. */
  async command(text: string): Promise<string> {
    using conn = await Deno.connect({
      hostname: "127.0.0.1",
      port: this.#adminPort,
    });
    await conn.write(new TextEncoder().encode(text + "\n"));
    return await deadline(new Response(conn.readable).text(), PATIENCE_MS);
  }

  /** Waits until a server, or `FRONTEND`, is in this state. */
  async until(name: string, state: Partial<State>): Promise<void> {
    const statistics = () =>
      this.command("show stat").catch((error) => {
        // It has yet to start.
        if (error instanceof Deno.errors.ConnectionRefused) return "";
        throw error;
      });
    await eventually(statistics, (table) => {
      const [names, ...rows] = table.split("\n").map((row) => row.split(","));
      const row = rows.find((row) => row[1] === name) ?? [];
      return Object.entries(state)
        .every(([column, value]) => row[names.indexOf(column)] === value);
    });
  }

  /** How each logged connection ended, as `tcplog` abbreviates it, when that is what is waited for. */
  async logged(isSo: (ends: string[]) => boolean): Promise<string[]> {
    const line = / tcpcalc .* (\S\S) \d+(\/\+?\d+){4} .*\n/g;
    return await eventually(
      () => [...this.#log.matchAll(line)].map(([, end]) => end),
      isSo,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGTERM");
    const ended = Promise.all([this.#child.status, this.#read]);
    await deadline(ended, PATIENCE_MS);
  }
}

/** Three servers, and HAProxy in front of them. */
interface All {
  stack: AsyncDisposableStack;
  servers: RunningServer[];
  balancer: Balancer;
}

/** A test with a balancer that has found its servers healthy, and these changes to its configuration. */
function balancerTest(
  name: string,
  fn: (all: All) => Promise<void>,
  changes: Record<string, string> = {},
): void {
  commandTest(name, { command: "haproxy", task: "test:deploy" }, async () => {
    await using stack = new AsyncDisposableStack();
    const servers: RunningServer[] = [];
    for (let i = 0; i < 3; i++) servers.push(stack.use(await startServer()));
    const ports = servers.map(({ port }) => port);
    const balancer = stack.use(new Balancer());
    await balancer.configure(ports, changes);
    for (const server of ["server1", "server2", "server3"]) {
      await balancer.until(server, { status: "UP", check_status: "L7OK" });
    }
    await fn({ stack, servers, balancer });
  });
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
 * Sends so many requests, each from one of the clients and again until it is answered. What is to happen
 * before a request is done then. Returns when those attempts began that were not answered.
 */
async function sendAll(
  port: number,
  count: number,
  events: Record<number, () => void | Promise<void>> = {},
): Promise<number[]> {
  const unanswered: number[] = [];

  async function* draw(): AsyncGenerator<number> {
    for (let i = 0; i < count; i++) {
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

/** Opens connections that send nothing. */
async function connectIdle(
  stack: AsyncDisposableStack,
  port: number,
  count: number,
): Promise<Deno.Conn[]> {
  const connections: Deno.Conn[] = [];
  for (let i = 0; i < count; i++) {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    connections.push(stack.use(conn));
  }
  return connections;
}

balancerTest(
  "a server that is drained, killed and started again costs no request",
  async ({ servers, balancer, stack }) => {
    let killed: Promise<unknown>;

    async function drainAndKill(): Promise<void> {
      await balancer.command("set server servers/server2 state drain");
      await balancer.until("server2", { scur: "0" });
      await servers[1].stop("SIGKILL");
    }

    const unanswered = await sendAll(balancer.port, 1_500, {
      500: () => void (killed = drainAndKill()),
      async 1_000() {
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

balancerTest(
  "a killed server costs only the requests in flight, which are answered when they are sent again",
  async ({ servers, balancer, stack }) => {
    let killed: Promise<unknown>;
    let goneAt = Infinity;

    async function kill(): Promise<void> {
      await servers[1].stop("SIGKILL");
      goneAt = performance.now();
    }

    const unanswered = await sendAll(balancer.port, 1_500, {
      500: () => void (killed = kill()),
      async 1_000() {
        await killed;
        await balancer.until("server2", { status: "DOWN" });
        servers[1] = stack.use(await startAgain(servers[1]));
        await balancer.until("server2", { status: "UP" });
      },
    });
    // A request that HAProxy is passing on just when it marks the server down is cut off, too.
    const late = unanswered.filter((began) => began > goneAt);
    await balancer.logged((ends) =>
      ends.filter((end) => end === "D-").length >= late.length
    );
    await assertAllUsed(servers);
  },
);

balancerTest(
  "a frozen server holds requests until a check fails, and none after that",
  async ({ servers, balancer }) => {
    servers[1].child.kill("SIGSTOP");
    const unanswered = await sendAll(balancer.port, 100);
    await balancer.until("server2", {
      status: "DOWN",
      check_status: "L7TOUT",
      scur: "0",
    });
    assertEquals(await sendAll(balancer.port, 100), []);

    servers[1].child.kill("SIGCONT");
    await balancer.until("server2", { status: "UP" });
    assertEquals(await sendAll(balancer.port, 100), []);
    await assertAllUsed(servers);
    // Each was ended by the server's being marked down: none waited for a timeout.
    assert(unanswered.length > 0);
    await balancer.until("FRONTEND", { scur: "0" });
    assertEquals(
      await balancer.logged((ends) => ends.length >= unanswered.length),
      unanswered.map(() => "D-"),
    );
  },
);

balancerTest(
  "500 idle connections are held, by no server, while others are answered",
  async ({ servers, balancer, stack }) => {
    const idle = await connectIdle(stack, balancer.port, 500);
    await balancer.until("FRONTEND", { scur: "500" });
    assertEquals(await sendAll(balancer.port, 300), []);
    await balancer.until("FRONTEND", { scur: "500" });
    await balancer.until("BACKEND", { scur: "0" });
    await assertAllUsed(servers);
    for (const conn of idle) conn.close();
    await balancer.until("FRONTEND", { scur: "0" });
  },
  {
    "inspect-delay 10s": "inspect-delay 60s",
    "timeout client 10s": "timeout client 60s",
  },
);

balancerTest(
  "an idle connection is refused when its time is up, and logged",
  async ({ balancer, stack }) => {
    const [conn] = await connectIdle(stack, balancer.port, 1);
    assertEquals(
      await deadline(conn.read(new Uint8Array(1)), PATIENCE_MS).catch((error) =>
        error instanceof Deno.errors.ConnectionReset ? null : error
      ),
      null,
    );
    assertEquals(await balancer.logged((ends) => ends.length > 0), ["PR"]);
  },
  {
    "inspect-delay 10s": "inspect-delay 100ms",
  },
);

balancerTest(
  "another address that holds 100 connections gets no other until it closes one, which is logged",
  async ({ balancer, stack }) => {
    async function untilOpen(count: number): Promise<void> {
      const entry = new RegExp(`key=127.0.0.2 .*conn_cur=${count}\\b`);
      await eventually(
        () => balancer.command("show table tcpcalc"),
        (table) => entry.test(table),
      );
    }

    const [first] = await connectIdle(stack, balancer.otherPort, 100);
    await untilOpen(100);
    assertEquals(await isAnswered(balancer.otherPort, 21), false);
    assertEquals(await balancer.logged((ends) => ends.length > 0), ["PR"]);
    first.close();
    await untilOpen(99);
    assertEquals(await isAnswered(balancer.otherPort, 21), true);
  },
);

balancerTest(
  "the metrics that the configuration shows name each server",
  async ({ balancer }) => {
    const url = `http://127.0.0.1:${balancer.metricsPort}`;
    const metrics = await (await fetch(`${url}/metrics`)).text();
    assertMatch(
      metrics,
      /^haproxy_server_status{.*server="server2",state="UP"} 1$/m,
    );
    const page = await (await fetch(`${url}/stats`)).text();
    assertStringIncludes(page, "server2");
  },
);
