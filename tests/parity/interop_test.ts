import { assertEquals } from "@std/assert";
import { notOnWindows, pythonTest } from "../support/permissions.ts";
import {
  closedPort,
  type Finished,
  programCommand,
  runCommand,
  startListening,
} from "../support/program.ts";

/** How to run one of the two implementations. */
interface Implementation {
  /** The command that runs the server with this operand. */
  server(operand: string): string[];
  /** The command that runs the client of this server. */
  client(server: number): string[];
}

/** A test that compares what the two print, to the byte. */
const sameTest = notOnWindows(
  pythonTest,
  "Python ends its lines with \\r\\n on Windows",
);

function pythonCommand(script: string): string[] {
  const path = `${import.meta.dirname}/../testdata/${script}`;
  return ["python3", "-u", "-X", "utf8", path];
}

const python: Implementation = {
  server: (operand) => [...pythonCommand("server.py"), operand],
  client: (server) => [...pythonCommand("client.py"), String(server)],
};

const tcpcalc: Implementation = {
  server: (operand) => [...programCommand(), "serve", operand],
  client: (server) => [...programCommand(), "client", `--servers=${server}`],
};

/** What is typed before `exit`: nothing on which the two differ on purpose. */
const TYPED = [
  "21",
  "-4",
  " 7 ",
  "+1_000",
  "-0",
  "007",
  "٣",
  "𝟘𝟙",
  "５\u3000",
  "\u00a08",
  "9".repeat(1023),
  "abc",
  "1.5",
  "1__0",
  "+ 1",
  "½",
  "²",
  "Ⅷ",
  "−3",
  "\ufeff5",
  "🙂",
  "   ",
  " exit ",
];

/** A session between the two: what the client did, and what the server printed of it. */
async function holdSession(
  serving: Implementation,
  asking: Implementation,
): Promise<{ client: Finished; server: (string | undefined)[] }> {
  await using server = await startListening(serving.server("-9000"));
  const client = await runCommand(
    asking.client(server.port - 9000),
    [...TYPED, "Exit", ""].join("\n"),
  );
  const lines = [];
  for (const _ of TYPED) {
    const accepted = await server.nextLine();
    lines.push(accepted?.replace(/\d+\)$/, "<port>)"), await server.nextLine());
  }
  const stdout = client.stdout.replaceAll(`:${server.port}\n`, ":<port>\n");
  return { client: { ...client, stdout }, server: lines };
}

sameTest(
  "a session is the same, whichever is the server and whichever the client",
  async (t) => {
    const expected = await holdSession(python, python);
    const implementations = Object.entries({ python, tcpcalc });
    for (const [serverName, serving] of implementations) {
      for (const [clientName, asking] of implementations) {
        await t.step(
          `server of ${serverName}, client of ${clientName}`,
          async () => {
            assertEquals(await holdSession(serving, asking), expected);
          },
        );
      }
    }
  },
);

sameTest("a server that is away is told of in the same words", async () => {
  using closed = await closedPort();
  const [expected, actual] = await Promise.all(
    [python, tcpcalc].map(({ client }) =>
      runCommand(client(closed.port - 9000), "21\n21\nexit\n")
    ),
  );
  assertEquals(actual, expected);
});

sameTest(
  "an operand that can't be served is told of in the same words",
  async (t) => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const taken = String(listener.addr.port - 9000);
    for (
      const operand of [
        "abc",
        "1.0",
        "",
        "²",
        "56536",
        "-9001",
        "-９００１",
        "9".repeat(30),
        taken,
      ]
    ) {
      await t.step(
        operand === taken ? "a taken port" : `"${operand}"`,
        async () => {
          const [expected, actual] = await Promise.all(
            [python, tcpcalc].map(({ server }) => runCommand(server(operand))),
          );
          assertEquals(actual, {
            ...expected,
            // The last line of a traceback, without its stack trace.
            stderr: expected.stderr.replace(/^.*\n(?=.)/s, ""),
          });
        },
      );
    }
  },
);
