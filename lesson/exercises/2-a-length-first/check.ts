import type { Trial } from "../trial.ts";

/** Puts the length of a message before it, in two bytes, the higher first. */
function framed(text: string): Uint8Array {
  const message = new TextEncoder().encode(text);
  const frame = new Uint8Array(2 + message.length);
  new DataView(frame.buffer).setUint16(0, message.length);
  frame.set(message, 2);
  return frame;
}

/** The server takes messages, and sends replies, with their length before them. */
export default async function check(server: Trial): Promise<void> {
  async function ask(reply: string, ...pieces: Uint8Array[]): Promise<void> {
    using client = await server.connect();
    await client.send(...pieces);
    await client.expect(framed(reply));
  }

  await ask("42", framed("21"));
  await ask("Received data is not valid integer", framed("abc"));
  const frame = framed("1234");
  await ask("2468", frame.subarray(0, 4), frame.subarray(4));
  await ask("2468", ...Array.from(frame, (byte) => Uint8Array.of(byte)));
  await ask("1" + "9".repeat(2999) + "8", framed("9".repeat(3000)));
  {
    using client = await server.connect();
    await client.send(frame.subarray(0, 3));
  }
  await ask("42", framed("21"));
}
