import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import start1 from "../../lesson/exercises/1-another-operation/server.ts" with {
  type: "text",
};
import start2 from "../../lesson/exercises/2-a-length-first/server.ts" with {
  type: "text",
};
import start3 from "../../lesson/exercises/3-many-numbers/server.ts" with {
  type: "text",
};
import start4 from "../../lesson/exercises/4-many-clients/server.ts" with {
  type: "text",
};
import start5 from "../../lesson/exercises/5-a-silent-client/server.ts" with {
  type: "text",
};
import { lessonPath, SOURCES } from "../support/lesson.ts";
import { programTest } from "../support/permissions.ts";
import { type Finished, runCommand } from "../support/program.ts";

const STARTS = [start1, start2, start3, start4, start5];

/** A check kills its server, perhaps while that writes its coverage, which then can't be read. */
const WITHOUT_COVERAGE = Deno.build.os === "windows"
  ? []
  : ["env", "-u", "DENO_COVERAGE_DIR"];

/** Runs the check of an exercise as its task does. */
async function check(...operands: string[]): Promise<Finished> {
  return await runCommand([
    ...WITHOUT_COVERAGE,
    Deno.execPath(),
    "run",
    "--quiet",
    "--no-prompt",
    "--allow-net=127.0.0.1",
    `--allow-run=${Deno.execPath()}`,
    lessonPath("exercises/check.ts"),
    ...operands,
  ]);
}

for (const [index, start] of STARTS.entries()) {
  const number = String(index + 1);

  Deno.test(`exercise ${number} starts from the lesson's server`, () => {
    assertEquals(start, SOURCES["server.ts"]);
  });

  programTest(
    `exercise ${number} fails as given, and passes with its solution`,
    async () => {
      const solution = new URL(`solutions/${number}.ts`, import.meta.url);
      const [given, solved] = await Promise.all([
        check(number, lessonPath("server.ts")),
        check(number, solution.href),
      ]);
      const { code, stdout, stderr } = given;
      assertStringIncludes(stdout, `Exercise ${number} is not solved yet.\n`);
      assertEquals({ code, stderr }, { code: 1, stderr: "" });
      assertEquals(solved, {
        code: 0,
        stdout: `Exercise ${number} is solved. Well done!\n`,
        stderr: "",
      });
    },
  );
}

programTest(
  "a check shows the error of a server that does not start",
  async () => {
    const program = `data:application/typescript,${
      encodeURIComponent('throw new Error("no semicolon")')
    }`;
    const { code, stdout, stderr } = await check("1", program);
    assertStringIncludes(stdout, "The server should start");
    assertStringIncludes(stdout, "Error: no semicolon\n");
    assert(!stdout.includes("    at "), stdout);
    assertEquals({ code, stderr }, { code: 1, stderr: "" });
  },
);

programTest(
  "an unknown exercise number is answered with those that exist",
  async () => {
    const { code, stdout } = await check("6");
    assertEquals(
      { code, stdout },
      {
        code: 2,
        stdout: "Which exercise? deno task exercise 1, and so on up to 5.\n",
      },
    );
  },
);
