import type { Exercise } from "../judge.ts";

/** The client reads a reply to its end, which is where the server closes the connection. */
export const aWholeReply: Exercise = {
  folder: "8-a-whole-reply",
  program: "client",
  hint:
    "Put a loop around the read, which ends at the end of the stream: no bytes in Python, `null` in Deno. Decode the reply when you have all of it.",
  async check(client) {
    await client.ask("21", "42");
    await client.ask("22", "4", "4");
    const long = `1${"9".repeat(2_999)}8`;
    await client.ask("9".repeat(3_000), long);
    await client.ask("1234", "2", "4", "6", "8");
    const pieces = [
      long.slice(0, 10),
      long.slice(10, 1_500),
      long.slice(1_500),
    ];
    await client.ask("9".repeat(3_000), ...pieces);
    // A server may close without a reply, and half a reply is none.
    await client.ask("23");
    await client.askReset("24", "4");
    await client.ask("25", "50");
    await client.exit("exit");
  },
};
