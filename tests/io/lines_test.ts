import { assertEquals } from "@std/assert";
import { readLines } from "../../io/lines.ts";
import { MemoryInput } from "../support/environment.ts";

/** The longest line, in bytes. */
const LIMIT = 4;

/** An input that has brought these chunks and ended. */
function inputOf(chunks: (string | Uint8Array)[]): MemoryInput {
  const input = new MemoryInput();
  for (const chunk of chunks) input.push(chunk);
  input.end();
  return input;
}

/** Reads all lines, as text. */
async function readAllLines(
  ...chunks: (string | Uint8Array)[]
): Promise<(string | undefined)[]> {
  const lines = [];
  for await (const line of readLines(inputOf(chunks), LIMIT)) {
    lines.push(line && new TextDecoder().decode(line));
  }
  return lines;
}

Deno.test("lines end with \\n, \\r\\n or the input, and nothing else is trimmed", async () => {
  const inputs: [string, string[]][] = [
    ["21\n 4\t\r\n\n\r\n\r1\r\r\n", ["21", " 4\t", "", "", "\r1\r"]],
    ["21\n42", ["21", "42"]],
    ["21\r", ["21\r"]],
    ["", []],
  ];
  for (const [text, lines] of inputs) {
    assertEquals(await readAllLines(...text), lines);
    if (text !== "") assertEquals(await readAllLines(text), lines);
  }
});

Deno.test("lines are the same wherever the input is split", async () => {
  const text = "12\r\n\r\n3\n4\r5\n1234\r\n1234\r5\n\n12345";
  const whole = await readAllLines(text);
  assertEquals(
    whole,
    ["12", "", "3", "4\r5", "1234", undefined, "", undefined],
  );
  assertEquals(await readAllLines(...text), whole);
  for (let i = 0; i < text.length; i++) {
    for (let j = i; j < text.length; j++) {
      const chunks = [text.slice(0, i), text.slice(i, j), text.slice(j)]
        .filter((chunk) => chunk !== "");
      assertEquals(await readAllLines(...chunks), whole);
    }
  }
});

Deno.test("a line that is too long is reported once, and the next one is read", async () => {
  const long = "x".repeat(200_000);
  assertEquals(
    await readAllLines(`1\n${long}`, `${long}\r\n2\n`, long),
    ["1", undefined, "2", undefined],
  );
});

Deno.test("nothing is read ahead of the line that is asked for", async () => {
  const input = new MemoryInput();
  const lines = readLines(input, LIMIT);
  input.push("1\n2\n");
  assertEquals((await lines.next()).value?.length, 1);
  input.push("3\n");
  assertEquals((await lines.next()).value, new Uint8Array([0x32]));
  // The generator has not asked for the third.
  assertEquals(await input.read(new Uint8Array(9)), 2);
  await lines.return();
});
