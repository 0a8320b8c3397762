import { assertEquals, assertRejects } from "@std/assert";
import { writeAll } from "../../io/stream.ts";
import { MemoryOutput } from "../support/environment.ts";
import { systemError } from "../support/system_error.ts";

const encoder = new TextEncoder();

Deno.test("what one write leaves goes to the next", async () => {
  const asked: string[] = [];
  const output = {
    write(bytes: Uint8Array) {
      asked.push(new TextDecoder().decode(bytes));
      return Promise.resolve(Math.min(2, bytes.length));
    },
  };
  await writeAll(output, encoder.encode("12345"));
  assertEquals(asked, ["12345", "345", "5"]);
});

Deno.test("nothing is written if there is nothing to write", async () => {
  const output = new MemoryOutput();
  await writeAll(output, new Uint8Array(0));
  assertEquals(output.writes, []);
});

Deno.test("a write that fails is the last", async () => {
  const output = new MemoryOutput();
  output.fail(systemError("EPIPE"), 2);
  await assertRejects(
    () => writeAll(output, encoder.encode("12345")),
    Deno.errors.BrokenPipe,
  );
  assertEquals(output.text, "12");
});
