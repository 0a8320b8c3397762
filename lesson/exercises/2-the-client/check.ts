import type { Exercise } from "../judge.ts";

/** So many that each of three servers is drawn at least once, but for one time in ten thousand million. */
const LINES = 60;

/** The client does what the lesson's does. */
export const theClient: Exercise = {
  folder: "2-the-client",
  program: "client",
  hint:
    "A socket is good for one connection: make one inside of the loop, for every number. What can fail in steps 6 to 8 belongs into one `try`.",
  async check(client) {
    for (let number = 21; number < 25; number++) {
      await client.ask(String(number), String(2 * number));
    }
    await client.ask("twelve", "Received data is not valid integer");
    await client.askReset("98");
    await client.askNobody("99");
    await client.askAll(LINES);
    await client.exit("eXit");
  },
};
