import { deadline } from "@std/async/deadline";
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { MAX_MESSAGE_BYTES, NOT_AN_INTEGER, TOO_LONG } from "../calc.ts";
import { serve } from "../server.ts";
import { networkTest } from "./support/permissions.ts";
import { exchangeOnce, PATIENCE_MS, refusal } from "./support/program.ts";

const encoder = new TextEncoder();

/** A server in this process. Disposing of it stops it. */
interface TestServer extends AsyncDisposable {
  listener: Deno.TcpListener;
  port: number;
  /** What it has printed. */
  lines: string[];
  /** What it has printed about trouble of its own. */
  warnings: string[];
  /** Resolves when so many lines are printed. */
  printed(count: number): Promise<void>;
  /** Tells it to stop. Resolves when it has. */
  stop(): Promise<void>;
}

function start(
  idleTimeout = 60_000,
  listener = Deno.listen({ hostname: "127.0.0.1", port: 0 }),
): TestServer {
  const lines: string[] = [];
  const warnings: string[] = [];
  const controller = new AbortController();
  let onPrint = () => {};
  const served = serve(listener, {
    idleTimeout,
    print(line) {
      // The port of the client is another each time.
      lines.push(line.replace(/ \d+\)$/, " <port>)"));
      onPrint();
    },
    warn: (line) => warnings.push(line),
    signal: controller.signal,
  });

  async function stop(): Promise<void> {
    controller.abort();
    await deadline(served, PATIENCE_MS);
  }

  return {
    listener,
    port: listener.addr.port,
    lines,
    warnings,
    async printed(count) {
      while (lines.length < count) {
        const { promise, resolve } = Promise.withResolvers<void>();
        onPrint = resolve;
        await deadline(promise, PATIENCE_MS);
      }
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function connect({ port }: TestServer): Promise<Deno.TcpConn> {
  return Deno.connect({ hostname: "127.0.0.1", port });
}

/** Sends a message on a connection that stands, and reads the reply to its end. */
async function ask(conn: Deno.Conn, message: string): Promise<string> {
  await conn.write(encoder.encode(message));
  return await readAll(conn);
}

/** Reads to the end, which closes the connection. */
async function readAll(conn: Deno.Conn): Promise<string> {
  return await deadline(new Response(conn.readable).text(), PATIENCE_MS);
}

/** An error as Deno throws it. */
function osError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}

/** Lets a listener report errors before it accepts anything. */
function failFirst(listener: Deno.TcpListener, errors: Error[]): void {
  const accept = listener.accept.bind(listener);
  listener.accept = () => {
    const error = errors.shift();
    return error === undefined ? accept() : Promise.reject(error);
  };
}

const ACCEPTED = "Accepted connection from ('127.0.0.1', <port>)";
const TIMED_OUT = "Timed out waiting for ('127.0.0.1', <port>)";

networkTest(
  "a message is answered, and its lines are printed in order",
  async () => {
    await using server = start();
    assertEquals(await exchangeOnce(server.port, "21"), "42");
    assertEquals(await exchangeOnce(server.port, " -4\n"), "-8");
    assertEquals(await exchangeOnce(server.port, "abc"), NOT_AN_INTEGER);
    assertEquals(server.lines, [
      ACCEPTED,
      "Received from client: 21",
      ACCEPTED,
      "Received from client:  -4\\n",
      ACCEPTED,
      "Received from client: abc",
    ]);
  },
);

networkTest("the server closes the connection after its reply", async () => {
  await using server = start();
  using conn = await connect(server);
  assertEquals(await ask(conn, "21"), "42");
});

networkTest(
  "text is received as UTF-8, and shown without control characters",
  async () => {
    await using server = start();
    const { port } = server;
    assertEquals(await exchangeOnce(port, "１٢"), "24");
    assertEquals(await exchangeOnce(port, "\ufeff1"), NOT_AN_INTEGER);
    const bytes = new Uint8Array([0x31, 0xff, 0x1b]);
    assertEquals(await exchangeOnce(port, bytes), NOT_AN_INTEGER);
    assertEquals(
      server.lines.filter((line) => line !== ACCEPTED),
      [
        "Received from client: １٢",
        "Received from client: \ufeff1",
        "Received from client: 1\\xff\\x1b",
      ],
    );
  },
);

networkTest(
  "the longest message is doubled whole, and one byte more is refused",
  async () => {
    await using server = start();
    const longest = "9".repeat(MAX_MESSAGE_BYTES);
    assertEquals(
      await exchangeOnce(server.port, longest),
      String(2n * BigInt(longest)),
    );
    assertEquals(await exchangeOnce(server.port, longest + "9"), TOO_LONG);
    const received = `Received from client: ${longest}`;
    assertEquals(server.lines, [ACCEPTED, received, ACCEPTED, received]);
  },
);

networkTest(
  "the refusal arrives, however much the client still sends",
  async () => {
    await using server = start();
    // More than the system's buffers hold: nothing of it may be left when the server closes.
    const message = new Uint8Array(16 * 1024 * 1024).fill(0x39);
    assertEquals(await exchangeOnce(server.port, message), TOO_LONG);
  },
);

networkTest("a client that closes without a message is told of", async () => {
  await using server = start();
  (await connect(server)).close();
  await server.printed(2);
  assertEquals(server.lines, [ACCEPTED, "The client socket is closed"]);
});

networkTest(
  "a client that resets the connection is told of as closed",
  async () => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const accept = listener.accept.bind(listener);
    listener.accept = async () => {
      const conn = await accept();
      conn.read = () =>
        Promise.reject(
          osError("ECONNRESET", "Connection reset by peer (os error 104)"),
        );
      return conn;
    };
    await using server = start(60_000, listener);
    using conn = await connect(server);
    assertEquals(await readAll(conn), "");
    assertEquals(server.lines, [ACCEPTED, "The client socket is closed"]);
  },
);

networkTest(
  "a client that is gone before its reply disturbs nobody",
  async () => {
    await using server = start();
    for (let count = 0; count < 10; count++) {
      const conn = await connect(server);
      await conn.write(encoder.encode("21"));
      conn.close();
    }
    await server.printed(20);
    assertEquals(await exchangeOnce(server.port, "21"), "42");
    assertEquals(server.warnings, []);
  },
);

networkTest(
  "a client that says nothing is closed when its time is up",
  async () => {
    await using server = start(100);
    using conn = await connect(server);
    assertEquals(await readAll(conn), "");
    assertEquals(server.lines, [ACCEPTED, TIMED_OUT]);
    assertEquals(await exchangeOnce(server.port, "21"), "42");
  },
);

networkTest(
  "a client that says nothing holds up nobody, and is answered in the end",
  async () => {
    await using server = start(0);
    const silent = await Promise.all(
      Array.from({ length: 10 }, () => connect(server)),
    );
    for (let integer = 0; integer < 20; integer++) {
      assertEquals(
        await exchangeOnce(server.port, String(integer)),
        String(2 * integer),
      );
    }
    for (const conn of silent) assertEquals(await ask(conn, "21"), "42");
  },
);

networkTest("no client gets a part of what another sent", async () => {
  await using server = start();
  // Twice, for the second round to find the buffers of the first.
  for (let round = 0; round < 2; round++) {
    const conns = await Promise.all(
      Array.from({ length: 50 }, () => connect(server)),
    );
    const messages = conns.map((_, index) =>
      String((index + 1) % 10).repeat(1 + (index * 97) % MAX_MESSAGE_BYTES)
    );
    const replies = await Promise.all(
      conns.map((conn, index) => ask(conn, messages[index])),
    );
    assertEquals(
      replies,
      messages.map((message) => String(2n * BigInt(message))),
    );
  }
});

networkTest(
  "a signal stops the listening, and what is in hand is answered",
  async () => {
    const server = start();
    using early = await connect(server);
    using late = await connect(server);
    await server.printed(2);
    const stopped = server.stop();
    await refusal(server.port);
    assertEquals(await ask(early, "21"), "42");
    assertEquals(await ask(late, "abc"), NOT_AN_INTEGER);
    await stopped;
    assertEquals(server.lines.length, 4);
  },
);

networkTest(
  "a client that goes on saying nothing, or too much, is cut off at the stop",
  async () => {
    const server = start();
    using silent = await connect(server);
    using talker = await connect(server);
    await talker.write(new Uint8Array(MAX_MESSAGE_BYTES + 1).fill(0x39));
    await server.printed(3);
    const began = performance.now();
    await server.stop();
    const elapsed = performance.now() - began;
    assert(elapsed < 5_000, `the stop took ${elapsed} ms`);
    assertEquals(await readAll(silent), "");
    assertEquals(await readAll(talker), TOO_LONG);
    assertEquals(server.lines.includes(TIMED_OUT), false);
  },
);

networkTest(
  "a server whose signal has come already stops at once",
  async () => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    await serve(listener, {
      idleTimeout: 60_000,
      print: () => {},
      warn: () => {},
      signal: AbortSignal.abort(),
    });
    await assertRejects(() => listener.accept(), Deno.errors.BadResource);
  },
);

networkTest(
  "connections that failed in the queue are passed over",
  async () => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    failFirst(listener, [
      ...Array.from(
        { length: 1000 },
        () =>
          osError(
            "ENOTCONN",
            "Transport endpoint is not connected (os error 107)",
          ),
      ),
      osError(
        "ECONNABORTED",
        "Software caused connection abort (os error 103)",
      ),
      osError("EINVAL", "Invalid argument (os error 22)"),
    ]);
    await using server = start(60_000, listener);
    assertEquals(await exchangeOnce(server.port, "21"), "42");
    assertEquals(server.warnings, []);
  },
);

networkTest(
  "the server waits and says so once where the system can give no connection",
  async () => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    failFirst(
      listener,
      Array.from(
        { length: 4 },
        () => osError("EMFILE", "Too many open files (os error 24)"),
      ),
    );
    const began = performance.now();
    await using server = start(60_000, listener);
    assertEquals(await exchangeOnce(server.port, "21"), "42");
    // 5, 10, 20 and 40 ms, and a timer may be a millisecond early.
    assert(performance.now() - began >= 70);
    assertEquals(server.warnings.length, 1);
    assertMatch(
      server.warnings[0],
      /^Failed to accept a connection with error \[\w+ 24\] Too many open files$/,
    );
  },
);
