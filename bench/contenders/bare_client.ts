// The floor for the client: it reads each reply to its end, and writes about forty answers at a time.

import { TextLineStream } from "@std/streams/text-line-stream";

const [encoder, decoder] = [new TextEncoder(), new TextDecoder()];
const [hostname, port] = ["127.0.0.1", Number(Deno.args[0])];
const buffer = new Uint8Array(2048);
const text = Deno.stdin.readable.pipeThrough(new TextDecoderStream());
let answers = "";

async function writeAnswers(): Promise<void> {
  const bytes = encoder.encode(answers);
  answers = "";
  await Deno.stdout.write(bytes);
}

for await (const line of text.pipeThrough(new TextLineStream())) {
  if (line === "exit") break;
  using conn = await Deno.connect({ hostname, port });
  await conn.write(encoder.encode(line));
  let reply = "";
  for (let size; (size = await conn.read(buffer)) !== null;) {
    reply += decoder.decode(buffer.subarray(0, size));
  }
  answers += `Received from server: ${reply}\n`;
  if (answers.length > 1000) await writeAnswers();
}
await writeAnswers();
