import { assertEquals, assertMatch } from "@std/assert";
import { linuxTest } from "../support/permissions.ts";
import { runCommand, shCommand, taskOptions } from "../support/program.ts";

const trespass = `${import.meta.dirname}/../testdata/trespass.ts`;

const RUN = `"$@" '${trespass}'`;

const COMPILE_AND_RUN = `
directory=$(mktemp -d)
trap 'rm -r "$directory"' EXIT
"$@" --output "$directory/trespass" '${trespass}' && "$directory/trespass"
`;

/** The command that runs `testdata/trespass.ts` as a task runs the program. */
function commandOf(task: "serve" | "client" | "compile"): string[] {
  // Where there is a compiled program to test, there is what it takes to compile another.
  const isCompiled = task === "compile" && Deno.env.get("TCPCALC");
  const compiler = isCompiled ? Deno.env.get("TCPCALC_DENO") : undefined;
  const deno = compiler?.split(" ") ?? [Deno.execPath()];
  const verb = isCompiled ? "compile" : "run";
  const command = [...deno, verb, "--quiet", ...taskOptions(task)];
  return shCommand(isCompiled ? COMPILE_AND_RUN : RUN, command);
}

linuxTest(
  "the tasks and the compiled program permit 127.0.0.1 and nothing else",
  async (t) => {
    for (const task of ["serve", "client", "compile"] as const) {
      await t.step(task, async () => {
        const { stdout, stderr } = await runCommand(commandOf(task));
        const [allowed, ...ends] = (stdout + stderr).trimEnd().split("\n");
        assertEquals(allowed, "listen on 127.0.0.1: done");
        assertEquals(ends.length, 11);
        for (const end of ends) assertMatch(end, /: NotCapable$/);
      });
    }
  },
);

const ROOT = `${import.meta.dirname}/../..`;

/** Copies the program, does what `npm init -y` does there, and runs a command. */
const IN_COPY = `
unset DENO_COVERAGE_DIR
directory=$(mktemp -d)
trap 'rm -r "$directory"' EXIT
cd '${ROOT}'
cp -r *.ts deno.json deno.lock io python types "$directory"
cd "$directory"
echo '{ "name": "clone", "version": "1.0.0", "main": "index.js" }' >package.json
"$@"
`;

linuxTest("after `npm init` in a clone its tasks still run", async () => {
  const task = [Deno.execPath(), "task", "--quiet", "serve", "1", "2"];
  const { code, stdout, stderr } = await runCommand(shCommand(IN_COPY, task));
  assertEquals([code, stderr, stdout.slice(0, 6)], [1, "", "Usage:"]);
});
