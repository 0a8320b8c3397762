import type { Exercise } from "../judge.ts";
import { NOT_AN_INTEGER } from "../server_trial.ts";

/** The server squares as well as it doubles. */
export const anotherOperation: Exercise = {
  folder: "3-another-operation",
  program: "server",
  hint:
    'Does the text begin with "square "? Then all that comes after these seven characters has to be an integer, by the same rule as before.',
  async check(server) {
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
  },
};
