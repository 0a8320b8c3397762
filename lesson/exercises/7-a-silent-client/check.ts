import { pause } from "../incoming.ts";
import type { ServerTrial } from "../server_trial.ts";

/** What the student writes. */
export const program = "server";

/** One hint more than the text gives. */
export const hint =
  "In Python, `settimeout` belongs to one socket: to which? In TypeScript, `setTimeout` returns a number, with which `clearTimeout` stops the timer.";

/** The server closes a connection on which nothing has come for a second, and goes on. */
export async function check(server: ServerTrial): Promise<void> {
  await server.onTime(async () => {
    await server.ask("21", "42");
    const silent = await server.connect();
    await silent.expectClosedForSilence();
  });
  await server.onTime(async () => {
    await server.ask("22", "44", ", after a silent one,");
    // The timers of those who were answered must end neither the server nor the next connection.
    await pause(700);
    const slow = await server.connect(", which took 0.5 seconds to speak,");
    await pause(500);
    await slow.send("23");
    await slow.expect("46");
    await server.answered(slow);
    await pause(1_200);
    await server.ask("24", "48", ", after a pause of a second,");
  });
}
