import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import config from "../deno.json" with { type: "json" };
import { commandTest } from "../tests/support/permissions.ts";
import { exchangeOnce, startServer } from "../tests/support/program.ts";

const ROOT = new URL("..", import.meta.url);
const DIST = new URL("dist/", ROOT);
const NAME = `tcpcalc-${config.version}-${Deno.build.target}`;
const ARCHIVE = `${NAME}.tar.gz`;

const NEEDED = { command: "sh", task: "test:release" };

/** Runs a command to its end. Returns its exit status and all that it printed. */
async function run(
  command: string,
  args: string[],
  cwd: URL,
): Promise<{ code: number; output: string }> {
  const { code, stdout, stderr } = await new Deno.Command(command, {
    args,
    cwd,
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return { code, output: decoder.decode(stdout) + decoder.decode(stderr) };
}

async function release(...args: string[]) {
  return await run(Deno.execPath(), ["task", "release", ...args], ROOT);
}

/** Runs shell commands where the archive is, which must succeed. Returns what they printed. */
async function shell(commands: string): Promise<string> {
  const { code, output } = await run("sh", ["-c", commands], DIST);
  assertEquals(code, 0, output);
  return output;
}

commandTest(
  "a release with the tag of another version is refused",
  NEEDED,
  async () => {
    const { code, output } = await release("--tag", "v0.0.0");
    assertStringIncludes(
      output,
      `release: the tag is v0.0.0, the version in deno.json ${config.version}`,
    );
    assertEquals(code, 1);
  },
);

commandTest("a release for an unknown system is refused", NEEDED, async () => {
  const { code, output } = await release("--target", "mips-unknown-linux-gnu");
  assertStringIncludes(output, "release: the target is none of");
  assertEquals(code, 1);
});

commandTest("a release for this system", NEEDED, async (t) => {
  const { code, output } = await release(
    "--tag",
    `v${config.version}`,
    "--target",
    Deno.build.target,
  );
  assertEquals(code, 0, output);

  await t.step("has the sum that SHA256SUMS tells", async () => {
    assertEquals(
      await shell("sha256sum --check SHA256SUMS"),
      `${ARCHIVE}: OK\n`,
    );
  });

  await t.step("is described by the changelog", async () => {
    const changelog = await Deno.readTextFile(new URL("CHANGELOG.md", ROOT));
    const notes = await Deno.readTextFile(new URL("NOTES.md", DIST));
    assertStringIncludes(changelog, `## ${config.version} `);
    assertStringIncludes(changelog, notes);
    assertMatch(notes, /^### Added$/m);
  });

  await t.step("holds the program, the README and the license", async () => {
    const listing = await shell(`tar -tvzf ${ARCHIVE}`);
    assertEquals(
      listing.split("\n").map((line) => line.replace(/ .* /, " ")),
      [
        `-rwxr-xr-x ${NAME}/tcpcalc`,
        `-rw-r--r-- ${NAME}/LICENSE`,
        `-rw-r--r-- ${NAME}/README.md`,
        "",
      ],
    );
  });

  await t.step("runs when it is unpacked", async () => {
    await shell(`tar -xzf ${ARCHIVE}`);
    assertEquals(
      await shell(`${NAME}/tcpcalc --version`),
      `tcpcalc ${config.version}\n`,
    );
    const command = [
      "sh",
      "-c",
      'exec "$0" "$@"',
      new URL(`${NAME}/tcpcalc`, DIST).pathname,
    ];
    await using server = await startServer({ command });
    assertEquals(await exchangeOnce(server.port, "21"), "42");
  });

  const program = new TextDecoder("latin1").decode(
    await Deno.readFile(new URL(`${NAME}/tcpcalc`, DIST)),
  );

  await t.step("holds no permission but the one", () => {
    const [[, json]] = program.matchAll(/"permissions":(\{"[^{}]*\})/g);
    const { prompt, allow_import, ...permissions } = JSON.parse(json);
    const granted = Object.entries(permissions).filter(([, value]) =>
      value !== null
    );
    assertEquals(granted, [["allow_net", ["127.0.0.1"]]]);
    assertEquals(prompt, false);
    // Deno gives every program the registries to import from; this one imports nothing when it runs.
    assert(allow_import.every((host: string) => host.endsWith(":443")));
  });

  await t.step("holds no path of the machine that made it", () => {
    assert(!program.includes(ROOT.pathname));
  });

  await t.step(
    "embeds what the program imports, and nothing else",
    async () => {
      const info = await run(
        Deno.execPath(),
        ["info", "--json", "main.ts"],
        ROOT,
      );
      const { modules } = JSON.parse(info.output) as {
        modules: { specifier: string }[];
      };
      const imported = modules.map(({ specifier }) => specifier)
        .filter((specifier) => specifier.startsWith("file:"))
        .map((specifier) => specifier.slice(ROOT.href.length));
      const files = [...output.matchAll(/^[├└]── ([^/\s]+) \(/gm)].map((
        [, name],
      ) => name);
      assertEquals(files.sort(), imported.sort());
      const packages = [...output.matchAll(/([^/\s]+)\/[\d.]+\/\* \(/g)].map((
        [, name],
      ) => name);
      assertEquals(packages, ["deno-std"]);
    },
  );
});
