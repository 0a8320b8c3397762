import { deadline } from "@std/async/deadline";
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import {
  ask,
  askAll,
  type ClientOptions,
  exchange,
  FIRST_PORT,
  interact,
  PROMPT,
} from "../client.ts";
import { writeAll } from "../io/write_all.ts";
import {
  networkTest,
  notOnWindows,
  pythonTest,
} from "./support/permissions.ts";
import { closedPort, PATIENCE_MS } from "./support/program.ts";
import { startOracle } from "./support/python.ts";

const MEBIBYTE = 1024 * 1024;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** A server that does as the test wants. Disposing of it waits until all of that is done. */
interface FakeServer extends AsyncDisposable {
  port: number;
  /** Its server number, as the client counts. */
  number: number;
}

/** Starts a server that hands each connection to a function, and closes it after. */
function startServer(handle: (conn: Deno.Conn) => Promise<void>): FakeServer {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });

  async function handleAll(): Promise<void> {
    const handled: Promise<void>[] = [];
    for await (const conn of listener) {
      handled.push(handle(conn).finally(() => conn.close()));
    }
    await Promise.all(handled);
  }

  const done = handleAll();
  return {
    port: listener.addr.port,
    number: listener.addr.port - FIRST_PORT,
    async [Symbol.asyncDispose]() {
      listener.close();
      await deadline(done, PATIENCE_MS);
    },
  };
}

/** Reads once. An empty text is the end. */
async function receive(conn: Deno.Conn, bytes = 64 * 1024): Promise<string> {
  const buffer = new Uint8Array(bytes);
  const size = await conn.read(buffer);
  return decoder.decode(buffer.subarray(0, size ?? 0));
}

async function send(conn: Deno.Conn, reply: string): Promise<void> {
  await writeAll(conn, encoder.encode(reply));
}

/** Starts a server that replies as a function of the message says. */
function startReplying(reply: (message: string) => string): FakeServer {
  return startServer(async (conn) => send(conn, reply(await receive(conn))));
}

/** Options that record what is written. */
interface Recorded extends ClientOptions {
  output: string;
  errors: string;
}

function record(options: Partial<ClientOptions> = {}): Recorded {
  const recorded: Recorded = {
    servers: [],
    timeout: PATIENCE_MS,
    failover: false,
    quiet: false,
    random: () => 0,
    ...options,
    output: "",
    errors: "",
    write(text) {
      recorded.output += text;
      return Promise.resolve();
    },
    writeError(text) {
      recorded.errors += text;
      return Promise.resolve();
    },
  };
  return recorded;
}

/** The reply to a message, as text. */
async function exchangeText(
  message: string,
  { port }: { port: number },
): Promise<string> {
  const reply = await exchange(message, { port, timeout: PATIENCE_MS });
  return decoder.decode(reply);
}

/** How `str(OSError)` begins on any system. */
const ERROR = /\[\w+ \d+\] /;

networkTest("an exchange sends the message and returns the reply", async () => {
  await using server = startReplying((message) => `<${message}>`);
  assertEquals(await exchangeText("２１\n", server), "<２１\n>");
});

networkTest("an exchange without a time limit is like any other", async () => {
  await using server = startReplying(() => "42");
  const reply = await exchange("21", { port: server.port, timeout: 0 });
  assertEquals(decoder.decode(reply), "42");
});

networkTest("a reply that comes in pieces is returned whole", async () => {
  const pieces = Array.from({ length: 50 }, (_, i) => String(i % 10).repeat(i));
  await using server = startServer(async (conn) => {
    await receive(conn);
    for (const piece of pieces) {
      await send(conn, piece);
      await new Promise((resolve) => setTimeout(resolve));
    }
  });
  assertEquals(await exchangeText("21", server), pieces.join(""));
});

networkTest("a reply may have a mebibyte and no more", async () => {
  const longest = "9".repeat(MEBIBYTE);
  await using server = startReplying(() => longest);
  assertEquals(await exchangeText("21", server), longest);
  await using talker = startServer(async (conn) => {
    await receive(conn);
    // The client closes the connection before it has all.
    await send(conn, longest.repeat(8)).catch(() => {});
  });
  await assertRejects(
    () => exchangeText("21", talker),
    RangeError,
    "reply is longer than 1048576 bytes",
  );
});

networkTest(
  "a server that closes without a reply has replied with nothing",
  async () => {
    await using server = startReplying(() => "");
    assertEquals(await exchangeText("21", server), "");
  },
);

pythonTest("a reset before the reply is an error", async () => {
  await using python = startOracle();
  const [port] = await python.ask("reset", [""]);
  await assertRejects(
    () => exchangeText("21", { port }),
    Deno.errors.ConnectionReset,
  );
});

notOnWindows(pythonTest, "a reset takes back what came before it")(
  "a reset after the reply is no error",
  async () => {
    await using python = startOracle();
    const [port] = await python.ask("reset", ["42"]);
    assertEquals(await exchangeText("21", { port }), "42");
  },
);

networkTest(
  "a reply counts that comes before all of the message is sent",
  async () => {
    await using server = startServer(async (conn) => {
      await receive(conn, 1);
      await send(conn, "too long");
      await conn.closeWrite();
      while (await receive(conn) !== "");
    });
    const message = "9".repeat(16 * MEBIBYTE);
    assertEquals(await exchangeText(message, server), "too long");
  },
);

networkTest(
  "a server that keeps the connection open is not waited for",
  async () => {
    let rest: string | undefined;
    {
      await using server = startServer(async (conn) => {
        await receive(conn);
        await send(conn, "42");
        rest = await receive(conn);
      });
      assertEquals(await exchangeText("21", server), "42");
    }
    assertEquals(rest, "");
  },
);

networkTest(
  "an exchange ends when its time is up, and so does its connection",
  async () => {
    let rest: string | undefined;
    {
      await using server = startServer(async (conn) => {
        await receive(conn);
        rest = await receive(conn);
      });
      const error = await assertRejects(
        () => exchange("21", { port: server.port, timeout: 100 }),
        DOMException,
      );
      assertEquals(error.name, "TimeoutError");
    }
    assertEquals(rest, "");
  },
);

networkTest(
  "an exchange ends when its time is up, also where it finds no connection",
  async () => {
    using listener = Deno.listen({
      hostname: "127.0.0.1",
      port: 0,
      tcpBacklog: 1,
    });
    const { port } = listener.addr;
    const connected: number[] = [];
    // Nobody accepts: as many connect as may wait for it, and the others wait to connect.
    const exchanges = Array.from({ length: 5 }, (_, index) =>
      exchange("21", {
        port,
        timeout: 500,
        onConnected: () => connected.push(index),
      }));
    const results = await Promise.allSettled(exchanges);
    assertEquals(
      results.map((result) =>
        result.status === "rejected" && result.reason.name
      ),
      Array(5).fill("TimeoutError"),
    );
    assert(connected.length < 5, "all of them have connected");
  },
);

networkTest(
  "a connection that TCP has made to itself is closed, and another is made",
  async () => {
    await using server = startServer(async (conn) => {
      assertEquals(await receive(conn), "21");
      await conn.write(encoder.encode("42"));
    });
    // The system draws such a port once in some ten thousand times, so the first draw is made up.
    const connect = Deno.connect;
    let closed = 0;
    const toItself = {
      localAddr: { port: server.port },
      close: () => closed++,
    };
    Deno.connect = (() => {
      Deno.connect = connect;
      return Promise.resolve(toItself);
    }) as unknown as typeof Deno.connect;
    try {
      const reply = await exchange("21", { port: server.port, timeout: 0 });
      assertEquals(decoder.decode(reply), "42");
    } finally {
      Deno.connect = connect;
    }
    assertEquals(closed, 1);
  },
);

networkTest("a port that nobody listens on is an error", async () => {
  using nobody = await closedPort();
  await assertRejects(
    () => exchangeText("21", nobody),
    Deno.errors.ConnectionRefused,
  );
});

networkTest("what happens is told in two lines", async () => {
  await using server = startReplying(() => "42");
  const options = record({ servers: [server.number] });
  assertEquals(await ask("21", options), true);
  assertEquals(
    options.output,
    `connected to Server 127.0.0.1:${server.port}\n` +
      "Received from server: 42\n",
  );
  assertEquals(options.errors, "");
});

networkTest(
  "a quiet client tells the answer alone, and the rest on standard error",
  async () => {
    await using server = startReplying((text) => text === "21" ? "42" : "no");
    using nobody = await closedPort();
    const options = record({ servers: [server.number], quiet: true });
    assertEquals(await ask("21", options), true);
    assertEquals([options.output, options.errors], ["42\n", ""]);
    assertEquals(await ask("abc", options), false);
    assertEquals([options.output, options.errors], ["42\n", "no\n"]);
    options.servers = [nobody.port - FIRST_PORT];
    options.errors = "";
    assertEquals(await ask("21", options), false);
    assertEquals(options.output, "42\n");
    assertMatch(
      options.errors.replace(ERROR, "<error> "),
      /^Failed to connect to Server 127\.0\.0\.1:\d+ with error <error> .+\n$/,
    );
  },
);

networkTest("a reply is shown without control characters", async () => {
  await using server = startServer(async (conn) => {
    await receive(conn);
    await conn.write(new Uint8Array([0x34, 0x0a, 0x1b, 0x5b, 0x4a, 0xff]));
  });
  for (const quiet of [false, true]) {
    const options = record({ servers: [server.number], quiet });
    assertEquals(await ask("21", options), false);
    const [shown] = (options.output + options.errors).match(/4.*\n$/)!;
    assertEquals(shown, "4\\n\\x1b[J\\xff\n");
  }
});

networkTest("an answer of any length and script is an integer", async () => {
  await using server = startReplying((text) => text);
  for (const reply of ["-8", "٤٢", "9".repeat(4000)]) {
    const options = record({ servers: [server.number], quiet: true });
    assertEquals(await ask(reply, options), true);
    assertEquals(options.output, `${reply}\n`);
  }
});

networkTest("an error is told in the place of the answer", async () => {
  await using silent = startServer(async (conn) => {
    while (await receive(conn) !== "");
  });
  using nobody = await closedPort();

  const timedOut = record({ servers: [silent.number], timeout: 100 });
  assertEquals(await ask("21", timedOut), false);
  let name = `Server 127.0.0.1:${silent.port}`;
  assertEquals(
    timedOut.output,
    `connected to ${name}\nFailed to connect to ${name} with error timed out\n`,
  );

  const refused = record({ servers: [nobody.port - FIRST_PORT] });
  assertEquals(await ask("21", refused), false);
  name = `Server 127.0.0.1:${nobody.port}`;
  assert(
    refused.output.startsWith(`Failed to connect to ${name} with error [`),
  );
});

networkTest(
  "each server is drawn by its share of the random numbers",
  async () => {
    await using first = startReplying(() => "1");
    await using second = startReplying(() => "2");
    await using third = startReplying(() => "3");
    const servers = [first.number, second.number, third.number];
    const options = record({ servers, quiet: true });
    for (const number of [0, 0.33, 0.34, 0.66, 0.67, 0.999_999]) {
      options.random = () => number;
      assertEquals(await ask("0", options), true);
    }
    assertEquals(options.output, "1\n1\n2\n2\n3\n3\n");
  },
);

networkTest("one server is tried where failover is not asked for", async () => {
  using nobody = await closedPort();
  await using server = startReplying(() => "42");
  const options = record({
    servers: [nobody.port - FIRST_PORT, server.number],
  });
  assertEquals(await ask("21", options), false);
  assertEquals(options.output.match(/\n/g)?.length, 1);
});

networkTest(
  "failover tries every server once, in random order, until one answers",
  async () => {
    using first = await closedPort();
    using second = await closedPort();
    using third = await closedPort();
    await using server = startReplying(() => "no integer");
    const away = [first, second, third].map(({ port }) => port - FIRST_PORT);
    const orders: [() => number, number[]][] = [
      [() => 0, [first.port, second.port, third.port]],
      [() => 0.999_999, [third.port, second.port, first.port]],
      [() => 0.5, [second.port, third.port, first.port]],
    ];
    for (const [random, ports] of orders) {
      const options = record({ servers: away, failover: true, random });
      assertEquals(await ask("21", options), false);
      const tried = options.output.matchAll(
        /^Failed .*?:(\d+) with error \[/gm,
      );
      assertEquals([...tried].map(([, port]) => Number(port)), ports);
    }
    // An answer is an answer, even if it is no integer.
    const options = record({
      servers: [away[0], server.number, away[1]],
      failover: true,
    });
    assertEquals(await ask("21", options), false);
    assertEquals(
      options.output.split("\n").slice(1),
      [
        `connected to Server 127.0.0.1:${server.port}`,
        "Received from server: no integer",
        "",
      ],
    );
  },
);

networkTest(
  "every number is asked for, and one that fails makes the whole fail",
  async () => {
    await using server = startReplying((text) => text === "abc" ? "no" : text);
    const servers = [server.number];
    const good = record({ servers, quiet: true });
    assertEquals(await askAll(["1", "-2", " 3 "], good), true);
    assertEquals(good.output, "1\n-2\n 3 \n");
    const bad = record({ servers, quiet: true });
    assertEquals(await askAll(["1", "abc", "", "2"], bad), false);
    assertEquals(bad.output, "1\n2\n");
    assertEquals(bad.errors, "no\nNothing to send: the number is empty\n");
    assertEquals(await askAll([], record()), true);
  },
);

networkTest("a session prompts before it reads each line", async () => {
  await using server = startReplying((text) => text);
  const options = record({ servers: [server.number] });
  const seen: string[] = [];
  async function* type(): AsyncGenerator<string> {
    for (const line of ["1", "", "exit"]) {
      seen.push(options.output);
      options.output = "";
      yield line;
    }
  }
  await interact(type(), options);
  assertEquals(seen, [
    PROMPT,
    `connected to Server 127.0.0.1:${server.port}\n` +
    `Received from server: 1\n${PROMPT}`,
    PROMPT,
  ]);
  assertEquals(options.output, "");
});

networkTest(
  "a session ends with exit in any case, and sends all else as it is typed",
  async () => {
    const messages: string[] = [];
    await using server = startReplying((message) => {
      messages.push(message);
      return "no";
    });
    const lines = [" exit ", "exit\r", "exits", "\ufeff1", " "];
    for (const exit of ["exit", "EXIT", "eXiT"]) {
      const options = record({ servers: [server.number] });
      messages.length = 0;
      await interact(
        ReadableStream.from([...lines, exit, "never sent"]),
        options,
      );
      assertEquals(messages, lines);
      assert(options.output.endsWith(PROMPT));
    }
  },
);

networkTest("a session ends with its input, on a line of its own", async () => {
  const options = record();
  await interact(ReadableStream.from<string>([]), options);
  assertEquals(options.output, `${PROMPT}\n`);
});

networkTest("an error does not end a session", async () => {
  using nobody = await closedPort();
  const options = record({ servers: [nobody.port - FIRST_PORT] });
  await interact(ReadableStream.from(["1", "2", "exit"]), options);
  assertEquals(options.output.match(/with error \[/g)?.length, 2);
});

networkTest(
  "a quiet session has neither prompt nor last line end",
  async () => {
    await using server = startReplying((text) => text);
    const options = record({ servers: [server.number], quiet: true });
    await interact(ReadableStream.from(["1", "", "2"]), options);
    assertEquals([options.output, options.errors], ["1\n2\n", ""]);
  },
);
