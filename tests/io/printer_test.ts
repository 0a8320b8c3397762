import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Printer } from "../../io/printer.ts";
import { MemoryOutput } from "../support/environment.ts";
import { systemError } from "../support/system_error.ts";
import { FakeTime, settle } from "../support/time.ts";

Deno.test("text is written soon, without a flush", async () => {
  const output = new MemoryOutput();
  const printer = new Printer(output);
  printer.print("42\n");
  await output.until("42\n");
});

Deno.test("text that comes together, or during a write, is written together", async () => {
  using time = new FakeTime();
  const output = new MemoryOutput();
  const printer = new Printer(output, 20);
  output.pause();
  for (const text of ["a", "b"]) printer.print(text);
  await time.advance(0);
  for (const text of ["c", "dé"]) printer.print(text);
  output.resume();
  await time.advance(20);
  assertEquals(output.text, "abcdé");
  assertEquals(output.writes, [2, 4]);
});

Deno.test("a flush resolves when all is written, at once if nothing is pending", async () => {
  const output = new MemoryOutput();
  const printer = new Printer(output);
  await printer.flush();
  output.pause();
  printer.print("a");
  let isFlushed = false;
  const flushed = printer.flush().then(() => isFlushed = true);
  printer.print("b");
  await settle();
  assertEquals(isFlushed, false);
  output.resume();
  await flushed;
  assertEquals(output.text, "ab");
});

Deno.test("a printer is ready until 64 KiB are pending, and again once they are written", async () => {
  const output = new MemoryOutput();
  const printer = new Printer(output);
  printer.print("x".repeat(64 * 1024 - 1));
  assertEquals(printer.ready, undefined);
  printer.print("x");
  await printer.ready;
  assertEquals(output.text.length, 64 * 1024);
  assertEquals(printer.ready, undefined);
});

Deno.test("what a write leaves is written next", async () => {
  const output = new MemoryOutput();
  const printer = new Printer({
    write: (bytes) => output.write(bytes.subarray(0, 2)),
  });
  printer.print("12345");
  await printer.flush();
  assertEquals(output.writes, [2, 2, 1]);
  assertEquals(output.text, "12345");
});

Deno.test("after a write has failed, text is dropped and the error thrown", async () => {
  const failing = Promise.withResolvers<number>();
  const writes = [failing.promise];
  const output = new MemoryOutput();
  const printer = new Printer({
    write: (bytes) => writes.shift() ?? output.write(bytes),
  });
  printer.print("a");
  const flushed = printer.flush();
  printer.print("during the write");
  failing.reject(systemError("EPIPE"));
  await assertRejects(() => flushed, Deno.errors.BrokenPipe);
  printer.print("after it");
  assertThrows(() => printer.ready, Deno.errors.BrokenPipe);
  await assertRejects(() => printer.flush(), Deno.errors.BrokenPipe);
  assertEquals(output.text, "");
});
