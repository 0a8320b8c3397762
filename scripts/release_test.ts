import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import config from "../deno.json" with { type: "json" };
import { commandTest } from "../tests/support/permissions.ts";
import {
  type Finished,
  runCommand,
  shCommand,
  startServer,
} from "../tests/support/program.ts";

const ROOT = new URL("..", import.meta.url);
const NAME = `tcpcalc-${config.version}-${Deno.build.target}`;
const UNPACKED = new URL(`dist/${NAME}/`, ROOT);
const REPOSITORY = "https://example.org/tcpcalc";
const NEEDED = { command: "sh", task: "test:release" };

/** The command of the unpacked program, which only `sh` may start. */
const PROGRAM = shCommand('exec "$@"', [new URL("tcpcalc", UNPACKED).pathname]);

/** Runs the task with a Deno that can compile: `TCPCALC_DENO`, or the one that runs these tests. */
function release(...args: string[]): Promise<Finished> {
  const deno = Deno.env.get("TCPCALC_DENO")?.split(" ") ?? [Deno.execPath()];
  const task = [...deno, "task", "release", "--repository", REPOSITORY];
  const script = `cd '${ROOT.pathname}' && exec "$@"`;
  return runCommand(shCommand(script, [...task, ...args]));
}

/** Runs shell commands, which must succeed, next to the archive. Returns what they printed. */
async function shell(commands: string): Promise<string> {
  const script = `cd '${ROOT.pathname}/dist' && ${commands}`;
  const { code, stdout, stderr } = await runCommand(shCommand(script, []));
  assertEquals(code, 0, stderr);
  return stdout;
}

const read = (path: string) => Deno.readTextFile(new URL(path, UNPACKED));

commandTest("a tag of another version is refused", NEEDED, async () => {
  const { code, stderr } = await release("--tag", "v0.0.0");
  assertStringIncludes(stderr, "release: the tag is v0.0.0, the version in ");
  assertEquals(code, 1);
});

commandTest("a release for this system", NEEDED, async (t) => {
  const tag = `v${config.version}`;
  const released = await release("--tag", tag, "--target", Deno.build.target);
  assertEquals(released.code, 0, released.stderr);

  await t.step("is described by its section of the changelog", async () => {
    const changelog = await Deno.readTextFile(new URL("CHANGELOG.md", ROOT));
    const [, rest] = changelog.split(`\n## ${config.version} - `);
    const notes = await shell("cat NOTES.md");
    assertEquals(notes, rest.replace(/^.*\n+/, "").replace(/^## [^]*/m, ""));
  });

  await t.step("is verified and unpacked as the admin is told to", async () => {
    await shell("sha256sum --check --ignore-missing SHA256SUMS");
    await shell(`rm -rf ${NAME} && tar -xzf ${NAME}.tar.gz`);
  });

  const files = (await shell(`cd ${NAME} && find . -type f -printf '%P\n'`))
    .trimEnd().split("\n").sort();

  await t.step("holds the program, and documents without tests", async () => {
    assertMatch(
      `${await shell(`ls -l ${NAME}`)}${files.join("\n")}`,
      /-rw-r--r-- .* LICENSE\n-rw-r--r-- .* README.md\n.*deploy\n.*docs\n-rwxr-xr-x .* tcpcalc\nLICENSE\nREADME.md\n(deploy\/.*(?<!_test.ts)\n)+(docs\/.*\n)+tcpcalc$/,
    );
  });

  await t.step("has no dead link", async () => {
    const blob = `${REPOSITORY}/blob/${tag}/`;
    for (const page of files.filter((path) => path.endsWith(".md"))) {
      for (const [, link] of (await read(page)).matchAll(/\]\(([^)#\s]+)/g)) {
        const target = link.startsWith(blob)
          ? new URL(link.slice(blob.length), ROOT)
          : new URL(link, new URL(page, UNPACKED));
        if (target.protocol === "file:") await Deno.stat(target);
      }
    }
  });

  await t.step("has what its pages, unit and balancer name", async () => {
    const unit = await read("deploy/tcpcalc@.service");
    assertStringIncludes(unit, "\nExecStart=/usr/local/bin/tcpcalc ");
    const operations = await read("docs/operations.md");
    assertStringIncludes(operations, "install tcpcalc /usr/local/bin/");
    const named = `${unit}${await read("deploy/haproxy.cfg")}${operations}`
      .matchAll(/\b(?:deploy|docs)\/[\w@.]+\w/g).map(([path]) => path);
    assertEquals(named.filter((path) => !files.includes(path)).toArray(), []);
  });

  await t.step("serves and asks", async () => {
    await using server = await startServer({ command: PROGRAM });
    const operands = ["--servers", String(server.port - 9000), "21"];
    assertEquals(
      await runCommand([...PROGRAM, "client", "-q", ...operands]),
      { code: 0, stdout: "42\n", stderr: "" },
    );
  });

  await t.step("holds no library of tests, nor its maker's path", async () => {
    const bytes = await Deno.readFile(new URL("tcpcalc", UNPACKED));
    const program = new TextDecoder("latin1").decode(bytes);
    const dir = (name: string) => `{"Dir":{"n":"${name}"`;
    assertEquals(
      [dir("deno-std"), dir("fast-check"), ROOT.pathname]
        .map((text) => program.includes(text)),
      [true, false, false],
    );
  });
});
