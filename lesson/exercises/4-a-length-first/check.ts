import type { Exercise } from "../judge.ts";
import { NOT_AN_INTEGER } from "../server_trial.ts";

/** Puts the length of a message before it, in two bytes, the higher first. */
function framed(text: string): Uint8Array {
  const message = new TextEncoder().encode(text);
  const frame = new Uint8Array(2 + message.length);
  new DataView(frame.buffer).setUint16(0, message.length);
  frame.set(message, 2);
  return frame;
}

/** The server takes messages, and sends replies, with their length before them. */
export const aLengthFirst: Exercise = {
  folder: "4-a-length-first",
  program: "server",
  hint:
    "Write a function that reads exactly so many bytes, with a loop around the read, and tells when the client has left before. Call it for the two bytes of the length, and for the message.",
  async check(server) {
    const ask = (reply: string, ...pieces: Uint8Array[]) =>
      server.ask(pieces, framed(reply));
    await ask("42", framed("21"));
    await ask(NOT_AN_INTEGER, framed("abc"));
    await ask(NOT_AN_INTEGER, framed("zwölf"));
    await ask(NOT_AN_INTEGER, framed(""));
    const frame = framed("1234");
    await ask("2468", frame.subarray(0, 4), frame.subarray(4));
    await ask("2468", ...Array.from(frame, (byte) => Uint8Array.of(byte)));
    await ask(`1${"9".repeat(2999)}8`, framed("9".repeat(3000)));
    // Its double would need 65,536 digits.
    await ask(NOT_AN_INTEGER, framed("9".repeat(65_535)));

    for (const size of [1, 3]) {
      const client = await server.connect();
      await client.send(frame.subarray(0, size));
      client.end();
      await ask("42", framed("21"));
      await server.answered(client);
    }
    const client = await server.connect();
    await client.send(frame.subarray(0, 3));
    await server.program.notices();
    client.reset();
    await ask("44", framed("22"));
  },
};
