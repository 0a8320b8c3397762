import { NOT_AN_INTEGER, type ServerTrial } from "../server_trial.ts";

/** What the student writes. */
export const program = "server";

/** One hint more than the text gives. */
export const hint =
  'Does the text begin with "square "? Then all that comes after these seven characters has to be an integer, by the same rule as before.';

/** The server squares as well as it doubles. */
export async function check(server: ServerTrial): Promise<void> {
  await server.ask("square 7", "49");
  await server.ask("square -3", "9");
  await server.ask("square 12345678901", "152415787526596567801");
  await server.ask("7", "14");
  await server.ask("square seven", NOT_AN_INTEGER);
  await server.ask("square", NOT_AN_INTEGER);
  await server.ask("square 7 8", NOT_AN_INTEGER);
  await server.ask("7 square", NOT_AN_INTEGER);
  await server.ask("cube 2", NOT_AN_INTEGER);
  await server.ask("8", "16");
}
