import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { HELP } from "../../command_line.ts";
import config from "../../deno.json" with { type: "json" };
import { programTest } from "../support/permissions.ts";
import { run } from "../support/program.ts";

programTest("help is printed with and without a command", async () => {
  for (
    const args of [
      ["--help"],
      ["-h"],
      ["serve", "--help"],
      ["serve", "-h", "1", "2"],
      ["client", "21", "--help"],
      ["-h", "client"],
    ]
  ) {
    assertEquals(
      await run(args),
      { code: 0, stdout: `${HELP}\n`, stderr: "" },
      args.join(" "),
    );
  }
});

programTest("the version is printed with and without a command", async () => {
  for (
    const args of [
      ["--version"],
      ["-V"],
      ["serve", "--version"],
      ["client", "-V", "21"],
      ["-V", "serve", "1"],
    ]
  ) {
    assertEquals(
      await run(args),
      { code: 0, stdout: `tcpcalc ${config.version}\n`, stderr: "" },
      args.join(" "),
    );
  }
});

programTest("without a command the help is an error", async () => {
  for (const args of [[], ["--"], ["--quiet"]]) {
    assertEquals(
      await run(args),
      { code: 2, stdout: "", stderr: `${HELP}\n` },
      args.join(" "),
    );
  }
});

programTest(
  "what makes no sense is named in one line on standard error",
  async () => {
    for (
      const [args, name] of [
        [["wat"], "wat"],
        [["Serve", "1"], "Serve"],
        [[""], '""'],
        [["21"], "21"],
        [["wat", "--help"], "wat"],
        [["w\nat"], "w\\nat"],
        [["--wat"], "--wat"],
        [["serve", "--wat", "1"], "--wat"],
        [["client", "--wat=21"], "--wat"],
        [["client", "-x", "21"], "-x"],
        [["client", "21", "--w\x1bat"], "--w\\x1bat"],
        [["serve", "--quiet", "1"], "--quiet"],
        [["serve", "--servers=1", "1"], "--servers"],
        [["client", "--idle-timeout", "1", "21"], "--idle-timeout"],
        [["serve", "--idle-timeout", "soon", "1"], "soon"],
        [["serve", "--idle-timeout=-1", "1"], "--idle-timeout"],
        [["client", "--timeout", "1s", "21"], "1s"],
        [["client", "--timeout", "-1", "21"], "-1"],
        [["client", "--timeout=Infinity", "21"], "Infinity"],
        [["client", "--timeout=", "21"], "--timeout"],
        [["client", "21", "--timeout"], "--timeout"],
        [["client", "--servers", "1;2", "21"], "1;2"],
        [["client", "--servers=1,,2", "21"], "1,,2"],
        [["client", "--servers=", "21"], "--servers"],
        [["client", "--servers=1,56536", "21"], "1,56536"],
        [["client", "--servers=-9000", "21"], "-9000"],
        [["client", "--failover=yes", "21"], "--failover"],
      ] as const
    ) {
      const { code, stdout, stderr } = await run([...args]);
      assertEquals([code, stdout], [2, ""], args.join(" "));
      assertMatch(stderr, /^tcpcalc: .*\n$/);
      assertStringIncludes(stderr, name);
    }
  },
);

Deno.test("the tasks and the compiled program may reach 127.0.0.1 and nothing else", () => {
  const { serve, client, compile } = config.tasks;
  for (const task of [serve, client, compile]) {
    assertMatch(task, /^deno (run|compile) .*\bmain\.ts\b/);
    // One-letter options are permissions too: `-A`, `-R`, `-N`, …
    assertEquals(
      task.match(/(?<= )(--allow-\S+|-[A-Za-z]\S*|--permission\S*)/g),
      ["--allow-net=127.0.0.1"],
    );
    assertStringIncludes(task, " --no-prompt ");
  }
});
