import { assert, assertEquals } from "@std/assert";
import { pythonPair, SOURCES, typescriptPair } from "../support/lesson.ts";
import { notOnWindows, pythonTest } from "../support/permissions.ts";
import {
  closedPort,
  type Implementation,
  runCommand,
  start,
  withoutPeerPorts,
} from "../support/program.ts";

/** A test that compares what the two pairs print, to the byte. */
const sameTest = notOnWindows(
  pythonTest,
  "Python ends its lines with \\r\\n on Windows",
);

/** What is typed: no more than an honest beginner would. */
const TYPED = [
  "21",
  "-4",
  " 7 ",
  "+5",
  "-0",
  "007",
  "9007199254740993",
  "9".repeat(1023),
  "abc",
  "1.5",
  "1e3",
  "0x10",
  "+",
  "   ",
  "½",
  "🙂",
  " exit ",
];

/** Runs a whole session. Returns what both ends print. */
async function holdSession(
  serving: Implementation,
  asking: Implementation,
): Promise<unknown> {
  await using running = await start(serving);
  const { port } = running;
  const client = await runCommand(
    asking.client([port]),
    [...TYPED, "Exit", ""].join("\n"),
  );
  const server = await running.stop();
  return {
    client: {
      ...client,
      stdout: client.stdout.replaceAll(`:${port}\n`, ":<port>\n"),
    },
    server: {
      ...server,
      stdout: withoutPeerPorts(server.stdout),
    },
  };
}

sameTest(
  "every pairing of the two pairs holds the same session",
  async (t) => {
    const expected = await holdSession(pythonPair, pythonPair);
    const pairs = Object.entries({
      Python: pythonPair,
      TypeScript: typescriptPair,
    });
    for (const [serverName, serving] of pairs) {
      for (const [clientName, asking] of pairs) {
        await t.step(
          `server in ${serverName}, client in ${clientName}`,
          async () => {
            assertEquals(await holdSession(serving, asking), expected);
          },
        );
      }
    }
  },
);

sameTest(
  "both clients report a server that is down in the same words",
  async () => {
    using closed = await closedPort();
    const [python, typescript] = await Promise.all(
      [pythonPair, typescriptPair].map(({ client }) =>
        runCommand(client([closed.port]), "21\n21\nexit")
      ),
    );
    assertEquals(typescript, python);
  },
);

sameTest("both servers refuse an argument in the same words", async () => {
  const [python, typescript] = await Promise.all(
    [pythonPair, typescriptPair].map(({ server }) =>
      runCommand(server(["abc"]))
    ),
  );
  assertEquals(typescript, python);
});

for (const [name, source] of Object.entries(SOURCES)) {
  Deno.test(`the lesson's ${name} is under 45 lines`, () => {
    assert(source.split("\n").length - 1 < 45);
  });
}

/** The headings of a program's steps, as `1. Imports`. */
function steps(name: string): string[] {
  return SOURCES[name].match(/(?<=^ *(?:#|\/\/) )\d+\. [^:\n]+/gm)!;
}

for (const [name, count] of [["server", 9], ["client", 11]] as const) {
  Deno.test(`both ${name}s of the lesson have the same ${count} steps`, () => {
    assertEquals(
      steps(`${name}.py`).map(parseFloat),
      Array.from({ length: count }, (_, index) => index + 1),
    );
    assertEquals(steps(`${name}.ts`), steps(`${name}.py`));
  });
}
