/** Tells whether a program solves an exercise.
 * @module */

import * as theServer from "./1-the-server/check.ts";
import * as theClient from "./2-the-client/check.ts";
import * as anotherOperation from "./3-another-operation/check.ts";
import * as aLengthFirst from "./4-a-length-first/check.ts";
import * as manyNumbers from "./5-many-numbers/check.ts";
import * as manyClients from "./6-many-clients/check.ts";
import * as aSilentClient from "./7-a-silent-client/check.ts";
import * as aWholeReply from "./8-a-whole-reply/check.ts";
import { ClientTrial } from "./client_trial.ts";
import { type Launch, Unsolved } from "./program.ts";
import { ServerTrial } from "./server_trial.ts";

/** An exercise: its folder, a hint, which program is written, and how it is tried out. */
export type Exercise =
  & { folder: string; hint: string }
  & (
    | { program: "server"; check(server: ServerTrial): Promise<void> }
    | { program: "client"; check(client: ClientTrial): Promise<void> }
  );

/** The exercises, from number 1. */
export const EXERCISES: readonly Exercise[] = [
  { folder: "1-the-server", ...theServer },
  { folder: "2-the-client", ...theClient },
  { folder: "3-another-operation", ...anotherOperation },
  { folder: "4-a-length-first", ...aLengthFirst },
  { folder: "5-many-numbers", ...manyNumbers },
  { folder: "6-many-clients", ...manyClients },
  { folder: "7-a-silent-client", ...aSilentClient },
  { folder: "8-a-whole-reply", ...aWholeReply },
];

/** Tries a program out. Resolves to what it still lacks, in a sentence; `undefined` if it solves the exercise. */
export async function judge(
  exercise: Exercise,
  launch: Launch,
  ports = [9001, 9002, 9003],
): Promise<string | undefined> {
  try {
    if (exercise.program === "server") {
      await using server = new ServerTrial(launch);
      await server.started();
      await exercise.check(server);
    } else {
      await using client = new ClientTrial(launch, ports);
      await client.started();
      await exercise.check(client);
    }
  } catch (error) {
    if (!(error instanceof Unsolved)) throw error;
    return error.message;
  }
}
