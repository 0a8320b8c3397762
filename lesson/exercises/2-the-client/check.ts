import type { ClientTrial } from "../client_trial.ts";

/** What the student writes. */
export const program = "client";

/** One hint more than the text gives. */
export const hint =
  "A socket is good for one connection: make one inside of the loop, for every number. What can fail in steps 6 to 8 belongs into one `try`.";

/** So many that each of three servers is drawn at least once, but for one time in ten thousand million. */
const LINES = 60;

/** The client does what the lesson's does. */
export async function check(client: ClientTrial): Promise<void> {
  for (let number = 21; number < 25; number++) {
    await client.ask(String(number), String(2 * number));
  }
  await client.ask("twelve", "Received data is not valid integer");
  await client.askReset("98");
  await client.askNobody("99");
  await client.askAll(LINES);
  await client.exit("eXit");
}
