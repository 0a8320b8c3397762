/**
 * Tests that need more than `deno test` has by default.
 *
 * @module
 */

type TestFunction = Deno.TestDefinition["fn"];

/** Which of these permissions the test run lacks, as the flags that give them. */
function missing(permissions: Deno.PermissionDescriptor[]): string[] {
  const flags = permissions
    .filter((permission) =>
      Deno.permissions.querySync(permission).state !== "granted"
    )
    .map((permission) => `--allow-${permission.name}`);
  return [...new Set(flags)];
}

/** Whether there is a `python3` that may be run. */
function hasPython(): boolean {
  if (missing([PYTHON]).length > 0) return false;
  try {
    return new Deno.Command("python3", { args: ["--version"] })
      .outputSync().success;
  } catch {
    return false;
  }
}

function testUnless(
  lacking: string[],
  name: string,
  fn: TestFunction,
  task = "test",
): void {
  const ignore = lacking.length > 0;
  const reason = ` (needs ${lacking.join(", ")}: deno task ${task})`;
  Deno.test({ name: ignore ? name + reason : name, ignore, fn });
}

const NET: Deno.PermissionDescriptor = { name: "net", host: "127.0.0.1" };
const DENO: Deno.PermissionDescriptor = {
  name: "run",
  command: Deno.execPath(),
};
const ENV: Deno.PermissionDescriptor = { name: "env", variable: "TCPCALC" };
const SEED: Deno.PermissionDescriptor = {
  name: "env",
  variable: "TCPCALC_SEED",
};
const PYTHON: Deno.PermissionDescriptor = { name: "run", command: "python3" };
const SH: Deno.PermissionDescriptor = { name: "run", command: "sh" };
const READ: Deno.PermissionDescriptor = { name: "read", path: "." };

/** A test that opens sockets on 127.0.0.1. It is ignored, and its name says why, without permission. */
export function networkTest(
  name: string,
  fn: TestFunction,
): void {
  testUnless(missing([NET]), name, fn);
}

/** A test that runs the program itself, from the other end of its sockets and streams. */
export function programTest(
  name: string,
  fn: TestFunction,
): void {
  testUnless(missing([NET, READ, ENV, DENO]), name, fn);
}

/**
 * A test that compares with `python3`. Its name says so where there is none: `--allow-run` is given all
 * the same, `--allow-run=python3` is not.
 */
export function pythonTest(
  name: string,
  fn: TestFunction,
): void {
  const lacking = missing([NET, READ, ENV, SEED, DENO]);
  if (!hasPython()) lacking.push("python3");
  testUnless(lacking, name, fn);
}

/**
 * A test that starts the program from `sh`, with limits and streams as `sh` sets them, looks into
 * `/proc`, or has `python3` do what Deno's sockets can't.
 */
export function linuxTest(
  name: string,
  fn: TestFunction,
): void {
  const lacking = missing([NET, READ, ENV, DENO, SH]);
  if (!hasPython()) lacking.push("python3");
  if (Deno.build.os !== "linux") lacking.push("Linux");
  testUnless(lacking, name, fn);
}

/** A kind of test that Windows is not up to. There it is ignored, and its name says why. */
export function notOnWindows(
  test: typeof programTest,
  reason: string,
): typeof programTest {
  if (Deno.build.os !== "windows") return test;
  return (name, fn) => Deno.test.ignore(`${name} (${reason})`, fn);
}

/** A test that sends signals which the program handles, or reads what is written after one. */
export const signalTest: typeof programTest = notOnWindows(
  programTest,
  "on Windows one process can only kill another",
);

/** A test for Linux that runs the program and another command, in a task of its own. */
export function commandTest(
  name: string,
  { command, task }: { command: string; task: string },
  fn: TestFunction,
): void {
  const lacking = missing([NET, READ, ENV, DENO]);
  // A command that is not there can't be given to `--allow-run`.
  if (missing([{ name: "run", command }]).length > 0) lacking.push(command);
  if (Deno.build.os !== "linux") lacking.push("Linux");
  testUnless(lacking, name, fn, task);
}
