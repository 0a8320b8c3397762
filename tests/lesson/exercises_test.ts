import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { deadline } from "@std/async/deadline";
import config from "../../deno.json" with { type: "json" };
import { EXERCISES, judge } from "../../lesson/exercises/judge.ts";
import { lessonPath, SOURCES } from "../support/lesson.ts";
import {
  notOnWindows,
  programTest,
  pythonTest,
  signalTest,
} from "../support/permissions.ts";
import {
  type Finished,
  freePort,
  PATIENCE_MS,
  refusal,
  startSession,
} from "../support/program.ts";
import { findPython, pythonCommand } from "../support/python.ts";

const SOLUTIONS = `${import.meta.dirname}/solutions`;
const isWindows = Deno.build.os === "windows";

/** Starts Deno. What a check kills must not write its coverage meanwhile, which then can't be read. */
const DENO_RUN = [
  ...(isWindows ? [] : ["env", "-u", "DENO_COVERAGE_DIR"]),
  Deno.execPath(),
  "run",
];

/** How long a program may take to start, on the slowest machine. */
const startMs = PATIENCE_MS;

/** How many are tried at a time: more would only wait for each other. On Windows each takes two of Deno's 32 threads. */
const AT_A_TIME = isWindows ? 3 : 12;

/** The command that runs a program, which is given by its source. */
function commandOf(source: string, suffix: string): string[] {
  if (suffix === "py") return pythonCommand("-c", source);
  const url = `data:application/typescript,${encodeURIComponent(source)}`;
  const options = ["--quiet", "--no-prompt", "--allow-net=127.0.0.1"];
  return [...DENO_RUN, ...options, url];
}

/** What a program is told. A client gets other ports, which the sentence does not show. */
async function tell(
  number: number,
  suffix: string,
  source: string,
): Promise<string> {
  const exercise = EXERCISES[number - 1];
  const ports = [9001, 9002, 9003];
  const others = exercise.program === "client" ? ports.map(freePort) : ports;
  const replaceAll = (text: string, from: number[], to: number[]) =>
    text.replace(
      /\b\d{4,5}\b/g,
      (port) => String(to[from.indexOf(Number(port))] ?? port),
    );
  const command = commandOf(replaceAll(source, ports, others), suffix);
  const told = await judge(exercise, { command, startMs }, others);
  // Another test has one of the ports.
  if (told?.includes(" is taken.")) return await tell(number, suffix, source);
  return replaceAll(told ?? "solved", others, ports);
}

/** A program to judge, and the sentence that it should get. */
interface Case {
  name: string;
  number: number;
  suffix: string;
  source(): Promise<string> | string;
  told: RegExp | string;
  isSolution: boolean;
}

/** The lesson's own programs: they solve the first two exercises, and no other. */
function lessonCases(suffix: string): Case[] {
  return EXERCISES.map(({ program }, index) => ({
    name: `the lesson's ${program}.${suffix} in exercise ${index + 1}`,
    number: index + 1,
    suffix,
    source: () => SOURCES[`${program}.${suffix}`],
    told: index < 2 ? /^solved$/ : /^(Client \d|"22" was typed)/,
    isSolution: false,
  }));
}

/** A solution, with a mistake if there are changes. */
function solutionCase(
  name: string,
  file: string,
  changes: [from: string, to: string][],
  told: RegExp | string,
): Case {
  return {
    name: `${file} ${name}`,
    number: Number(file[0]),
    suffix: file.slice(2),
    async source() {
      let source = await Deno.readTextFile(`${SOLUTIONS}/${file}`);
      for (const [from, to] of changes) {
        assertStringIncludes(source, from);
        source = source.replace(from, () => to);
      }
      return source;
    },
    told,
    isSolution: true,
  };
}

/** The mistakes that students make. They lie beside the solutions, which a copy for students lacks. */
async function loadMistakes(): Promise<Parameters<typeof solutionCase>[]> {
  const url = new URL("solutions/mistakes.ts", import.meta.url).href;
  return (await import(url)).MISTAKES;
}

/** Judges a program in a step of its own. */
async function judgeCase(
  t: Deno.TestContext,
  { name, number, suffix, source, told }: Case,
  lacking: string,
): Promise<void> {
  await t.step({
    name: lacking === "" ? name : `${name} (needs ${lacking})`,
    ignore: lacking !== "",
    async fn() {
      const got = await tell(number, suffix, await source());
      if (typeof told === "string") assertStringIncludes(got, told);
      else assertMatch(got, told);
    },
    // Steps overlap. What they leave behind is found at the end of the test.
    sanitizeOps: false,
    sanitizeResources: false,
    sanitizeExit: false,
  });
}

programTest(
  "each exercise is solved by its solutions, and a wrong program is told what is wrong",
  async (t) => {
    const hasSolutions = await Deno.stat(SOLUTIONS)
      .then(() => true, () => false);
    const mistakes = hasSolutions ? await loadMistakes() : [];
    const hasPython = findPython() !== "";
    const cases = [
      ...["py", "ts"].flatMap((suffix) => [
        ...lessonCases(suffix),
        ...EXERCISES.map((_, index) =>
          solutionCase("solves it", `${index + 1}.${suffix}`, [], /^solved$/)
        ),
      ]),
      ...mistakes.map((mistake) => solutionCase(...mistake)),
    ].values();
    await Promise.all(Array.from({ length: AT_A_TIME }, async () => {
      for (const one of cases) {
        let lacking = "";
        if (one.suffix === "py" && !hasPython) lacking = "python3";
        if (one.isSolution && !hasSolutions) lacking = "tests/lesson/solutions";
        if (isWindows && /reset/.test(one.name + one.told)) lacking = "a reset";
        await judgeCase(t, one, lacking);
      }
    }));
  },
);

const [FIRST] = EXERCISES;

programTest("a program that can't be started is named", async () => {
  const command = ["no-such-program"];
  const told = await judge(FIRST, { command, startMs });
  assertStringIncludes(told!, "It can't be started. ");
  assertStringIncludes(told!, "no-such-program");
});

programTest("a server that never listens is told so", async () => {
  const command = commandOf("setInterval(() => {}, 1000)", "ts");
  const told = await judge(FIRST, { command, startMs: 500 });
  assertMatch(
    told!,
    /^Started with server number \d+, it should print "Server is listening on 127\.0\.0\.1:\d+", and did not within 0\.5 seconds\.\nIt has printed nothing, or its output waits in a buffer: /,
  );
});

programTest("a program that prints without end is told so", async () => {
  const command = commandOf('while (true) console.log("y".repeat(9999))', "ts");
  const told = await judge(FIRST, { command, startMs });
  assertStringIncludes(told!, "and did not.\nIt prints without end.\n");
});

programTest("a syntax error is shown whole, with its line", async () => {
  const command = commandOf("\nlet x = ;\n", "ts");
  const told = await judge(FIRST, { command, startMs });
  assertStringIncludes(told!, "It has ended, with exit status 1.\n");
  assertStringIncludes(told!, "    2 | let x = ;\n      |         ~\n");
});

programTest("taken ports are named to a client that needs them", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const launch = { command: commandOf("", "ts"), startMs };
  assertEquals(
    await judge(EXERCISES[1], launch, [port]),
    `This check plays the servers on the ports ${port}, and ${port} is taken. Stop the program that listens there, and check again.`,
  );
});

/** A server whose first process has ended when it listens, which heeds no SIGTERM, and closes each connection. */
const FORKING = `
import os, signal, socket, sys
if os.fork() > 0:
    sys.exit()
signal.signal(signal.SIGTERM, signal.SIG_IGN)
server = socket.create_server(("127.0.0.1", 9000 + int(sys.argv[1])))
print(f"Server is listening on 127.0.0.1:{server.getsockname()[1]}")
while True:
    server.accept()[0].close()
`;

notOnWindows(pythonTest, "Windows has no fork")(
  "what a program has started ends with it",
  async () => {
    const command = commandOf(FORKING, "py");
    const told = await judge(FIRST, { command, startMs });
    assertStringIncludes(told!, "It has ended, with exit status 0.");
    const [, port] = /listening on 127\.0\.0\.1:(\d+)/.exec(told!)!;
    await refusal(Number(port));
  },
);

/** The command of the task. */
function exerciseCommand(...operands: string[]): string[] {
  const [, , ...options] = config.tasks.exercise.command.split(" ");
  const script = lessonPath("exercises/exercise.ts");
  return [...DENO_RUN, ...options.slice(0, -1), script, ...operands];
}

const FOLDER = "lesson/exercises/3-another-operation";

/** Runs the task in a folder where only exercise 3 has been started. */
async function runInClassroom(...operands: string[]): Promise<Finished> {
  const cwd = new URL("../testdata/classroom/", import.meta.url);
  const [file, ...args] = exerciseCommand(...operands);
  const env = {
    NO_COLOR: "1",
    INIT_CWD: `${import.meta.dirname}/../testdata/classroom/${FOLDER}`,
  };
  const command = new Deno.Command(file, { args, cwd, env });
  const { code, stdout, stderr } = await command.output();
  const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: textOf(stdout), stderr: textOf(stderr) };
}

programTest("without an operand, the task lists where you stand", async () => {
  const { code, stdout } = await runInClassroom();
  assertEquals({ code, lines: stdout.split("\n") }, {
    code: 1,
    lines: [
      "1 the server         not started",
      "2 the client         not started",
      "3 another operation  server.py  not solved yet",
      "3 another operation  server.ts  not solved yet",
      "4 a length first     not started",
      "5 many numbers       not started",
      "6 many clients       not started",
      "7 a silent client    not started",
      "8 a whole reply      not started",
      "What is next: deno task exercise 1",
      "",
    ],
  });
});

programTest("an exercise that is not started says how to begin", async () => {
  const { code, stdout } = await runInClassroom("4");
  assertEquals(code, 1);
  assertStringIncludes(stdout, "Exercise 4 is not started: ");
  assertMatch(
    stdout,
    /^ {4}(cp|copy) lesson.server\.py lesson.exercises.4-a-length-first$/m,
  );
});

programTest(
  "each program in a folder is checked, and how to run it is said",
  async () => {
    const { code, stdout } = await runInClassroom("3");
    assertEquals(code, 1);
    const [python, typescript] = stdout.split(
      /(?=Exercise 3 is not solved yet by server.ts)/,
    );
    assertMatch(
      python,
      findPython() === ""
        ? /It needs Python 3, and there is none/
        : /line 6\n {8}if len\(sys\.argv\) != 2\n +\^\n {4}SyntaxError: /,
    );
    assertStringIncludes(typescript, `server.ts.\nStarted with server number `);
    assertStringIncludes(
      typescript,
      `
It has ended, with exit status 0.
The last lines that it printed:
    Nothing is here yet
To run it yourself: deno run --allow-net=127.0.0.1 ${FOLDER}/server.ts 1
There is a hint: deno task exercise 3 --hint
`,
    );
  },
);

programTest("a command runs in the folder where it is typed", async () => {
  const command = [Deno.execPath(), "run", "server.ts"];
  const { code, stdout } = await runInClassroom("3", ...command);
  assertEquals(code, 1);
  assertStringIncludes(stdout, "    Nothing is here yet\n");
});

programTest(
  "a wrong call ends with status 2, and says what is wrong",
  async () => {
    const calls = {
      "No exercise, they are 1 to 8: 9": ["9"],
      "No exercise, they are 1 to 8: --hint": ["--hint"],
      "No option: --hnt": ["3", "--hnt"],
    };
    for (const [line, operands] of Object.entries(calls)) {
      const { code, stdout, stderr } = await runInClassroom(...operands);
      assertEquals({ code, stdout }, { code: 2, stdout: "" });
      assertStringIncludes(stderr, `${line}\nUsage: deno task exercise `);
    }
  },
);

programTest(
  "the first two exercises show the headings of the lesson's steps",
  async () => {
    for (const { folder, program } of EXERCISES.slice(0, 2)) {
      const steps = SOURCES[`${program}.py`].match(/# \d+\. .*$/gm)!;
      assertStringIncludes(
        await Deno.readTextFile(lessonPath(`exercises/${folder}/README.md`)),
        `\`\`\`python\n${steps.join("\n")}\n\`\`\`\n`,
      );
    }
  },
);

programTest("a hint is given, and nothing is checked", async () => {
  assertEquals(await runInClassroom("3", "--hint"), {
    code: 0,
    stdout: `${EXERCISES[2].hint}\n`,
    stderr: "",
  });
});

signalTest("Ctrl-C ends the program that is checked, too", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const program = commandOf(
    `await Deno.connect({ hostname: "127.0.0.1", port: ${listener.addr.port} });
    setInterval(() => {}, 1000);`,
    "ts",
  );
  await using session = startSession(exerciseCommand("1", ...program));
  using conn = await listener.accept();
  assertEquals((await session.stop("SIGINT")).code, 130);
  // Its connection ends with it.
  assertEquals(await deadline(conn.read(new Uint8Array(1)), PATIENCE_MS), null);
});
