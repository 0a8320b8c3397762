/** Tells which exercises are solved, and what the others lack: `deno task exercise`.
 *
 * It may run any program, as a solution may be in any language.
 * @module */

import { type Exercise, EXERCISES, judge } from "./judge.ts";
import { type Launch, Program } from "./program.ts";

const USAGE =
  `Usage: deno task exercise                 which exercises are solved
       deno task exercise 3               check server.py and server.ts in its folder
       deno task exercise 3 java Server   check any program
       deno task exercise 3 --hint        a hint`;

/** A compiler may come first. */
const START_MS = 10_000;

const WINDOWS = Deno.build.os === "windows";

/** A call that asks for nothing that there is. */
class WrongCall extends Error {}

/** A program to check. */
interface Candidate extends Launch {
  name: string;
  /** The command as one types it. */
  typed: string;
}

function folderOf({ folder }: Exercise): string {
  return `lesson/exercises/${folder}`;
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** The name of Python 3. On Windows there may be a `python3` that only leads to a shop. */
function findPython(): string {
  const args = ["--version"];
  for (const name of WINDOWS ? ["python", "py"] : ["python3"]) {
    try {
      const { stdout } = new Deno.Command(name, { args }).outputSync();
      if (new TextDecoder().decode(stdout).startsWith("Python 3")) return name;
    } catch {
      // There is no such program.
    }
  }
  return "";
}

/** The programs that lie in the folder of an exercise. */
function findCandidates(exercise: Exercise): Candidate[] {
  return [".py", ".ts"].flatMap((suffix) => {
    const name = exercise.program + suffix;
    const path = `${folderOf(exercise)}/${name}`;
    if (!exists(path)) return [];
    const options = ["run", "--allow-net=127.0.0.1"];
    const python = suffix === ".py" ? findPython() : "";
    const command = suffix === ".py"
      ? [python, path]
      : [Deno.execPath(), ...options, "--quiet", "--no-prompt", path];
    const typed = suffix === ".py"
      ? `${python || "python3"} ${path}`
      : `deno ${options.join(" ")} ${path}`;
    return [{ name, command, typed, startMs: START_MS }];
  });
}

/** A program that is given by its command, which was typed in this folder. */
function givenCandidate(command: string[]): Candidate {
  const typed = command.map((word) =>
    /^[-\w./\\:=@+]+$/.test(word) ? word : `'${word}'`
  ).join(" ");
  const cwd = Deno.env.get("INIT_CWD");
  return { name: typed, command, typed, cwd, startMs: START_MS };
}

/** What a program lacks, if anything. */
async function lackOf(
  exercise: Exercise,
  candidate: Candidate,
): Promise<string | undefined> {
  if (candidate.command[0] !== "") return await judge(exercise, candidate);
  return "It needs Python 3, and there is none: no program python3, on Windows python or py.";
}

/** How to begin with an exercise. */
function beginning(number: number, exercise: Exercise): string {
  const { program } = exercise;
  const folder = folderOf(exercise);
  const copy = WINDOWS
    ? `copy lesson/${program}.py ${folder}`.replaceAll("/", "\\")
    : `cp lesson/${program}.py ${folder}`;
  const how = number > 2
    ? `Begin with the lesson's ${program}, and change the copy:\n\n    ${copy}\n\nOr take ${program}.ts, for TypeScript.`
    : `Write ${program}.py or ${program}.ts there. The README.md in the folder has the headings of its steps.`;
  return `Exercise ${number} is not started: ${folder} has no ${program}.py and no ${program}.ts.
${how} For a program in another language, see lesson/exercises/README.md.`;
}

/** Checks the programs of one exercise. Returns the exit status. */
async function checkOne(number: number, command: string[]): Promise<number> {
  const exercise = EXERCISES[number - 1];
  const candidates = command.length > 0
    ? [givenCandidate(command)]
    : findCandidates(exercise);
  if (candidates.length === 0) console.log(beginning(number, exercise));
  let solved = candidates.length > 0;
  for (const candidate of candidates) {
    const { name, typed } = candidate;
    const lack = await lackOf(exercise, candidate);
    solved &&= lack === undefined;
    console.log(
      lack === undefined
        ? `Exercise ${number} is solved by ${name}. Well done!`
        : `Exercise ${number} is not solved yet by ${name}.
${lack}
To run it yourself: ${typed}${exercise.program === "server" ? " 1" : ""}
There is a hint: deno task exercise ${number} --hint`,
    );
  }
  return solved ? 0 : 1;
}

/** Checks all programs of all exercises. Returns the exit status. */
async function checkAll(): Promise<number> {
  let next: number | undefined;
  for (const [index, exercise] of EXERCISES.entries()) {
    const title = exercise.folder.replaceAll("-", " ").padEnd(20);
    const candidates = findCandidates(exercise);
    if (candidates.length === 0) console.log(`${title} not started`);
    let solved = candidates.length > 0;
    for (const candidate of candidates) {
      const isSolved = await lackOf(exercise, candidate) === undefined;
      solved &&= isSolved;
      console.log(
        `${title} ${candidate.name}  ${isSolved ? "solved" : "not solved yet"}`,
      );
    }
    if (!solved) next ??= index + 1;
  }
  console.log(
    next === undefined
      ? "All are solved. Well done!"
      : `What is next: deno task exercise ${next}`,
  );
  return next === undefined ? 0 : 1;
}

async function main([number, ...rest]: string[]): Promise<number> {
  if (number === undefined) return await checkAll();
  const exercise = EXERCISES[Number(number) - 1];
  if (exercise === undefined) {
    throw new WrongCall(`No exercise, they are 1 to 8: ${number}`);
  }
  if (rest.length === 1 && rest[0] === "--hint") {
    console.log(exercise.hint);
    return 0;
  }
  if (rest[0]?.startsWith("-")) throw new WrongCall(`No option: ${rest[0]}`);
  return await checkOne(Number(number), rest);
}

// Ctrl-C reaches only this process, as each program has a group of its own.
const SIGNALS: Partial<Record<Deno.Signal, number>> = WINDOWS
  ? { SIGINT: 130 }
  : { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };
for (const [signal, status] of Object.entries(SIGNALS)) {
  Deno.addSignalListener(signal as Deno.Signal, () => {
    Program.endAll();
    Deno.exit(status);
  });
}

try {
  Deno.exit(await main(Deno.args));
} catch (error) {
  if (!(error instanceof WrongCall)) throw error;
  console.error(`${error.message}\n${USAGE}`);
  Deno.exit(2);
}
