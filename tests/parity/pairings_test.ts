import { assertEquals } from "@std/assert";
import { pythonPair } from "../support/lesson.ts";
import { notOnWindows, pythonTest } from "../support/permissions.ts";
import {
  type Finished,
  freePort,
  type Implementation,
  lastLine,
  runCommand,
  start,
  tcpcalc,
  withoutPeerPorts,
} from "../support/program.ts";

/** A test that compares what tcpcalc and the Python pair print, to the byte. */
const sameTest = notOnWindows(
  pythonTest,
  "Python ends its lines with \\r\\n on Windows",
);

/** What is typed before `exit`: nothing on which the two differ on purpose. */
const TYPED = [
  ...["21", "-4", " 7 ", "+1_000", "-0", "007", "9".repeat(1023)],
  ...["٣", "𝟘𝟙", "５", "abc", "1.5", "1__0", "+ 1", "½", "²", "Ⅷ", "−3"],
  ...["🙂", "   ", " exit "],
];

const PAIRS = { Python: pythonPair, tcpcalc };

/** Has a client ask about all that is typed. */
async function ask(client: string[], port: number): Promise<Finished> {
  const stdin = [...TYPED, "Exit", ""].join("\n");
  const { stdout, ...end } = await runCommand(client, stdin);
  return { ...end, stdout: stdout.replaceAll(`:${port}\n`, ":<port>\n") };
}

/** What both ends print of a session. */
async function holdSession(
  serving: Implementation,
  asking: Implementation,
): Promise<{ client: Finished; server: string }> {
  await using server = await start(serving);
  const { port } = server;
  const client = await ask(asking.client([port]), port);
  const { stdout } = await server.stop();
  return { client, server: withoutPeerPorts(stdout) };
}

sameTest(
  "a session is the same, whichever is the server and whichever the client",
  async (t) => {
    const expected = await holdSession(pythonPair, pythonPair);
    for (const [serverName, serving] of Object.entries(PAIRS)) {
      for (const [clientName, asking] of Object.entries(PAIRS)) {
        await t.step(
          `${serverName}'s server, ${clientName}'s client`,
          async () =>
            assertEquals(await holdSession(serving, asking), expected),
        );
      }
    }
  },
);

sameTest("both clients say the same when nobody listens", async () => {
  const port = freePort();
  const [python, actual] = await Promise.all(
    [pythonPair, tcpcalc].map(({ client }) => ask(client([port]), port)),
  );
  assertEquals(actual, python);
});

sameTest(
  "both servers refuse the same operands in the same words",
  async () => {
    const operands = [
      ...[[], ["1", "2"], ["abc"], ["1.0"], [""], ["56536"], ["999999999999"]],
      ...[["-9001"], ["-1.5"], ["-½"], ["- 5"], ["5".repeat(5000)], ["٥٦٥٣٦"]],
    ];
    for (const argv of operands) {
      const [python, actual] = await Promise.all(
        [pythonPair, tcpcalc].map(({ server }) => runCommand(server(argv))),
      );
      assertEquals(actual, {
        code: python.code,
        stdout: python.stdout.replace("python server.py", "tcpcalc serve"),
        // No stack trace comes before it.
        stderr: python.stderr && `${lastLine(python.stderr)}\n`,
      });
    }
  },
);

sameTest(
  "a server that leaves the connection open until the next client is not waited for",
  async () => {
    await using server = await start(pythonPair);
    const numbers = Array.from({ length: 5 }, (_, index) => index);
    assertEquals(
      await runCommand([
        ...tcpcalc.client([server.port]),
        "-q",
        "--timeout=1",
        ...numbers.map(String),
      ]),
      {
        code: 0,
        stdout: numbers.map((number) => `${2 * number}\n`).join(""),
        stderr: "",
      },
    );
  },
);
