import { assert, assertEquals, assertRejects } from "@std/assert";
import { StandardOutput } from "../../io/standard_output.ts";
import { MemoryOutput } from "../support/environment.ts";
import { systemError } from "../support/system_error.ts";

function write(output: StandardOutput, text: string): Promise<number> {
  return output.write(new TextEncoder().encode(text));
}

Deno.test("a write after one that has failed begins a new line", async () => {
  const stream = new MemoryOutput();
  const output = new StandardOutput(stream);
  assertEquals(await write(output, "one\n"), 4);
  stream.fail(systemError("ENOSPC"));
  for (const text of ["two\n", "\nthree\n"]) {
    await assertRejects(
      () => write(output, text),
      Error,
      systemError("ENOSPC").message,
    );
  }
  stream.resume();
  assertEquals(await write(output, "four\n"), 5);
  assertEquals(await write(output, "five\n"), 5);
  assertEquals(stream.text, "one\n\nfour\nfive\n");
});

Deno.test("a write that begins a new line itself gets no other", async () => {
  const stream = new MemoryOutput();
  const output = new StandardOutput(stream);
  stream.fail(systemError("ENOSPC"));
  await assertRejects(() => write(output, "one\n"));
  stream.resume();
  await write(output, "\ntwo\n");
  assertEquals(stream.text, "\ntwo\n");
});

Deno.test("standard output is a terminal where its stream is", () => {
  for (const isTerminal of [false, true]) {
    const output = new StandardOutput(new MemoryOutput({ isTerminal }));
    assert(output.isTerminal() === isTerminal);
  }
});
