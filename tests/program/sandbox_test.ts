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

/** The command of a task on another module, and the script that runs it. */
function commandOf(task: "serve" | "client" | "compile"): [string, string[]] {
  // Where there is a compiled program to test, there is what it takes to compile another.
  const isCompiled = task === "compile" && Deno.env.get("TCPCALC");
  const compiler = isCompiled ? Deno.env.get("TCPCALC_DENO") : undefined;
  const deno = compiler?.split(" ") ?? [Deno.execPath()];
  const verb = isCompiled ? "compile" : "run";
  return [
    isCompiled ? COMPILE_AND_RUN : RUN,
    [...deno, verb, "--quiet", ...taskOptions(task)],
  ];
}

linuxTest("the tasks permit 127.0.0.1 and nothing else", async (t) => {
  for (const task of ["serve", "client", "compile"] as const) {
    await t.step(task, async () => {
      const [script, command] = commandOf(task);
      assertEquals(await outputOf(script, command), REFUSED);
    });
  }
});
