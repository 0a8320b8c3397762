import { assertEquals } from "@std/assert";
import { pythonPair } from "../support/lesson.ts";
import { notOnWindows, pythonTest } from "../support/permissions.ts";
import { type Finished, runCommand } from "../support/program.ts";
import {
  type Implementation,
  start,
  tcpcalc,
  withoutPeerPorts,
} from "../support/transcripts.ts";

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

/** What both ends print of a session. */
async function holdSession(
  serving: Implementation,
  asking: Implementation,
): Promise<{ client: Finished; server: string }> {
  const { port, session } = await start(serving);
  await using _ = session;
  const client = await runCommand(
    asking.client([port]),
    [...TYPED, "Exit", ""].join("\n"),
  );
  const { stdout } = await session.stop();
  return {
    client: {
      ...client,
      stdout: client.stdout.replaceAll(`:${port}\n`, ":<port>\n"),
    },
    server: withoutPeerPorts(stdout),
  };
}

sameTest(
  "a session is the same, whichever is the server and whichever the client",
  async (t) => {
    const expected = await holdSession(pythonPair, pythonPair);
    for (
      const [name, serving, asking] of [
        ["the Python server and tcpcalc's client", pythonPair, tcpcalc],
        ["tcpcalc's server and the Python client", tcpcalc, pythonPair],
        ["both of tcpcalc", tcpcalc, tcpcalc],
      ] as const
    ) {
      await t.step(name, async () => {
        assertEquals(await holdSession(serving, asking), expected);
      });
    }
  },
);

sameTest(
  "a server that leaves the connection open until the next client is not waited for",
  async () => {
    const { port, session } = await start(pythonPair);
    await using _ = session;
    const numbers = Array.from({ length: 20 }, (_, index) => index);
    const { code, stdout, stderr } = await runCommand([
      ...tcpcalc.client([port]),
      "-q",
      "--timeout=1",
      ...numbers.map(String),
    ]);
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    assertEquals(stdout, numbers.map((number) => `${2 * number}\n`).join(""));
  },
);
