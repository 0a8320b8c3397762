import { assertEquals, assertRejects } from "@std/assert";
import { writeAll } from "../../io/stream.ts";
import { MemoryOutput } from "../support/environment.ts";
import { systemError } from "../support/system_error.ts";

const bytes = new TextEncoder().encode("12345");

Deno.test("what one write leaves goes to the next, until nothing is left or one fails", async () => {
  const output = new MemoryOutput();
  await writeAll({ write: (it) => output.write(it.subarray(0, 2)) }, bytes);
  assertEquals(output.writes, [2, 2, 1]);
  assertEquals(output.text, "12345");
  await writeAll(output, new Uint8Array());
  assertEquals(output.writes.length, 3);
  output.fail(systemError("EPIPE"), 2);
  await assertRejects(() => writeAll(output, bytes), Deno.errors.BrokenPipe);
  assertEquals(output.text, "1234512");
});
