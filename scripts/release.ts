/**
 * Makes what a release consists of: for each system an archive of the compiled program with README and
 * LICENSE, the sums of all archives, and the notes, which are the version's section of CHANGELOG.md.
 *
 *     deno task release                                   for all systems
 *     deno task release --target aarch64-apple-darwin     for one
 *     deno task release --tag v0.1.0                      if that is the version in deno.json
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import config from "../deno.json" with { type: "json" };
import { type ArchiveFile, packTarGz, packZip } from "./archive.ts";

/** The systems, by the names that `deno compile` has for them. */
const TARGETS = [
  "x86_64-unknown-linux-gnu",
  "aarch64-unknown-linux-gnu",
  "x86_64-apple-darwin",
  "aarch64-apple-darwin",
  "x86_64-pc-windows-msvc",
];

const OUTPUT = "dist";

function fail(problem: string): never {
  console.error(`release: ${problem}`);
  Deno.exit(1);
}

/** The section of a version in a changelog that follows keepachangelog.com, without its heading. */
function notesOf(version: string, changelog: string): string | undefined {
  return changelog.split(/^## /m)
    .find((section) => section.startsWith(`${version} `))
    ?.replace(/^.*\n+/, "");
}

/** Compiles the program as `deno task compile` does, but for another system and to another file. */
async function compile(target: string, output: string): Promise<void> {
  const [deno, ...args] = config.tasks.compile
    .replace("--output dist/tcpcalc", `--output ${output} --target ${target}`)
    .split(" ");
  console.log([deno, ...args].join(" "));
  const { success } = await new Deno.Command(Deno.execPath(), { args })
    .spawn().status;
  if (!success) fail(`no program for ${target}`);
}

/** Compiles and packs the program for one system. Returns the line that tells the archive's sum. */
async function release(target: string): Promise<string> {
  const isWindows = target.includes("windows");
  const name = isWindows ? "tcpcalc.exe" : "tcpcalc";
  const program = `${OUTPUT}/${target}/${name}`;
  await compile(target, program);
  const directory = `tcpcalc-${config.version}-${target}`;
  const files: ArchiveFile[] = [{
    name: `${directory}/${name}`,
    bytes: await Deno.readFile(program),
    mode: 0o755,
  }];
  for (const name of ["LICENSE", "README.md"]) {
    const bytes = await Deno.readFile(name);
    files.push({ name: `${directory}/${name}`, bytes, mode: 0o644 });
  }
  const archive = `${directory}.${isWindows ? "zip" : "tar.gz"}`;
  const bytes = isWindows ? packZip(files) : await packTarGz(files);
  await Deno.writeFile(`${OUTPUT}/${archive}`, bytes);
  const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return `${sum.toHex()}  ${archive}\n`;
}

const options = parseArgs(Deno.args, {
  string: ["tag", "target"],
  unknown: (argument: string) => fail(`unknown argument ${argument}`),
});
if (options.tag !== undefined && options.tag !== `v${config.version}`) {
  fail(`the tag is ${options.tag}, the version in deno.json ${config.version}`);
}
if (options.target !== undefined && !TARGETS.includes(options.target)) {
  fail(`the target is none of ${TARGETS.join(", ")}`);
}
const notes = notesOf(
  config.version,
  await Deno.readTextFile("CHANGELOG.md"),
);
if (!notes) fail(`CHANGELOG.md has no section for ${config.version}`);
let sums = "";
for (const target of options.target ? [options.target] : TARGETS) {
  sums += await release(target);
}
await Deno.writeTextFile(`${OUTPUT}/SHA256SUMS`, sums);
await Deno.writeTextFile(`${OUTPUT}/NOTES.md`, notes);
console.log(sums);
