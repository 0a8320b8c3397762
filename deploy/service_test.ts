import { assertEquals, assertMatch } from "@std/assert";
import { commandTest } from "../tests/support/permissions.ts";

const UNIT = new URL("tcpcalc@.service", import.meta.url);

/** Runs `systemd-analyze` on the unit, which names a program that is there. */
async function analyze(...args: string[]): Promise<Deno.CommandOutput> {
  const unit = (await Deno.readTextFile(UNIT))
    .replace(/^ExecStart=\S+/m, `ExecStart=${Deno.execPath()}`);
  const directory = await Deno.makeTempDir({ dir: "/tmp" });
  try {
    const file = `${directory}/tcpcalc@.service`;
    await Deno.writeTextFile(file, unit);
    return await new Deno.Command("systemd-analyze", {
      args: [...args, file],
    }).output();
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

const decoder = new TextDecoder();

commandTest(
  "systemd finds nothing wrong with the service",
  { command: "systemd-analyze", task: "test:deploy" },
  async () => {
    const { code, stdout, stderr } = await analyze("verify");
    assertEquals(
      [code, decoder.decode(stdout), decoder.decode(stderr)],
      [0, "", ""],
    );
  },
);

commandTest(
  "systemd calls the service's exposure at most 1 of 10",
  { command: "systemd-analyze", task: "test:deploy" },
  async () => {
    // The threshold is in tenths.
    const { code, stdout } = await analyze(
      "security",
      "--offline=true",
      "--threshold=10",
    );
    assertMatch(decoder.decode(stdout), /exposure level .*: [01]\.\d /);
    assertEquals(code, 0);
  },
);
