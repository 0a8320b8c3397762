import { assertEquals } from "@std/assert";
import { linuxTest } from "../support/permissions.ts";
import { runCommand, shCommand } from "../support/program.ts";

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
