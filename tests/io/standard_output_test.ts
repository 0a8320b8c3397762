import { assertEquals, assertRejects } from "@std/assert";
import { StandardOutput } from "../../io/standard_output.ts";
import type { Output } from "../../io/stream.ts";
import { MemoryOutput } from "../support/environment.ts";
import { systemError } from "../support/system_error.ts";

const KEPT_BYTES = 1024;
const FULL = systemError("ENOSPC");

/** A file behind Rust's `LineWriter`, as `Deno.stdout` is. Writes have to be of whole lines. */
class LineWriter {
  readonly #file: Output;
  #kept = new Uint8Array();

  constructor(file: Output) {
    this.#file = file;
  }

  async write(bytes: Uint8Array): Promise<number> {
    await this.#flush();
    const size = await this.#file.write(bytes.slice());
    this.#kept = bytes.slice(size, size + KEPT_BYTES);
    const taken = size + this.#kept.length;
    await this.#flush();
    return taken;
  }

  async #flush(): Promise<void> {
    while (this.#kept.length > 0) {
      this.#kept = this.#kept.subarray(await this.#file.write(this.#kept));
    }
  }
}

/** Standard output that goes to a file. */
class TestOutput {
  readonly file = new MemoryOutput();
  readonly #output = new StandardOutput(new LineWriter(this.file));

  async write(text: string): Promise<number> {
    return await this.#output.write(new TextEncoder().encode(text));
  }

  async assertFails(text: string): Promise<void> {
    await assertRejects(() => this.write(text), Error, FULL.message);
  }
}

Deno.test("a write of which nothing is taken fails, and the next one is unaffected", async () => {
  const output = new TestOutput();
  assertEquals(await output.write("one\n"), 4);
  output.file.fail(FULL);
  await output.assertFails("two\n");
  output.file.resume();
  assertEquals(await output.write("three\n"), 6);
  assertEquals(output.file.text, "one\nthree\n");
});

Deno.test("a write that is kept for later succeeds, and those after it fail until it is written", async () => {
  const output = new TestOutput();
  output.file.fail(FULL, 2);
  assertEquals(await output.write("one\n"), 4);
  await output.assertFails("two\n");
  output.file.resume();
  assertEquals(await output.write("three\n"), 6);
  assertEquals(output.file.text, "one\nthree\n");
});

Deno.test("a large write that is taken in part fails, and the next begins a new line", async () => {
  const output = new TestOutput();
  output.file.fail(FULL, 2);
  const line = "1".repeat(KEPT_BYTES + 10);
  await output.assertFails(`${line}\n`);
  output.file.resume();
  assertEquals(await output.write("two\n"), 4);
  assertEquals(output.file.text, `${line.slice(0, 2 + KEPT_BYTES)}\ntwo\n`);
});

Deno.test("a full pipe that is non-blocking takes nothing, which is no failure", async () => {
  const output = new TestOutput();
  output.file.fail(
    new Deno.errors.WouldBlock("Resource temporarily unavailable"),
  );
  assertEquals(await output.write("one\n"), 0);
  output.file.resume();
  assertEquals(await output.write("one\n"), 4);
  assertEquals(output.file.text, "one\n");
});
