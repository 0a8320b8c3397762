import type { Exercise } from "../judge.ts";
import { NOT_AN_INTEGER } from "../server_trial.ts";

/** The server answers line by line, for as long as the client stays. */
export const manyNumbers: Exercise = {
  folder: "5-many-numbers",
  program: "server",
  hint:
    "Step 6 needs a loop inside of the loop: read, add what has come to what was left over, and take whole lines off its beginning. What is left over belongs to one client.",
  async check(server) {
    const client = await server.connect();
    for (
      const [reply, ...pieces] of [
        ["42\n", "21\n"],
        [`${NOT_AN_INTEGER}\n`, "abc\n"],
        ["2\n4\n6\n", "1\n2\n3\n"],
        ["84\n", "4", "2\n"],
        ["10\n134\n", "5\n6", "7\n"],
        [`1${"5".repeat(1_999)}4\n`, "7".repeat(2_000), "\n"],
      ]
    ) {
      await client.send(...pieces);
      await client.expect(reply);
    }
    // Half a line is none.
    await client.send("8");
    client.end();
    await server.answered(client);
    (await server.ask("7\n", "14\n")).end();

    const broken = await server.ask("9\n", "18\n");
    await broken.send("1");
    await server.program.notices();
    broken.reset();
    (await server.ask("10\n", "20\n")).end();
    await server.ask("11\n", "22\n");
  },
};
