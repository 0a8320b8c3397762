import { assertEquals } from "@std/assert";
import { linuxTest } from "../support/permissions.ts";
import { taskOptions } from "../support/program.ts";

/** How each attempt of `testdata/trespass.ts` has to end. */
const REFUSED = `\
listen on 127.0.0.1: done
listen on 0.0.0.0: NotCapable
listen on 127.0.0.2: NotCapable
listen on ::1: NotCapable
connect to 127.0.0.2: NotCapable
resolve a name: NotCapable
read a file: NotCapable
write a file: NotCapable
read the environment: NotCapable
run a program: NotCapable
load a library: NotCapable
ask for the host's name: NotCapable
`;

const trespass = `${import.meta.dirname}/../testdata/trespass.ts`;

/** Runs a script, whose `"$@"` is a command, and returns all that it prints. */
async function outputOf(script: string, command: string[]): Promise<string> {
  const { stdout } = await new Deno.Command("sh", {
    args: ["-c", `exec 2>&1; ${script}`, "sh", ...command],
  }).output();
  return new TextDecoder().decode(stdout);
}

const RUN = `"$@" '${trespass}'`;

const COMPILE_AND_RUN = `
directory=$(mktemp -d)
trap 'rm -r "$directory"' EXIT
"$@" --output "$directory/trespass" '${trespass}' && "$directory/trespass"
`;

linuxTest("the tasks permit 127.0.0.1 and nothing else", async (t) => {
  for (const task of ["serve", "client", "compile"] as const) {
    await t.step(task, async () => {
      // Where there is a compiled program to test, there is what it takes to compile another.
      const [verb, script] = task === "compile" && Deno.env.get("TCPCALC")
        ? ["compile", COMPILE_AND_RUN]
        : ["run", RUN];
      const command = [Deno.execPath(), verb, "--quiet", ...taskOptions(task)];
      assertEquals(await outputOf(script, command), REFUSED);
    });
  }
});
