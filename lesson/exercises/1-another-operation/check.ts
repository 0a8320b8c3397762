import type { Trial } from "../trial.ts";

const NOT_AN_INTEGER = "Received data is not valid integer";

/** The server squares as well as it doubles. */
export default async function check(server: Trial): Promise<void> {
  await server.ask("square 7", "49");
  await server.ask("square -3", "9");
  await server.ask("square 12345678901", "152415787526596567801");
  await server.ask("7", "14");
  await server.ask("square seven", NOT_AN_INTEGER);
  await server.ask("square", NOT_AN_INTEGER);
  await server.ask("cube 2", NOT_AN_INTEGER);
}
