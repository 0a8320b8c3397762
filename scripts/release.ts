/** Builds a release: for each system an archive of the compiled program with README, LICENSE, docs/ and
 * deploy/; the checksums of all archives; and the notes, which are the version's section of CHANGELOG.md.
 *
 *     deno task release                                   for every system
 *     deno task release --target aarch64-apple-darwin     for one
 *     deno task release --tag v0.2.0                      fails unless deno.json has that version
 *     deno task release --repository https://…            where links that leave the archive lead
 * @module */

import { parseArgs } from "@std/cli/parse-args";
import config from "../deno.json" with { type: "json" };
import { type ArchiveFile, packTarGz, packZip } from "./archive.ts";

/** The systems, as `deno compile` names them. */
const TARGETS = [
  "x86_64-unknown-linux-gnu",
  "aarch64-unknown-linux-gnu",
  "x86_64-apple-darwin",
  "aarch64-apple-darwin",
  "x86_64-pc-windows-msvc",
  "aarch64-pc-windows-msvc",
];

/** What an archive holds besides the program. */
const DOCUMENTS = ["LICENSE", "README.md", "docs", "deploy"];

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

/** The paths of these files, and of all files in these folders except tests. */
async function* filesIn(paths: string[]): AsyncGenerator<string> {
  for (const path of paths.sort()) {
    if ((await Deno.stat(path)).isDirectory) {
      const names = await Array.fromAsync(Deno.readDir(path));
      yield* filesIn(names.map(({ name }) => `${path}/${name}`));
    } else if (!path.endsWith("_test.ts")) yield path;
  }
}

/** Points a page's links that leave the archive to the repository, at this version. */
function withLinks(path: string, text: string, paths: Set<string>): string {
  return text.replace(/(?<=\]\()(?![a-z]+:|#)[^)\s]+/g, (link) => {
    const { pathname, hash } = new URL(link, `file:///${path}`);
    const linked = pathname.slice(1);
    if (paths.has(linked)) return link;
    const { repository } = options;
    if (!repository) fail(`${path} links to ${linked}: in which --repository?`);
    return `${repository}/blob/v${config.version}/${linked}${hash}`;
  });
}

/** What each archive holds besides the program, by path. */
async function readDocuments(): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const paths = new Set(await Array.fromAsync(filesIn(DOCUMENTS)));
  const documents = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const path of paths) {
    const bytes = path.endsWith(".md")
      ? new TextEncoder().encode(
        withLinks(path, await Deno.readTextFile(path), paths),
      )
      : await Deno.readFile(path);
    documents.set(path, bytes);
  }
  return documents;
}

/** Compiles the program as `deno task compile` does, for a given system and to a given file. */
async function compile(target: string, output: string): Promise<void> {
  const [deno, ...args] = config.tasks.compile.command
    .replace("--output dist/tcpcalc", `--output ${output} --target ${target}`)
    .split(" ");
  console.log([deno, ...args].join(" "));
  const { success } = await new Deno.Command(Deno.execPath(), { args })
    .spawn().status;
  if (!success) fail(`no program for ${target}`);
}

/** Compiles and packs the program for one system. Returns the archive's line of `SHA256SUMS`. */
async function release(
  target: string,
  documents: Map<string, Uint8Array<ArrayBuffer>>,
): Promise<string> {
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
  for (const [path, bytes] of documents) {
    files.push({ name: `${directory}/${path}`, bytes, mode: 0o644 });
  }
  const archive = `${directory}.${isWindows ? "zip" : "tar.gz"}`;
  const bytes = isWindows ? packZip(files) : await packTarGz(files);
  await Deno.writeFile(`${OUTPUT}/${archive}`, bytes);
  const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return `${sum.toHex()}  ${archive}\n`;
}

const options = parseArgs(Deno.args, {
  string: ["repository", "tag", "target"],
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
const documents = await readDocuments();
let sums = "";
for (const target of options.target ? [options.target] : TARGETS) {
  sums += await release(target, documents);
}
await Deno.writeTextFile(`${OUTPUT}/SHA256SUMS`, sums);
await Deno.writeTextFile(`${OUTPUT}/NOTES.md`, notes);
console.log(sums);
