import { assert, assertEquals } from "@std/assert";
import { lessonPath, pythonPair, typescriptPair } from "../support/lesson.ts";
import { programTest, pythonTest } from "../support/permissions.ts";
import { closedPort, runCommand } from "../support/program.ts";
import {
  type Implementation,
  start,
  withoutPeerPorts,
} from "../support/transcripts.ts";

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

/** Has both ends print a whole session. */
async function holdSession(
  serving: Implementation,
  asking: Implementation,
): Promise<unknown> {
  const { port, listening, session } = await start(serving);
  await using _ = session;
  const client = await runCommand(
    asking.client([port]),
    [...TYPED, "Exit", ""].join("\n"),
  );
  session.child.kill("SIGTERM");
  const server = await session.end();
  return {
    client: {
      ...client,
      stdout: client.stdout.replaceAll(`:${port}\n`, ":<port>\n"),
    },
    server: {
      ...server,
      stdout: listening + withoutPeerPorts(server.stdout),
    },
  };
}

pythonTest(
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

pythonTest(
  "both clients report a server that is away in the same words",
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

pythonTest("both servers refuse an argument in the same words", async () => {
  const [python, typescript] = await Promise.all(
    [pythonPair, typescriptPair].map(({ server }) =>
      runCommand(server(["abc"]))
    ),
  );
  assertEquals(typescript, python);
});

programTest("each of the four programs is under 45 lines", async () => {
  for (const name of ["server.py", "server.ts", "client.py", "client.ts"]) {
    const source = await Deno.readTextFile(lessonPath(name));
    assert(source.split("\n").length - 1 < 45, name);
  }
});

programTest("both pairs have the same steps in the same order", async () => {
  async function steps(name: string): Promise<string[]> {
    const source = await Deno.readTextFile(lessonPath(name));
    return source.match(/(?<=^ *(?:#|\/\/) )\d+\. [^:\n]+/gm)!;
  }
  for (const [name, count] of [["server", 9], ["client", 11]]) {
    const expected = await steps(`${name}.py`);
    assertEquals(
      expected.map(parseFloat),
      Array.from({ length: Number(count) }, (_, index) => index + 1),
    );
    assertEquals(await steps(`${name}.ts`), expected);
  }
});
