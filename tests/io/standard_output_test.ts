import { assertEquals } from "@std/assert";
import { StandardOutput } from "../../io/standard_output.ts";
import type { Output } from "../../io/stream.ts";
import { MemoryOutput } from "../support/environment.ts";
import { systemError } from "../support/system_error.ts";

const KEPT_BYTES = 1024;
const LINE_FEED = 0x0a;
const FULL = systemError("ENOSPC");

const encoder = new TextEncoder();

/** A file behind Rust's `LineWriter`, as `Deno.stdout` is. A line end has to be the last byte of a write. */
class LineWriter {
  readonly #file: Output;
  #kept = new Uint8Array();

  constructor(file: Output) {
    this.#file = file;
  }

  async write(bytes: Uint8Array): Promise<number> {
    await this.#flush();
    if (bytes.at(-1) !== LINE_FEED && bytes.length >= KEPT_BYTES) {
      return await this.#file.write(bytes);
    }
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

  get keptLines(): number {
    return this.#output.keptLines;
  }

  async write(text: string): Promise<number> {
    return await this.#output.write(encoder.encode(text));
  }

  /** Writes all of a text, and returns how much of it was taken before an error. */
  async writeAll(text: string): Promise<number> {
    let taken = 0;
    try {
      while (taken < text.length) taken += await this.write(text.slice(taken));
    } catch (error) {
      assertEquals(error, FULL);
    }
    return taken;
  }
}

Deno.test("lines go out in writes of up to 1 KiB, and a longer one in writes of 4 KiB without its end", async () => {
  const output = new TestOutput();
  const lines = `${"1".repeat(99)}\n`.repeat(12) +
    `${"2".repeat(9_000)}\nend\n`;
  assertEquals(await output.writeAll(lines), lines.length);
  assertEquals(output.file.text, lines);
  assertEquals(output.file.writes, [1_000, 200, 4_096, 4_096, 813]);
});

Deno.test("a write of which nothing is taken fails, and the next one is unaffected", async () => {
  const output = new TestOutput();
  assertEquals(await output.write("one\n"), 4);
  output.file.fail(FULL);
  assertEquals(await output.writeAll("two\n"), 0);
  assertEquals(output.keptLines, 0);
  output.file.resume();
  assertEquals(await output.write("three\n"), 6);
  assertEquals(output.file.text, "one\nthree\n");
});

Deno.test("a write that is kept for later succeeds, and those after it fail until it is written", async () => {
  const output = new TestOutput();
  output.file.fail(FULL, 2);
  assertEquals(await output.writeAll("one\n"), 4);
  assertEquals(output.keptLines, 1);
  assertEquals(await output.writeAll("two\n"), 0);
  output.file.resume();
  assertEquals(await output.write("three\n"), 6);
  assertEquals(output.keptLines, 0);
  assertEquals(output.file.text, "one\nthree\n");
});

Deno.test("however much room a disk has left, what was taken of the lines comes out, and no more", async () => {
  const line = (length: number) => `${"1".repeat(length - 1)}\n`;
  const lines = [500, 500, 500, 1_500, 1_025, 100, 9_000, 10].map(line).join(
    "",
  );
  for (let room = 0; room <= lines.length; room += 7) {
    const output = new TestOutput();
    output.file.fail(FULL, room);
    const taken = await output.writeAll(lines);
    output.file.resume();
    await output.write("end\n");
    assertEquals(output.file.text, `${lines.slice(0, taken)}end\n`);
  }
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
