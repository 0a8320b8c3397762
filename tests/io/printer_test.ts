import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import fc from "fast-check";
import { lostLines, Printer } from "../../io/printer.ts";
import type { Output } from "../../io/stream.ts";
import { MemoryOutput } from "../support/environment.ts";
import { LineWriter } from "../support/line_writer.ts";
import { systemError } from "../support/system_error.ts";
import { FakeTime, settle } from "../support/time.ts";

/** A pipe takes up to so many bytes whole or not at all. */
const PAGE = 4096;
const MEBIBYTE = 1024 * 1024;
const DISK_FULL = systemError("ENOSPC");
const PROMPT = "Number: ";

/** A line that takes so many bytes with its line end. */
function lineOf(bytes: number): string {
  return "x".repeat(bytes - 1);
}

/** A printer and the time. Both of its outputs are in memory, behind what the test puts in front of them. */
class TestPrinter implements Disposable {
  readonly time = new FakeTime();
  readonly stdout = new MemoryOutput();
  readonly stderr: MemoryOutput;
  readonly printer: Printer;

  constructor(
    { isLossy = true, isShared = false, inFront = (it: Output) => it } = {},
  ) {
    this.stderr = isShared ? this.stdout : new MemoryOutput();
    this.printer = new Printer(
      inFront(this.stdout),
      inFront(this.stderr),
      isLossy,
    );
  }

  print(...lines: string[]): void {
    for (const line of lines) this.printer.print(line);
  }

  /** The lines that standard output has taken. The last is what follows the last line end. */
  get lines(): string[] {
    return this.stdout.text.split("\n");
  }

  /** What each write to standard output took. */
  get writes(): string[] {
    let end = 0;
    return this.stdout.writes.map((size) =>
      this.stdout.text.slice(end, end += size)
    );
  }

  [Symbol.dispose](): void {
    this.time[Symbol.dispose]();
  }
}

/** An output whose every write takes some time, in milliseconds. */
function slow(output: Output, ms: number): Output {
  return {
    async write(bytes) {
      await delay(ms);
      return await output.write(bytes);
    },
  };
}

/** Whether a promise is still pending. */
function isPending(promise: Promise<unknown> | undefined): Promise<boolean> {
  return Promise.race([
    promise!.then(() => false),
    settle().then(() => true),
  ]);
}

Deno.test("a line is written at once after a quiet spell, and those that follow are gathered for 50 ms, or until there is a hurry", async () => {
  using test = new TestPrinter();
  test.print("one");
  await test.time.advance(0);
  assertEquals(test.lines, ["one", ""]);
  test.print("two");
  await test.time.advance(10);
  test.print("", "three");
  await test.time.advance(39);
  assertEquals(test.lines, ["one", ""]);
  await test.time.advance(1);
  assertEquals(test.lines, ["one", "two", "", "three", ""]);
  assertEquals(test.stdout.writes.length, 2);
  test.print("four");
  test.printer.hurry();
  await settle();
  assertEquals(test.lines.at(-2), "four");
});

Deno.test("lines of both streams come out in the order in which they were printed", async () => {
  const line = fc.record({
    isError: fc.boolean(),
    length: fc.oneof({ weight: 9, arbitrary: fc.nat(99) }, fc.nat(9_000)),
    pause: fc.constantFrom(0, 0, 0, 1, 60),
  });
  await fc.assert(fc.asyncProperty(fc.array(line), async (lines) => {
    using test = new TestPrinter({
      isShared: true,
      isLossy: false,
      inFront: (output) => slow(output, 7),
    });
    const { printer } = test;
    let expected = "";
    for (const [index, { isError, length, pause }] of lines.entries()) {
      const line = `${index} `.padEnd(length, "x");
      expected += `${line}\n`;
      if (isError) printer.printError(line);
      else printer.print(line);
      if (pause > 0) await test.time.advance(pause);
    }
    const flushed = printer.flush();
    await test.time.advance(10_000);
    await flushed;
    assertEquals(test.stdout.text, expected);
  }));
});

Deno.test("every write is of whole lines that a pipe takes whole, in every script; of a longer line nothing comes between the parts", async () => {
  using test = new TestPrinter({ isShared: true });
  const lines = ["", "21", "é", "a٣", "x𝟘y"].flatMap((text) =>
    Array.from({ length: 200 }, (_, count) => text.repeat(count))
  );
  test.print(...lines);
  await test.printer.flush();
  assertEquals(test.lines, [...lines, ""]);
  const { writes, text } = test.stdout;
  const bytes = new TextEncoder().encode(text);
  let end = 0;
  for (const size of writes.splice(0)) {
    assert(size <= PAGE);
    assertEquals(bytes[(end += size) - 1], "\n".charCodeAt(0));
  }

  const long = "\\xff".repeat(1024);
  const parts = ["error", `Received: ${long}`, "next"];
  test.printer.printError(parts[0]);
  test.printer.print(parts[1]);
  test.printer.printError(parts[2]);
  await test.printer.flush();
  assertEquals(test.lines.slice(-4), [...parts, ""]);
  assertEquals(writes, [6, PAGE, 11, 5]);
});

Deno.test("a full pipe that does not block is tried again, without loss, duplicate or cut, a prompt included", async () => {
  for (const room of [0, 5, 8, 10, 30, 300, PAGE]) {
    const pipe = new MemoryOutput();
    let left = room;
    using test = new TestPrinter({
      isLossy: false,
      inFront: () =>
        new LineWriter({
          write(bytes) {
            if (bytes.length > left) throw new Deno.errors.WouldBlock();
            left -= bytes.length;
            return pipe.write(bytes);
          },
        }),
    });
    for (let count = 0; count < 50; count++) {
      test.print(`connected ${count}`);
      test.printer.printError(`trace ${"x".repeat(count * 20)}`);
      test.printer.print(PROMPT, "");
    }
    const expected = Array.from(
      { length: 50 },
      (_, count) => `connected ${count}\ntrace ${"x".repeat(count * 20)}\n`,
    ).join(PROMPT) + PROMPT;
    const flushed = test.printer.flush();
    for (let turn = 0; await isPending(flushed); turn++) {
      // A reader that takes little at a time, and now and then nothing.
      left = turn % 3 === 0 ? left : PAGE;
      await test.time.advance(4);
    }
    assertEquals(pipe.text, expected);
  }
});

Deno.test("an output that takes only a part is given the rest", async () => {
  using test = new TestPrinter({
    inFront: (it) => ({ write: (bytes) => it.write(bytes.subarray(0, 2)) }),
  });
  test.print("12345");
  await test.printer.flush();
  assertEquals(test.writes, ["12", "34", "5\n"]);
});

Deno.test("an output that has taken nothing for a second holds up only itself", async () => {
  using test = new TestPrinter();
  test.stdout.pause();
  test.printer.printError("before");
  test.print("held up");
  test.printer.printError("after");
  await test.time.advance(999);
  assertEquals(test.stderr.text, "before\n");
  await test.time.advance(1);
  assertEquals(test.stderr.text, "before\nafter\n");
  test.printer.printError("at once");
  await test.time.advance(50);
  assertEquals(test.stderr.text, "before\nafter\nat once\n");
  test.stdout.resume();
  await test.printer.flush();
  assertEquals(test.stdout.text, "held up\n");
});

Deno.test("ready is awaited while 1 MiB waits for an output that takes a page a second, and nothing is lost", async () => {
  using test = new TestPrinter({ inFront: (output) => slow(output, 999) });
  const lines = Array<string>(1024 + 39).fill(lineOf(1024));
  test.print(...lines.slice(0, 1000));
  assertEquals(test.printer.ready, undefined);
  test.print(...lines.slice(1000));
  // The excess goes in ten writes.
  const { ready } = test.printer;
  await test.time.advance(9 * 999);
  assert(await isPending(ready));
  await test.time.advance(999);
  assert(!await isPending(ready));
  assertEquals(test.printer.ready, undefined);
  await test.time.advance(1_000_000);
  assertEquals(test.lines, [...lines, ""]);
});

Deno.test("a lossy printer keeps 1 MiB for an output that has stalled, and counts what it drops in its place", async () => {
  using test = new TestPrinter();
  const { printer, time, stdout } = test;
  stdout.pause();
  const lines = Array<string>(5_000).fill(lineOf(1024));
  test.print(...lines.slice(0, 1_500));
  assert(await isPending(printer.ready));
  await time.advance(1_000);
  assertEquals(printer.ready, undefined);
  test.print(...lines.slice(1_500));
  printer.printError("still read");
  await time.advance(0);
  assertEquals(test.stderr.text, "still read\n");
  // It takes a little, a few lines come, and it stalls again.
  for (let count = 0; count < 500; count++) {
    stdout.takeOne();
    await time.advance(0);
  }
  test.print("between");
  await time.advance(1_100);
  test.print(...lines);
  stdout.resume();
  await time.advance(50);
  test.print("last");
  await printer.flush();
  const kinds = Map.groupBy(test.lines, (line) => line.slice(0, 9));
  assertEquals(kinds.get("between")?.length, 1);
  const reports = kinds.get("Lines tha")!.map((it) =>
    Number(it.split(": ")[1])
  );
  assertEquals(reports.length, 2);
  const order = test.lines.filter((line) => line.length < 100);
  assertEquals(
    order,
    [lostLines(reports[0]), "between", lostLines(reports[1]), "last", ""],
  );
  const written = kinds.get("x".repeat(9))!.length;
  assertEquals(written + reports[0] + reports[1], 10_000);
  assert(reports[0] >= 3_500 - 1 && written < 10_000 - 5_000);
});

Deno.test("after a failed write the log goes on at the start of a line, with a count of the lines that are lost at most", async () => {
  // Nothing of the first line fits, a part of it, all of it, and a part of the next.
  for (const room of [0, 2, 4, 6]) {
    using test = new TestPrinter();
    test.stdout.fail(DISK_FULL, room);
    test.print("one", "two");
    await test.time.advance(50);
    test.print("three");
    await test.time.advance(50);
    test.stdout.resume();
    test.print("four");
    await test.time.advance(50);
    assertEquals(
      test.stdout.text,
      `${"one\ntwo\n".slice(0, room)}\n${lostLines(3)}\nfour\n`,
    );
  }
});

Deno.test("a report that is itself cut off counts for what it reported", async () => {
  using test = new TestPrinter();
  test.stdout.fail(DISK_FULL);
  test.print("one");
  await test.time.advance(50);
  test.stdout.fail(DISK_FULL, 4);
  test.print("two");
  await test.time.advance(50);
  test.stdout.resume();
  test.print("three");
  await test.time.advance(50);
  assertEquals(test.lines, ["", "Lin", lostLines(2), "three", ""]);
});

Deno.test("whatever fails and whenever, lines and counts together are never too few, and each line stands for itself", async () => {
  const step = fc.record({
    lines: fc.array(fc.constantFrom(0, 20, 300, 1_500, 5_000), {
      maxLength: 9,
    }),
    room: fc.constantFrom(0, 1, 10, 1_000, 5_000, Infinity, Infinity),
    pause: fc.constantFrom(0, 10, 60, 1_200),
    isStuck: fc.boolean(),
  });
  await fc.assert(fc.asyncProperty(fc.array(step), async (steps) => {
    using test = new TestPrinter({ inFront: (it) => new LineWriter(it) });
    const { stdout, time } = test;
    const printed = new Set<string>();
    for (const { lines, room, pause, isStuck } of steps) {
      if (room < Infinity) stdout.fail(DISK_FULL, room);
      else if (isStuck) stdout.pause();
      else stdout.resume();
      for (const length of lines) {
        const line = `${printed.size} `.padEnd(length, "x");
        printed.add(line);
        test.print(line);
      }
      await time.advance(pause);
    }
    stdout.resume();
    const closed = test.printer.close(1_000);
    await time.advance(1_000);
    const left = await closed;
    const whole = test.lines.filter((line) => printed.has(line));
    const counts = test.lines.map((line) =>
      Number(/^Lines .+ at most: (\d+)$/.exec(line)?.[1] ?? 0)
    );
    const lost = counts.reduce((sum, count) => sum + count, left);
    assertEquals(new Set(whole).size, whole.length);
    assert(whole.length + lost >= printed.size);
    for (const line of test.lines) {
      const isReport = /^(L|Lines .+)$/.test(line) || line === "";
      assert(isReport || /^\d+( x*)?$/.test(line), line);
    }
  }));
});

Deno.test("close writes what is pending, what it takes at once even with no time left, and a report of what was lost", async () => {
  using test = new TestPrinter({ inFront: (output) => slow(output, 10) });
  assertEquals(await test.printer.close(1_000), 0);
  test.print("one");
  await test.time.advance(5);
  test.print("two");
  const closed = test.printer.close(1_000);
  await test.time.advance(50);
  assertEquals(await closed, 0);
  assertEquals(test.lines, ["one", "two", ""]);

  using other = new TestPrinter();
  other.stdout.fail(DISK_FULL);
  other.print("one", "two");
  await other.time.advance(50);
  other.stdout.resume();
  assertEquals(await other.printer.close(-1), 0);
  assertEquals(other.lines, ["", lostLines(2), ""]);
});

Deno.test("close returns when its time is up, with the lines that standard output has not taken, and gives way to standard error", async () => {
  using test = new TestPrinter();
  const { printer, time } = test;
  test.stdout.fail(DISK_FULL);
  test.print("one", "two");
  await time.advance(50);
  test.stdout.pause();
  test.print("three");
  await time.advance(50);
  test.print("four");
  printer.printError("error");
  const closed = printer.close(300);
  await time.advance(299);
  assert(await isPending(closed));
  assertEquals(test.stderr.text, "");
  await time.advance(1);
  assertEquals(await closed, 4);
  printer.printError(lostLines(4));
  const again = printer.close(200);
  await time.advance(200);
  assertEquals(await again, 4);
  assertEquals(test.stderr.text, `error\n${lostLines(4)}\n`);
});

Deno.test("a printer that is not lossy waits for ever", async () => {
  using test = new TestPrinter({ isLossy: false });
  test.stdout.pause();
  const lines = Array<string>(2_000).fill(lineOf(1024));
  test.print(...lines);
  test.printer.printError("error");
  const { ready } = test.printer;
  await test.time.advance(1_000_000);
  assert(await isPending(ready));
  assertEquals(test.stderr.text, "");
  test.stdout.resume();
  await ready;
  await test.printer.flush();
  assertEquals(test.lines, [...lines, ""]);
  assertEquals(test.stderr.text, "error\n");
});

Deno.test("a printer that is not lossy keeps the error of standard output, and writes nothing after it there", async () => {
  using test = new TestPrinter({ isLossy: false });
  const { printer } = test;
  test.stdout.fail(DISK_FULL, 6);
  test.print("one", "two", lineOf(MEBIBYTE), "three");
  printer.printError("error");
  assert(printer.ready !== undefined);
  await printer.flush();
  assertEquals(printer.error, DISK_FULL);
  test.stdout.resume();
  test.print("four");
  await printer.flush();
  assertEquals(printer.ready, undefined);
  assertEquals([test.stdout.text, test.stderr.text], ["one\ntw", "error\n"]);
  assertEquals(MEBIBYTE / PAGE, 256);
});
