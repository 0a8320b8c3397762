import { assertEquals } from "@std/assert";
import { pythonPair, typescriptPair } from "../support/lesson.ts";
import { notOnWindows, pythonTest } from "../support/permissions.ts";
import {
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

/** What is typed before `exit`: nothing on which any two differ on purpose. */
const TYPED = [
  ...["21", "-4", " 7 ", "+5", "-0", "007", "9".repeat(1023), "abc", "1.5"],
  ...["1e3", "0x10", "+", "   ", "½", "🙂", " exit "],
];

/** What is an integer to Python, or none, and the other way round to the lesson's TypeScript. */
const FINER = ["+1_000", "٣", "𝟘𝟙", "５", "1__0", "+ 1", "²", "Ⅷ", "−3"];

const PAIRS = { Python: pythonPair, TypeScript: typescriptPair, tcpcalc };

/** Has a client ask about all that is typed. */
async function ask(client: string[], port: number, typed = TYPED) {
  const stdin = [...typed, "Exit", ""].join("\n");
  const { stdout, ...end } = await runCommand(client, stdin);
  return { ...end, stdout: stdout.replaceAll(`:${port}\n`, ":<port>\n") };
}

/** What both ends print of a session. */
async function holdSession(
  serving: Implementation,
  asking: Implementation,
  typed = TYPED,
) {
  await using server = await start(serving);
  const { port } = server;
  const client = await ask(asking.client([port]), port, typed);
  const { stdout } = await server.stop();
  return { client, server: withoutPeerPorts(stdout) };
}

sameTest(
  "a session is the same, whichever is the server and whichever the client",
  async (t) => {
    const expected = await holdSession(pythonPair, pythonPair);
    for (const [server, serving] of Object.entries(PAIRS)) {
      for (const [client, asking] of Object.entries(PAIRS)) {
        await t.step(
          `${server}'s server, ${client}'s client`,
          async () =>
            assertEquals(await holdSession(serving, asking), expected),
        );
      }
    }
    assertEquals(
      await holdSession(tcpcalc, tcpcalc, FINER),
      await holdSession(pythonPair, pythonPair, FINER),
    );
  },
);

sameTest("all clients say the same when nobody listens", async () => {
  const port = freePort();
  const [expected, ...others] = await Promise.all(
    Object.values(PAIRS).map(({ client }) => ask(client([port]), port)),
  );
  assertEquals(others, [expected, expected]);
});

sameTest("the servers refuse the same operands in the same words", async () => {
  const refused = async ({ server }: Implementation, argv: string[]) => {
    const { code, stdout, stderr } = await runCommand(server(argv));
    const shown = stdout.replace(/(python server.py|tcpcalc serve)/, "…");
    return { code, shown, error: lastLine(stderr) };
  };
  const operands = [
    ...[[], ["1", "2"], ["abc"], ["1.0"], [""], ["56536"], ["999999999999"]],
    ...[["-9001"], ["-1.5"], ["-½"], ["- 5"], ["5".repeat(5000)], ["٥٦٥٣٦"]],
  ];
  for (const argv of operands) {
    const expected = await refused(pythonPair, argv);
    assertEquals(await refused(tcpcalc, argv), expected);
  }
  const word = await refused(pythonPair, ["abc"]);
  assertEquals(await refused(typescriptPair, ["abc"]), word);
});

sameTest(
  "a server that leaves the connection open until the next client is not waited for",
  async () => {
    await using server = await start(pythonPair);
    const client = tcpcalc.client([server.port]);
    assertEquals(
      await runCommand([...client, "-q", "--timeout=1", ..."12345"]),
      { code: 0, stdout: "2\n4\n6\n8\n10\n", stderr: "" },
    );
  },
);
