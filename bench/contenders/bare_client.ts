// The floor for the client: it reads each reply to its end, and shows all answers at once.
const [encoder, decoder] = [new TextEncoder(), new TextDecoder()];
const [hostname, port] = ["127.0.0.1", Number(Deno.args[0])];
const buffer = new Uint8Array(65_536);
let [numbers, answers] = ["", ""];
for (let size; (size = await Deno.stdin.read(buffer)) !== null;) {
  numbers += decoder.decode(buffer.subarray(0, size));
}
for (const number of numbers.split("\n")) {
  if (number === "exit") break;
  const conn = await Deno.connect({ hostname, port });
  await conn.write(encoder.encode(number));
  answers += "\nReceived from server: ";
  for (let size; (size = await conn.read(buffer)) !== null;) {
    answers += decoder.decode(buffer.subarray(0, size));
  }
  conn.close();
}
console.log(answers);
