// The floor for the client: it reads each reply to its end, and writes about forty answers at a time.

const [encoder, decoder] = [new TextEncoder(), new TextDecoder()];
const [hostname, port] = ["127.0.0.1", Number(Deno.args[0])];
const [input, buffer] = [new Uint8Array(65_536), new Uint8Array(2048)];
let [rest, answers] = ["", ""];

async function ask(number: string): Promise<void> {
  const conn = await Deno.connect({ hostname, port });
  await conn.write(encoder.encode(number));
  answers += "Received from server: ";
  for (let size; (size = await conn.read(buffer)) !== null;) {
    answers += decoder.decode(buffer.subarray(0, size));
  }
  conn.close();
  answers += "\n";
}

async function writeAnswers(): Promise<void> {
  await Deno.stdout.write(encoder.encode(answers));
  answers = "";
}

for (let size; (size = await Deno.stdin.read(input)) !== null;) {
  const lines = (rest + decoder.decode(input.subarray(0, size))).split("\n");
  rest = lines.pop()!;
  for (const line of lines) {
    if (line !== "exit") await ask(line);
    if (answers.length > 1000) await writeAnswers();
  }
}
await writeAnswers();
