import { assertEquals } from "@std/assert";
import { tcpcalc } from "../support/differences.ts";
import { pythonPair } from "../support/lesson.ts";
import { notOnWindows, pythonTest } from "../support/permissions.ts";
import { type Finished, runCommand } from "../support/program.ts";
import {
  type Implementation,
  start,
  withoutPeerPorts,
} from "../support/transcripts.ts";

const pairingTest = notOnWindows(
  pythonTest,
  "Python ends its lines with \\r\\n on Windows",
);

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
  "9".repeat(1023),
  "abc",
  "1.5",
  "1__0",
  "+ 1",
  "½",
  "²",
  "Ⅷ",
  "−3",
  "🙂",
  "   ",
  " exit ",
];

/** A session between the two: what each of them printed. */
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
  session.child.kill("SIGTERM");
  const { stdout } = await session.end();
  return {
    client: {
      ...client,
      stdout: client.stdout.replaceAll(`:${port}\n`, ":<port>\n"),
    },
    server: withoutPeerPorts(stdout),
  };
}

pairingTest(
  "every pairing with the Python pair holds the same session",
  async (t) => {
    const expected = await holdSession(pythonPair, pythonPair);
    for (
      const [name, serving, asking] of [
        ["tcpcalc's client", pythonPair, tcpcalc()],
        ["tcpcalc's server", tcpcalc(), pythonPair],
        ["both of tcpcalc", tcpcalc(), tcpcalc()],
      ] as const
    ) {
      await t.step(name, async () => {
        assertEquals(await holdSession(serving, asking), expected);
      });
    }
  },
);
