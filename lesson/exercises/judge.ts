/** Tells whether a program solves an exercise.
 * @module */

import { theServer } from "./1-the-server/check.ts";
import { theClient } from "./2-the-client/check.ts";
import { anotherOperation } from "./3-another-operation/check.ts";
import { aLengthFirst } from "./4-a-length-first/check.ts";
import { manyNumbers } from "./5-many-numbers/check.ts";
import { manyClients } from "./6-many-clients/check.ts";
import { aSilentClient } from "./7-a-silent-client/check.ts";
import { aWholeReply } from "./8-a-whole-reply/check.ts";
import { ClientTrial } from "./client_trial.ts";
import { type Launch, Unsolved } from "./program.ts";
import { freePort, ServerTrial } from "./server_trial.ts";

/** An exercise: its folder, one hint more than its text gives, which program is written, and how it is tried out. */
export type Exercise =
  & { folder: string; hint: string }
  & (
    | { program: "server"; check(server: ServerTrial): Promise<void> }
    | { program: "client"; check(client: ClientTrial): Promise<void> }
  );

/** The exercises, from number 1. */
export const EXERCISES: readonly Exercise[] = [
  theServer,
  theClient,
  anotherOperation,
  aLengthFirst,
  manyNumbers,
  manyClients,
  aSilentClient,
  aWholeReply,
];

/** Tries a program out. Resolves to what it still lacks, in a sentence; `undefined` if it solves the exercise. */
export async function judge(
  exercise: Exercise,
  launch: Launch,
  ports = [9001, 9002, 9003],
): Promise<string | undefined> {
  try {
    if (exercise.program === "server") {
      await using server = new ServerTrial(launch, await freePort());
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
