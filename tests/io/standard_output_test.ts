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

  /** How long each write takes, in milliseconds. */
  latency = 0;

  constructor() {
    const writer = new LineWriter(this.file);
    this.#output = new StandardOutput({
      write: async (bytes) => {
        if (this.latency > 0) await delay(this.latency);
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

/** Makes an output fast: it takes 1 MiB without delay. */
async function speedUp(output: TestOutput): Promise<void> {
  for (let count = 0; count < 1_024; count++) await output.write(lineOf(1_024));
  output.file.writes.length = 0;
}

/** Makes an output a non-blocking pipe with room for so many bytes. */
function fullPipe(output: TestOutput, room: number): void {
  const { WouldBlock } = Deno.errors;
  output.file.fail(new WouldBlock("Resource temporarily unavailable"), room);
}

const LENGTHS = [...Array(12).fill(100), 1_025, 9_000, ...Array(12).fill(100)];

Deno.test("up to 1 KiB of whole lines go out in a write, and up to 4 KiB of a longer line", async () => {
  const output = new TestOutput();
  const lines = LENGTHS.map(lineOf).join("");
  assertEquals(await output.writeAll(lines), lines.length);
  assertEquals(output.file.text, lines);
  assertEquals(
    output.file.writes,
    [1_000, 200, 1_025, 4_096, 4_096, 808 + 200, 1_000],
  );
});

Deno.test("on a fast output a longer line goes out with up to 1 KiB of lines after it", async () => {
  const output = new TestOutput();
  await speedUp(output);
  const lengths = [100, 1_025, 4_500, ...Array(12).fill(100)];
  await output.writeAll(lengths.map(lineOf).join(""));
  assertEquals(output.file.writes, [100, 1_025, 4_500 + 1_000, 200]);
});

Deno.test("a fast output gets 4 KiB at once if there is much more, until it is slow", async () => {
  using time = new FakeTime();
  const output = new TestOutput();
  await speedUp(output);
  const lines = lineOf(1_000).repeat(20);
  await output.writeAll(lines);
  assertEquals(output.file.writes, [
    ...Array(3).fill(4_000),
    ...Array(8).fill(1_000),
  ]);
  output.latency = 100;
  const writing = output.write(lineOf(10));
  await time.advance(100);
  await writing;
  output.latency = 0;
  output.file.writes.length = 0;
  await output.writeAll(lines);
  assertEquals(output.file.writes, Array(20).fill(1_000));
});

Deno.test("of a large write that fails in part, what follows begins a line", async () => {
  const cut = `${"1".repeat(50 + KEPT_BYTES)}\n`;
  const cases = [[100, lineOf(100).repeat(10)], [2_000, cut]] as const;
  for (const [length, text] of cases) {
    const output = new TestOutput();
    await speedUp(output);
    const start = output.file.text.length;
    output.file.fail(FULL, 50);
    assertEquals(await output.writeAll(lineOf(length).repeat(200)), 0);
    output.file.resume();
    assertEquals(await output.recover(), "");
    await output.write("end\n");
    assertEquals(output.file.text.slice(start), `${text}end\n`);
  }
});

Deno.test("a large write that fills a non-blocking pipe fails, as a part of it is lost", async () => {
  const output = new TestOutput();
  await speedUp(output);
  fullPipe(output, 50);
  const lines = lineOf(1_000).repeat(20);
  await assertRejects(() => output.write(lines), Deno.errors.WouldBlock);
  output.file.resume();
  await output.recover();
  await speedUp(output);
  await output.writeAll(lines);
  assertEquals(output.file.writes, Array(20).fill(1_000));
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
