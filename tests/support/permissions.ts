/** Tests that need more than plain `deno test` gives them. If something is missing they are ignored, and
 * their names say what.
 * @module */

import { findPython } from "./python.ts";

/** Declares a test. */
type Test = (name: string, fn: Deno.TestDefinition["fn"]) => void;

function toRun(command: string): Deno.PermissionDescriptor {
  return { name: "run", command };
}

const NET: Deno.PermissionDescriptor = { name: "net", host: "127.0.0.1" };
const PROGRAM: Deno.PermissionDescriptor[] = [
  NET,
  { name: "read", path: "." },
  { name: "env", variable: "TCPCALC" },
  { name: "env", variable: "TCPCALC_SEED" },
  toRun(Deno.execPath()),
];

/** The flags for those of the permissions that the test run lacks. */
function missing(...permissions: Deno.PermissionDescriptor[]): string[] {
  const flags = permissions
    .filter((it) => Deno.permissions.querySync(it).state !== "granted")
    .map(({ name }) => `--allow-${name}`);
  return [...new Set(flags)];
}

/** What is missing for a command to run. Where it does not exist, its name is not granted. */
function missingCommand(command: string): string[] {
  return missing(toRun(command)).length > 0 ? [command] : [];
}

/** Only starting Python shows whether it exists: a plain `--allow-run` grants it either way. */
function missingPython(): string[] {
  if (missingCommand("python3").length > 0) return ["python3"];
  const path = findPython();
  return path === "" ? ["python3"] : missing(toRun(path));
}

const missingLinux = Deno.build.os === "linux" ? [] : ["Linux"];

/** A kind of test that is ignored if something is lacking. */
function needing(lacking: () => string[], task = "test"): Test {
  return (name, fn) => {
    const lacks = lacking();
    const ignore = lacks.length > 0;
    const reason = ` (needs ${lacks.join(", ")}: deno task ${task})`;
    Deno.test({ name: ignore ? name + reason : name, ignore, fn });
  };
}

/** A test that runs the program itself, from the other end of its sockets and streams. */
export const programTest = needing(() => missing(...PROGRAM));

/** A test that runs `python3`. */
export const pythonTest = needing(() => [
  ...missing(...PROGRAM),
  ...missingPython(),
]);

/** A test that starts the program from `sh`, looks into `/proc`, or has `python3` do what Deno can't. */
export const linuxTest = needing(() => [
  ...missing(...PROGRAM, toRun("sh")),
  ...missingPython(),
  ...missingLinux,
]);

/** A kind of test that Windows can't run. There it is ignored, and its name says why. */
export function notOnWindows(test: Test, reason: string): Test {
  if (Deno.build.os !== "windows") return test;
  return (name, fn) => Deno.test.ignore(`${name} (${reason})`, fn);
}

/** A test that sends signals which the program handles, or reads what is written after one. */
export const signalTest = notOnWindows(
  programTest,
  "on Windows one process can only kill another",
);

/** A test for Linux that runs the program and another command, in a task of its own. */
export function commandTest(
  name: string,
  { command, task }: { command: string; task: string },
  fn: Deno.TestDefinition["fn"],
): void {
  const lacking = () => [
    ...missing(...PROGRAM),
    ...missingCommand(command),
    ...missingLinux,
  ];
  needing(lacking, task)(name, fn);
}
