/**
 * Tests that need more than `deno test` has by default.
 *
 * @module
 */

/** Which of these permissions the test run lacks, as the flags that give them. */
function missing(permissions: Deno.PermissionDescriptor[]): string[] {
  return permissions
    .filter((permission) =>
      Deno.permissions.querySync(permission).state !== "granted"
    )
    .map((permission) => `--allow-${permission.name}`);
}

function testWith(
  permissions: Deno.PermissionDescriptor[],
  name: string,
  fn: (t: Deno.TestContext) => Promise<void> | void,
): void {
  const lacking = missing(permissions);
  const ignore = lacking.length > 0;
  const reason = ` (needs ${lacking.join(", ")}: deno task test)`;
  Deno.test({ name: ignore ? name + reason : name, ignore, fn });
}

const NET: Deno.PermissionDescriptor = { name: "net", host: "127.0.0.1" };
const DENO: Deno.PermissionDescriptor = {
  name: "run",
  command: Deno.execPath(),
};
const ENV: Deno.PermissionDescriptor = { name: "env", variable: "TCPCALC" };
const PYTHON: Deno.PermissionDescriptor = { name: "run", command: "python3" };
const READ: Deno.PermissionDescriptor = { name: "read", path: "." };

/** A test that opens sockets on 127.0.0.1. It is ignored, and its name says why, without permission. */
export function networkTest(
  name: string,
  fn: (t: Deno.TestContext) => Promise<void> | void,
): void {
  testWith([NET], name, fn);
}

/** A test that runs the program itself, from the other end of its sockets and streams. */
export function programTest(
  name: string,
  fn: (t: Deno.TestContext) => Promise<void> | void,
): void {
  testWith([NET, READ, ENV, DENO], name, fn);
}

/** A test that runs the program and `python3`. */
export function pythonTest(
  name: string,
  fn: (t: Deno.TestContext) => Promise<void> | void,
): void {
  testWith([NET, READ, ENV, DENO, PYTHON], name, fn);
}
