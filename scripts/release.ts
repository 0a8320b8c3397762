/** Makes a release in `dist/`: for each system an archive of the compiled program and the documents as they are
 * committed; the archives' checksums; and the notes, the version's section of `CHANGELOG.md`. Links that leave
 * the archive lead to the repository. The same commit gives the same bytes.
 *
 *     deno task release --repository https://… [--tag v0.3.0] [--target aarch64-apple-darwin]
 * @module */

import { parseArgs } from "@std/cli/parse-args";
import config from "../deno.json" with { type: "json" };

const SYSTEMS = ["unknown-linux-gnu", "apple-darwin", "pc-windows-msvc"];
const TARGETS = SYSTEMS.flatMap((os) => [`x86_64-${os}`, `aarch64-${os}`]);
const DOCUMENTS = ["LICENSE", "README.md", "docs", "deploy", ":!*_test.ts"];

function fail(problem: string): never {
  console.error(`release: ${problem}`);
  Deno.exit(1);
}

/** Runs a command. Returns what it printed. */
function run(command: string, ...args: string[]): string {
  const options = { args, stderr: "inherit" } as const;
  const { success, stdout } = new Deno.Command(command, options).outputSync();
  if (!success) fail(`failed: ${command} ${args[0]}`);
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
const section = Deno.readTextFileSync("CHANGELOG.md").split(/^## /m)
  .find((section) => section.startsWith(`${version} `));
if (!section) fail(`CHANGELOG.md has no section for ${version}`);

const paths = run("git", "ls-files", ...DOCUMENTS).split("\n");
const pages = paths.filter((path) => path.endsWith(".md")).map((path) => {
  const page = run("git", "show", `HEAD:${path}`);
  return `${path}:` + page.replace(/(?<=\]\()(?![a-z]+:|#)[^)\s]+/g, (link) => {
    const { pathname, hash } = new URL(link, `file:///${path}`);
    return paths.includes(pathname.slice(1))
      ? link
      : `${repository}/blob/v${version}${pathname}${hash}`;
  });
});

/** Compiles as `deno task compile` does, and packs, for one system. Returns the archive's line of `SHA256SUMS`. */
function release(target: string): string {
  const isWindows = target.includes("windows");
  const name = `tcpcalc-${version}-${target}`;
  const program = `dist/${target}/tcpcalc${isWindows ? ".exe" : ""}`;
  const compile = tasks.compile.command
    .replace("dist/tcpcalc", `${program} --target ${target}`);
  run(Deno.execPath(), ...compile.split(" ").slice(1));
  const archive = `${name}.${isWindows ? "zip" : "tar.gz"}`;
  run(
    "git",
    ...["-c", "tar.umask=022", "archive", `--output=dist/${archive}`],
    ...[`--prefix=${name}/`, `--add-file=${program}`],
    ...pages.map((page) => `--add-virtual-file=${name}/${page}`),
    ...["HEAD", ...DOCUMENTS, ":!*.md"],
  );
  return run("sha256sum", `dist/${archive}`).replace("dist/", "");
}

const sums = (target ? [target] : TARGETS).map(release).join("");
Deno.writeTextFileSync("dist/SHA256SUMS", sums);
Deno.writeTextFileSync("dist/NOTES.md", section.replace(/^.*\n+/, ""));
