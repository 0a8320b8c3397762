import { pause } from "../incoming.ts";
import type { Exercise } from "../judge.ts";

/** The server closes a connection on which nothing has come for a second, and goes on. */
export const aSilentClient: Exercise = {
  folder: "7-a-silent-client",
  program: "server",
  hint:
    "In Python, `settimeout` belongs to one socket: to which? In TypeScript, `setTimeout` returns a number, with which `clearTimeout` stops the timer.",
  async check(server) {
    await server.onTime(async () => {
      await server.ask("21", "42");
      const silent = await server.connect();
      await silent.expectClosedForSilence();
      await server.ask("22", "44", ", after a silent one,");
    });
    await server.onTime(async () => {
      await server.ask("23", "46");
      // The timers of those who were answered must end neither the server nor the next connection.
      await pause(700);
      const slow = await server.connect(", which took 0.5 seconds to speak,");
      await pause(500);
      await slow.send("24");
      await slow.expect("48");
      await server.answered(slow);
      await pause(1_200);
      await server.ask("25", "50", ", after a pause of a second,");
    });
  },
};
