import { assertEquals } from "@std/assert";
import { pythonPair } from "../support/lesson.ts";
import { pythonTest } from "../support/permissions.ts";
import {
  lastLine,
  replay,
  startAll,
  type Transcript,
  withoutPort,
} from "../support/transcripts.ts";
import recording from "../testdata/python-3.11-linux.json" with {
  type: "json",
};

const transcripts: Transcript[] = recording.transcripts;

/** A test that replays what was recorded on Linux, where the numbers of errors are Linux's. */
function replayTest(
  name: string,
  fn: (t: Deno.TestContext) => Promise<void>,
): void {
  if (Deno.build.os === recording.platform) pythonTest(name, fn);
  else Deno.test.ignore(`${name} (recorded on ${recording.platform})`, fn);
}

for (const kind of ["server", "client"]) {
  replayTest(
    `the Python ${kind} of the lesson behaves as the original did`,
    async (t) => {
      // No client ends a server here.
      await using servers = await startAll(
        pythonPair,
        kind === "client" ? 3 : 0,
      );
      for (const transcript of transcripts.filter((t) => t.kind === kind)) {
        const { name, replies, stdout, stderr_last, exit } = transcript;
        await t.step(name, async () => {
          const { stderr, ...actual } = await replay(
            transcript,
            pythonPair,
            servers,
          );
          assertEquals({ ...actual, stderr_last: lastLine(stderr) }, {
            replies,
            stdout: withoutPort(stdout),
            stderr_last,
            exit,
          });
        });
      }
    },
  );
}

Deno.test("every transcript is of a server or a client", () => {
  for (const { kind } of transcripts) {
    assertEquals(["server", "client"].includes(kind), true);
  }
});
