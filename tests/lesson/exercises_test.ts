import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { lessonPath } from "../support/lesson.ts";
import { programTest } from "../support/permissions.ts";
import { type Finished, runCommand } from "../support/program.ts";

const FOLDERS = [
  "1-another-operation",
  "2-a-length-first",
  "3-many-numbers",
  "4-many-clients",
  "5-a-silent-client",
];

/** Runs the check of an exercise as its task does. */
async function check(...operands: string[]): Promise<Finished> {
  return await runCommand([
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

for (const [index, folder] of FOLDERS.entries()) {
  const number = String(index + 1);

  programTest(`exercise ${number} is not solved as given`, async () => {
    const { code, stdout, stderr } = await check(
      number,
      lessonPath("server.ts"),
    );
    assertStringIncludes(stdout, `Exercise ${number} is not solved yet.\n`);
    assertEquals({ code, stderr }, { code: 1, stderr: "" });
  });

  programTest(`exercise ${number} is solved by its solution`, async () => {
    const solution = new URL(`solutions/${number}.ts`, import.meta.url);
    assertEquals(await check(number, solution.href), {
      code: 0,
      stdout: `Exercise ${number} is solved. Well done!\n`,
      stderr: "",
    });
  });

  programTest(
    `exercise ${number} starts from the lesson's server`,
    async () => {
      assertEquals(
        await Deno.readTextFile(lessonPath(`exercises/${folder}/server.ts`)),
        await Deno.readTextFile(lessonPath("server.ts")),
      );
    },
  );
}

programTest(
  "a check says what a server that does not start ended with",
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
  "the check of an exercise that there is not names those that there are",
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
