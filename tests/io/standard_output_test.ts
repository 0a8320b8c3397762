import { assertEquals, assertRejects } from "@std/assert";
import { delay } from "@std/async/delay";
import { StandardOutput } from "../../io/standard_output.ts";
import { MemoryOutput } from "../support/environment.ts";
import { LineWriter } from "../support/line_writer.ts";
import { systemError } from "../support/system_error.ts";
import { FakeTime } from "../support/time.ts";

const KEPT_BYTES = 1024;
const FULL = systemError("ENOSPC");

const encoder = new TextEncoder();

/** Standard output that goes to a file. */
class TestOutput {
  readonly file = new MemoryOutput();
  readonly #output: StandardOutput;

  /** Creates an output whose every write takes some time, in milliseconds. */
  constructor(latency = 0) {
    const writer = new LineWriter(this.file);
    this.#output = new StandardOutput({
      async write(bytes) {
        if (latency > 0) await delay(latency);
        return await writer.write(bytes);
      },
    });
  }

  async write(text: string): Promise<number> {
    return await this.#output.write(encoder.encode(text));
  }

  /** Writes all of a text. Returns how much of it was taken before an error. */
  async writeAll(text: string): Promise<number> {
    let taken = 0;
    try {
      while (taken < text.length) taken += await this.write(text.slice(taken));
    } catch (error) {
      assertEquals(error, FULL);
    }
    return taken;
  }

  async recover(): Promise<string> {
    return new TextDecoder().decode(await this.#output.recover());
  }
}

function lineOf(length: number): string {
  return `${"1".repeat(length - 1)}\n`;
}

const LENGTHS = [...Array(12).fill(100), 1_025, 9_000, ...Array(12).fill(100)];

Deno.test("up to 1 KiB of whole lines go out in a write, and after a longer line", async () => {
  const output = new TestOutput();
  const lines = LENGTHS.map(lineOf).join("");
  assertEquals(await output.writeAll(lines), lines.length);
  assertEquals(output.file.text, lines);
  assertEquals(
    output.file.writes,
    [1_000, 200, 1_025, 9_000 + 1_000, 200],
  );
});

Deno.test("to a slow output a longer line goes in writes of up to 4 KiB", async () => {
  using time = new FakeTime();
  const output = new TestOutput(20);
  const lines = LENGTHS.map(lineOf).join("");
  const writing = output.writeAll(lines);
  await time.advance(1_000);
  assertEquals(await writing, lines.length);
  assertEquals(output.file.text, lines);
  assertEquals(
    output.file.writes,
    [1_000, 200, 1_025, 4_096, 4_096, 808 + 200, 1_000],
  );
});

Deno.test("a write of which nothing is taken fails, and the next one is unaffected", async () => {
  const output = new TestOutput();
  assertEquals(await output.write("one\n"), 4);
  output.file.fail(FULL);
  assertEquals(await output.writeAll("two\n"), 0);
  output.file.resume();
  assertEquals(await output.recover(), "");
  assertEquals(await output.write("three\n"), 6);
  assertEquals(output.file.text, "one\nthree\n");
});

Deno.test("a failed write that is kept for later comes out whole", async () => {
  const output = new TestOutput();
  output.file.fail(FULL, 2);
  assertEquals(await output.writeAll("one\n"), 0);
  await assertRejects(() => output.recover(), Error, FULL.message);
  output.file.resume();
  assertEquals(await output.recover(), "one\n");
  assertEquals(await output.recover(), "");
  assertEquals(await output.write("two\n"), 4);
  assertEquals(output.file.text, "one\ntwo\n");
});

Deno.test("a longer line of which a part is lost is cut off", async () => {
  const output = new TestOutput();
  output.file.fail(FULL, 2);
  assertEquals(await output.writeAll(lineOf(2_000)), 0);
  output.file.resume();
  assertEquals(await output.recover(), "");
  await output.write("two\n");
  assertEquals(output.file.text, `${"1".repeat(2 + KEPT_BYTES)}\ntwo\n`);
});

Deno.test("however much room a disk has left, what was taken of the lines and recovered comes out, and no more", async () => {
  const lines = [500, 500, 500, 1_024, 100, 900, 10].map(lineOf).join("");
  for (let room = 0; room <= lines.length; room += 7) {
    const output = new TestOutput();
    output.file.fail(FULL, room);
    const taken = lines.slice(0, await output.writeAll(lines));
    output.file.resume();
    const recovered = await output.recover();
    await output.write("end\n");
    assertEquals(output.file.text, `${taken}${recovered}end\n`);
  }
});

/** A pipe that is non-blocking, with room for so many bytes. */
function fullPipe(output: TestOutput, room: number): void {
  const { WouldBlock } = Deno.errors;
  output.file.fail(new WouldBlock("Resource temporarily unavailable"), room);
}

Deno.test("a full pipe that is non-blocking takes nothing, which is no failure", async () => {
  const output = new TestOutput();
  fullPipe(output, 0);
  assertEquals(await output.write("one\n"), 0);
  output.file.resume();
  assertEquals(await output.write("one\n"), 4);
  assertEquals(output.file.text, "one\n");
});

Deno.test("a write that fills a non-blocking pipe waits until the rest is out", async () => {
  using time = new FakeTime();
  const output = new TestOutput();
  fullPipe(output, 2);
  const writing = output.write("one\n");
  await time.advance(100);
  assertEquals(output.file.text, "on");
  output.file.resume();
  await time.advance(10);
  assertEquals(await writing, 4);
  assertEquals(output.file.text, "one\n");
});
