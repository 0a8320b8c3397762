/** Tells whether an exercise is solved: `deno task exercise 1`.
 * @module */

import anotherOperation from "./1-another-operation/check.ts";
import aLengthFirst from "./2-a-length-first/check.ts";
import manyNumbers from "./3-many-numbers/check.ts";
import manyClients from "./4-many-clients/check.ts";
import aSilentClient from "./5-a-silent-client/check.ts";
import { Trial, Unsolved } from "./trial.ts";

const EXERCISES = [
  { folder: "1-another-operation", check: anotherOperation },
  { folder: "2-a-length-first", check: aLengthFirst },
  { folder: "3-many-numbers", check: manyNumbers },
  { folder: "4-many-clients", check: manyClients },
  { folder: "5-a-silent-client", check: aSilentClient },
];

/** Checks a server. Returns what it still lacks, if anything. */
async function lacking(
  file: string,
  check: (server: Trial) => Promise<void>,
): Promise<string | undefined> {
  try {
    await using server = await Trial.start(file);
    await check(server);
  } catch (error) {
    if (!(error instanceof Unsolved)) throw error;
    return error.message;
  }
}

const [number, otherFile] = Deno.args;
const exercise = EXERCISES[Number(number) - 1];
if (exercise === undefined) {
  console.log(
    `Which exercise? deno task exercise 1, and so on up to ${EXERCISES.length}.`,
  );
  Deno.exit(2);
}
const path = `lesson/exercises/${exercise.folder}/server.ts`;
const file = otherFile ??
  new URL(`./${exercise.folder}/server.ts`, import.meta.url).href;
const lack = await lacking(file, exercise.check);
console.log(
  lack === undefined
    ? `Exercise ${number} is solved. Well done!`
    : `Exercise ${number} is not solved yet.\n${lack}\nYour server is in ${path}.`,
);
Deno.exit(lack === undefined ? 0 : 1);
