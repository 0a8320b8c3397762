import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import config from "../deno.json" with { type: "json" };
import { commandTest } from "../tests/support/permissions.ts";
import {
  type Finished,
  runCommand,
  shCommand,
  startServer,
} from "../tests/support/program.ts";

const ROOT = new URL("..", import.meta.url);
const DIST = new URL("dist/", ROOT);
const NAME = `tcpcalc-${config.version}-${Deno.build.target}`;
const ARCHIVE = `${NAME}.tar.gz`;
const UNPACKED = new URL(`${NAME}/`, DIST);

const REPOSITORY = "https://example.org/tcpcalc";

const NEEDED = { command: "sh", task: "test:release" };

/** The command of the unpacked program, which only `sh` may start. */
const PROGRAM = shCommand('exec "$@"', [new URL("tcpcalc", UNPACKED).pathname]);

/** Runs a command to its end, in the project's root. */
async function runHere(command: string[]): Promise<Finished> {
  const script = `cd '${ROOT.pathname}' && exec "$@"`;
  return await runCommand(shCommand(script, command));
}

/** Runs the task with a Deno that can compile: `TCPCALC_DENO`, or the one that runs these tests. */
async function release(...args: string[]): Promise<Finished> {
  const deno = Deno.env.get("TCPCALC_DENO")?.split(" ") ?? [Deno.execPath()];
  const task = ["task", "release", "--repository", REPOSITORY];
  return await runHere([...deno, ...task, ...args]);
}

/** Runs shell commands, which must succeed, next to the archive. Returns what they printed. */
async function shell(commands: string): Promise<string> {
  const script = `cd '${DIST.pathname}' && ${commands}`;
  const { code, stdout, stderr } = await runCommand(shCommand(script, []));
  assertEquals(code, 0, stderr);
  return stdout;
}

async function exists(file: URL): Promise<boolean> {
  return await Deno.stat(file).then(() => true, () => false);
}

async function read(path: string): Promise<string> {
  return await Deno.readTextFile(new URL(path, UNPACKED));
}

commandTest(
  "a release with the tag of another version is refused",
  NEEDED,
  async () => {
    const { code, stderr } = await release("--tag", "v0.0.0");
    assertStringIncludes(
      stderr,
      `release: the tag is v0.0.0, the version in deno.json ${config.version}`,
    );
    assertEquals(code, 1);
  },
);

commandTest("a release for an unknown system is refused", NEEDED, async () => {
  const { code, stderr } = await release("--target", "mips-unknown-linux-gnu");
  assertStringIncludes(stderr, "release: the target is none of");
  assertEquals(code, 1);
});

commandTest("a release for this system", NEEDED, async (t) => {
  const { code, stderr } = await release(
    "--tag",
    `v${config.version}`,
    "--target",
    Deno.build.target,
  );
  assertEquals(code, 0, stderr);

  await t.step("is described by the changelog", async () => {
    const changelog = await Deno.readTextFile(new URL("CHANGELOG.md", ROOT));
    const notes = await Deno.readTextFile(new URL("NOTES.md", DIST));
    assertStringIncludes(changelog, `## ${config.version} `);
    assertStringIncludes(changelog, notes);
    assertMatch(notes, /^### Added$/m);
  });

  await t.step("is verified and unpacked as the admin is told to", async () => {
    assertEquals(
      await shell("sha256sum --check --ignore-missing SHA256SUMS"),
      `${ARCHIVE}: OK\n`,
    );
    await shell(`rm -rf ${NAME} && tar -xzf ${ARCHIVE}`);
  });

  const files = (await shell(`cd ${NAME} && find . -type f | sort`))
    .trimEnd().split("\n").map((path) => path.slice("./".length));

  await t.step(
    "holds the program, the license, and all of docs and deploy except tests",
    async () => {
      const tracked = await shell(
        "git -C .. ls-files LICENSE README.md docs deploy ':!*_test.ts'",
      );
      assertEquals(
        files,
        [...tracked.trimEnd().split("\n"), "tcpcalc"].sort(),
      );
      assertMatch(
        await shell(`ls -l ${NAME}/tcpcalc ${NAME}/LICENSE`),
        /^-rw-r--r-- .*LICENSE\n-rwxr-xr-x .*tcpcalc\n$/,
      );
    },
  );

  await t.step("has no dead link", async () => {
    const blob = `${REPOSITORY}/blob/v${config.version}/`;
    const dead: string[] = [];
    for (const page of files.filter((path) => path.endsWith(".md"))) {
      for (const [, link] of (await read(page)).matchAll(/\]\(([^)\s]+)\)/g)) {
        const target = link.startsWith(blob)
          ? new URL(link.slice(blob.length), ROOT)
          : new URL(link, new URL(page, UNPACKED));
        target.hash = "";
        if (target.protocol !== "file:") continue;
        if (!await exists(target)) dead.push(`${page}: ${link}`);
      }
    }
    assertEquals(dead, []);
  });

  await t.step(
    "has a unit and a balancer configuration that name only files in it",
    async () => {
      const unit = await read("deploy/tcpcalc@.service");
      const balancer = await read("deploy/haproxy.cfg");
      const operations = await read("docs/operations.md");
      for (
        const [path] of `${unit}${balancer}${operations}`
          .matchAll(/\b(?:deploy|docs)\/[\w@.]+\w/g)
      ) {
        assert(files.includes(path), path);
      }
      const [, program] = /^ExecStart=(\S+)/m.exec(unit)!;
      assertEquals(program, "/usr/local/bin/tcpcalc");
      assertStringIncludes(operations, "install tcpcalc /usr/local/bin/");
    },
  );

  await t.step("serves and asks", async () => {
    await using server = await startServer({ command: PROGRAM });
    const asked = await runCommand(
      [...PROGRAM, "client", "-q", "--servers", String(server.port - 9000)]
        .concat("21"),
    );
    assertEquals(asked, { code: 0, stdout: "42\n", stderr: "" });
    const version = await runCommand([...PROGRAM, "--version"]);
    assertEquals(version.stdout, `tcpcalc ${config.version}\n`);
  });

  const program = new TextDecoder("latin1").decode(
    await Deno.readFile(new URL("tcpcalc", UNPACKED)),
  );

  await t.step("holds no permission but one", () => {
    const [[, json]] = program.matchAll(/"permissions":(\{"[^{}]*\})/g);
    const { prompt, allow_import, ...permissions } = JSON.parse(json);
    const granted = Object.entries(permissions).filter(([, value]) =>
      value !== null
    );
    assertEquals(granted, [["allow_net", ["127.0.0.1"]]]);
    assertEquals(prompt, false);
    // Deno lets every program import from the registries; this one imports nothing at run time.
    assert(allow_import.every((host: string) => host.endsWith(":443")));
  });

  await t.step("holds no path of the machine that made it", () => {
    assert(!program.includes(ROOT.pathname));
  });

  await t.step(
    "embeds what the program imports, and nothing else",
    async () => {
      const info = await runHere([
        Deno.execPath(),
        "info",
        "--json",
        "main.ts",
      ]);
      const { modules } = JSON.parse(info.stdout) as {
        modules: { specifier: string }[];
      };
      const imported = modules.flatMap(({ specifier }) =>
        /^file:.*\/(\w+\.ts)$/.exec(specifier)?.[1] ?? []
      );
      const embedded = program.matchAll(/{"File":{"n":"(\w+\.ts)"/g);
      assertEquals(
        [...embedded].map(([, name]) => name).sort(),
        imported.sort(),
      );
      const packages = Object.values(config.imports)
        .map((specifier) => /^npm:([^@]+)/.exec(specifier)![1])
        .filter((name) => program.includes(`{"Dir":{"n":"${name}"`));
      assertEquals([...new Set(packages)], ["deno-std"]);
    },
  );
});
