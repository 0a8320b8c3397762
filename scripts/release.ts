/** Makes a release in `dist/`: for each system an archive of the compiled program with README, LICENSE, `docs/`
 * and `deploy/`; the archives' checksums; and the notes, which are the version's section of `CHANGELOG.md`.
 * It needs Linux with git, GNU tar and zip. The same files give the same archives.
 *
 *     deno task release --repository https://… [--tag v0.2.0] [--target aarch64-apple-darwin]
 *
 * Links that leave the archive lead to the repository. A tag must be that of the version in `deno.json`.
 * @module */

import { parseArgs } from "@std/cli/parse-args";
import config from "../deno.json" with { type: "json" };

const SYSTEMS = ["unknown-linux-gnu", "apple-darwin", "pc-windows-msvc"];
const TARGETS = SYSTEMS.flatMap((
  name,
) => [`x86_64-${name}`, `aarch64-${name}`]);

function fail(problem: string): never {
  console.error(`release: ${problem}`);
  Deno.exit(1);
}

/** Runs a command in a folder. Returns what it printed. */
function run(cwd: string, command: string, args: string[]): string {
  const options = { args, cwd, env: { TZ: "UTC" }, stderr: "inherit" } as const;
  const { success, stdout } = new Deno.Command(command, options).outputSync();
  if (!success) fail(`failed: ${command} ${args.join(" ")}`);
  return new TextDecoder().decode(stdout);
}

const { version, tasks } = config;
const { repository, tag, target } = parseArgs(Deno.args, {
  string: ["repository", "tag", "target"],
  unknown: (argument: string) => fail(`unknown argument ${argument}`),
});
if (!repository) fail("which --repository?");
if (tag !== undefined && tag !== `v${version}`) {
  fail(`the tag is ${tag}, the version in deno.json ${version}`);
}
if (target !== undefined && !TARGETS.includes(target)) {
  fail(`the target is none of ${TARGETS.join(", ")}`);
}
const [, date, notes] = Deno.readTextFileSync("CHANGELOG.md").split(/^## /m)
  .find((section) => section.startsWith(`${version} `))
  ?.match(/^.* - (.*)\n+([^]*)/) ?? fail(`no ${version} in CHANGELOG.md`);
const documents = run(
  ".",
  "git",
  ["ls-files", "--"].concat(
    ["LICENSE", "README.md", "docs", "deploy", ":!*_test.ts"],
  ),
).trimEnd().split("\n");

/** Copies a document to a folder. In a page, links that leave the archive get to lead to the repository. */
function copy(path: string, folder: string): void {
  const to = `${folder}/${path}`;
  Deno.mkdirSync(to.replace(/[^/]*$/, ""), { recursive: true });
  if (!path.endsWith(".md")) return Deno.copyFileSync(path, to);
  const page = Deno.readTextFileSync(path);
  Deno.writeTextFileSync(
    to,
    page.replace(/(?<=\]\()(?![a-z]+:|#)[^)\s]+/g, (link) => {
      const { pathname, hash } = new URL(link, `file:///${path}`);
      return documents.includes(pathname.slice(1))
        ? link
        : `${repository}/blob/v${version}${pathname}${hash}`;
    }),
  );
}

/** Compiles as `deno task compile` does, for one system, and packs. Returns the name of the archive. */
function release(target: string): string {
  const isWindows = target.includes("windows");
  const name = `tcpcalc-${version}-${target}`;
  const archive = `${name}.${isWindows ? "zip" : "tar.gz"}`;
  const program = isWindows ? "tcpcalc.exe" : "tcpcalc";
  const folder = `dist/${target}/${name}`;
  run(".", "rm", ["-rf", `dist/${target}`, `dist/${archive}`]);
  for (const path of documents) copy(path, folder);
  const compile = tasks.compile.command
    .replace("dist/tcpcalc", `${folder}/${program} --target ${target}`);
  run(".", Deno.execPath(), compile.split(" ").slice(1));
  const files = [...documents, program].map((path) => `${name}/${path}`);
  for (const file of files) {
    Deno.utimeSync(`dist/${target}/${file}`, new Date(date), new Date(date));
  }
  const [pack, ...options] = isWindows
    ? ["zip", "-qX"]
    : "tar --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX -czf"
      .split(" ");
  run(`dist/${target}`, pack, [...options, `../${archive}`, ...files]);
  return archive;
}

const archives = (target ? [target] : TARGETS).map(release);
const sums = run("dist", "sha256sum", archives);
Deno.writeTextFileSync("dist/SHA256SUMS", sums);
Deno.writeTextFileSync("dist/NOTES.md", notes);
console.log(sums);
