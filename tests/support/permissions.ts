/** Tests that need more than plain `deno test` gives them. If something is missing they are ignored, and
 * their names say what.
 * @module */

import { findPython } from "./python.ts";

/** Declares a test. */
type Test = (name: string, fn: Deno.TestDefinition["fn"]) => void;

const NET: Deno.PermissionDescriptor = { name: "net", host: "127.0.0.1" };
const READ: Deno.PermissionDescriptor = { name: "read", path: "." };
const ENV: Deno.PermissionDescriptor = { name: "env", variable: "TCPCALC" };
const SEED: Deno.PermissionDescriptor = {
  name: "env",
  variable: "TCPCALC_SEED",
};
const PROGRAM = [NET, READ, ENV, toRun(Deno.execPath())];

function toRun(command: string): Deno.PermissionDescriptor {
  return { name: "run", command };
}

/** The flags for those of the permissions that the test run lacks. */
function missing(permissions: Deno.PermissionDescriptor[]): string[] {
  const flags = permissions
    .filter((permission) =>
      Deno.permissions.querySync(permission).state !== "granted"
    )
    .map(({ name }) => `--allow-${name}`);
  return [...new Set(flags)];
}

/**
 * What is missing for `python3` to run. Only starting it shows whether it exists: a plain `--allow-run`
 * grants it either way, though `--allow-run=python3` does not.
 */
function missingPython(): string[] {
  if (missing([toRun("python3")]).length > 0) return ["python3"];
  const path = findPython();
  if (path === "") return ["python3"];
  return missing([toRun(path)]);
}

const missingLinux = Deno.build.os === "linux" ? [] : ["Linux"];

function testUnless(
  lacking: string[],
  name: string,
  fn: Deno.TestDefinition["fn"],
  task = "test",
): void {
  const ignore = lacking.length > 0;
  const reason = ` (needs ${lacking.join(", ")}: deno task ${task})`;
  Deno.test({ name: ignore ? name + reason : name, ignore, fn });
}

/** A test that opens sockets on 127.0.0.1. */
export const networkTest: Test = (name, fn) =>
  testUnless(missing([NET]), name, fn);

/** A test that runs the program itself, from the other end of its sockets and streams. */
export const programTest: Test = (name, fn) =>
  testUnless(missing(PROGRAM), name, fn);

/** A test that runs `python3`. */
export const pythonTest: Test = (name, fn) =>
  testUnless([...missing([...PROGRAM, SEED]), ...missingPython()], name, fn);

/** A test that starts the program from `sh`, looks into `/proc`, or has `python3` do what Deno can't. */
export const linuxTest: Test = (name, fn) =>
  testUnless(
    [
      ...missing([...PROGRAM, toRun("sh")]),
      ...missingPython(),
      ...missingLinux,
    ],
    name,
    fn,
  );

/** A kind of test that Windows can't run. There it is ignored, and its name says why. */
export function notOnWindows(test: Test, reason: string): Test {
  if (Deno.build.os !== "windows") return test;
  return (name, fn) => Deno.test.ignore(`${name} (${reason})`, fn);
}

/** A test that sends signals which the program handles, or reads what is written after one. */
export const signalTest: Test = notOnWindows(
  programTest,
  "on Windows one process can only kill another",
);

/** A test for Linux that runs the program and another command, in a task of its own. */
export function commandTest(
  name: string,
  { command, task }: { command: string; task: string },
  fn: Deno.TestDefinition["fn"],
): void {
  // `--allow-run` doesn't grant a command that does not exist.
  const other = missing([toRun(command)]).length > 0 ? [command] : [];
  testUnless([...missing(PROGRAM), ...other, ...missingLinux], name, fn, task);
}
