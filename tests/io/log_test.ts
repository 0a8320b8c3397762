import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { droppedLines, Log, type LogOutput } from "../../io/log.ts";
import { StandardOutput } from "../../io/standard_output.ts";
import type { Output } from "../../io/stream.ts";
import { MemoryOutput } from "../support/environment.ts";
import { LineWriter } from "../support/line_writer.ts";
import { systemError } from "../support/system_error.ts";
import { FakeTime, settle } from "../support/time.ts";

const KIBIBYTE = 1024;
const MEBIBYTE = 1024 * KIBIBYTE;

/** A line of so many bytes, an even number, including its line end. */
function lineOf(bytes: number): string {
  return "é".repeat(bytes / 2 - 1) + "!";
}

const LONG = lineOf(MEBIBYTE);

/** An output whose every write takes some time, in milliseconds. */
function slow(output: Output, ms: number): Output {
  return {
    async write(bytes) {
      await delay(ms);
      return await output.write(bytes);
    },
  };
}

/** An output that takes 4 KiB at a time. */
function small(output: Output): Output {
  return { write: (bytes) => output.write(bytes.subarray(0, 4 * KIBIBYTE)) };
}

/** A log, its output, and the time. */
class TestLog implements Disposable {
  readonly time = new FakeTime();
  readonly output = new MemoryOutput();
  readonly log: Log;
  #isWriting = false;

  constructor(wrap: (output: Output) => LogOutput = (output) => output) {
    const output = wrap(this.output);
    this.log = new Log({
      recover: async () => await output.recover?.() ?? new Uint8Array(),
      write: async (bytes) => {
        assert(!this.#isWriting, "a write began before the last one ended");
        this.#isWriting = true;
        try {
          return await output.write(bytes);
        } finally {
          this.#isWriting = false;
        }
      },
    });
  }

  print(...lines: string[]): void {
    for (const line of lines) this.log.print(line);
  }

  /** The lines that the output has taken. The last is what follows the last line end. */
  get lines(): string[] {
    return this.output.text.split("\n");
  }

  [Symbol.dispose](): void {
    this.time[Symbol.dispose]();
  }
}

/** Whether a promise has resolved. */
async function isResolved(
  promise: Promise<void> | undefined,
): Promise<boolean> {
  return await Promise.race([
    promise!.then(() => true),
    settle().then(() => false),
  ]);
}

Deno.test("a line is written at once after a quiet spell, and those that follow are gathered", async () => {
  using test = new TestLog();
  test.print("one");
  await test.time.advance(0);
  assertEquals(test.lines, ["one", ""]);
  test.print("two");
  await test.time.advance(10);
  test.print("", "thrée");
  await test.time.advance(39);
  assertEquals(test.lines, ["one", ""]);
  await test.time.advance(1);
  assertEquals(test.lines, ["one", "two", "", "thrée", ""]);
  assertEquals(test.output.writes.length, 2);
  await test.time.advance(50);
  test.print("four");
  await test.time.advance(0);
  assertEquals(test.output.writes.length, 3);
});

Deno.test("lines printed during a write follow it together", async () => {
  using test = new TestLog();
  test.output.pause();
  test.print("one");
  await test.time.advance(100);
  test.print("two");
  await test.time.advance(100);
  test.print("three");
  test.output.resume();
  await test.time.advance(50);
  assertEquals(test.lines, ["one", "two", "three", ""]);
  assertEquals(test.output.writes.length, 2);
});

Deno.test("lines of every script are written whole and in order, however the output takes them", async () => {
  using test = new TestLog((output) => ({
    async write(bytes) {
      await delay(1);
      return await output.write(bytes.subarray(0, Math.ceil(bytes.length / 2)));
    },
  }));
  const expected: string[] = [];
  for (let count = 0; count < 50; count++) {
    for (const text of ["21", "é", "a٣", "x𝟘y", "", "\ud800"]) {
      const line = text.repeat(count);
      expected.push(line.toWellFormed());
      test.print(line);
    }
    await test.time.advance(1);
  }
  await test.time.advance(1_000);
  assertEquals(test.lines, [...expected, ""]);
});

Deno.test("a line that is longer than the buffer is written whole", async () => {
  using test = new TestLog();
  const long = "€".repeat(600_000);
  test.print(long, "end");
  await test.time.advance(0);
  assertEquals(test.lines, [long, "end", ""]);
});

Deno.test("an output that takes nothing at first is written to again", async () => {
  let attempts = 0;
  using test = new TestLog((output) => ({
    write: async (bytes) => attempts++ === 0 ? 0 : await output.write(bytes),
  }));
  test.print("one");
  await test.time.advance(0);
  assertEquals(test.lines, ["one", ""]);
});

Deno.test("nothing is dropped within a second, however much is printed", async () => {
  using test = new TestLog();
  test.output.pause();
  test.print("first");
  await test.time.advance(999);
  const lines = Array<string>(6).fill(LONG);
  test.print(...lines);
  test.output.resume();
  await test.time.advance(50);
  assertEquals(test.lines, ["first", ...lines, ""]);
});

Deno.test("for a stalled output 4 MiB are kept, and dropped lines are reported in their place", async () => {
  using test = new TestLog();
  test.output.pause();
  test.print("first");
  await test.time.advance(1_000);
  test.print(...Array<string>(10).fill(LONG));
  test.output.resume();
  await test.time.advance(0);
  // Now it takes something again.
  test.print("last");
  await test.time.advance(50);
  assertEquals(
    test.lines,
    ["first", ...Array(4).fill(LONG), droppedLines(6), "last", ""],
  );
});

Deno.test("a report of dropped lines does not wait for another line", async () => {
  using test = new TestLog();
  test.output.pause();
  test.print("first");
  await test.time.advance(1_000);
  test.print(...Array<string>(5).fill(LONG));
  test.output.resume();
  await test.time.advance(50);
  assertEquals(test.lines.slice(-2), [droppedLines(1), ""]);
});

/**
 * A log that has dropped a line, and then taken another, when the output took a little. It still has to
 * write 4 MiB in four lines, the report and that line.
 */
async function dropOneOf(test: TestLog): Promise<void> {
  test.output.pause();
  test.print("first");
  await test.time.advance(1_000);
  test.print(...Array<string>(5).fill(LONG));
  test.output.takeOne();
  await test.time.advance(0);
  test.print("between");
}

Deno.test("lines printed between two drops stand between their reports", async () => {
  using test = new TestLog();
  await dropOneOf(test);
  await test.time.advance(1_000);
  test.print(LONG, LONG);
  test.output.resume();
  await test.time.advance(50);
  assertEquals(test.lines, [
    "first",
    ...Array(4).fill(LONG),
    ...[droppedLines(1), "between", droppedLines(2), ""],
  ]);
});

Deno.test("lines that could not be written are counted until some can be", async () => {
  using test = new TestLog();
  test.output.fail(systemError("ENOSPC"));
  test.print("one", "two");
  await test.time.advance(1_000);
  test.print("three");
  await test.time.advance(1_000);
  test.output.resume();
  test.print("four");
  await test.time.advance(0);
  assertEquals(test.lines, [droppedLines(3), "four", ""]);
});

Deno.test("once a full disk has room again the log continues at the start of a line, with the exact count", async () => {
  const error = systemError("ENOSPC");
  // Within a line, and at the end of one.
  for (const [room, taken] of [[6, "one\ntw\n"], [8, "one\ntwo\n"]] as const) {
    using test = new TestLog();
    test.output.fail(error, room);
    test.print("one", "two", "three");
    await test.time.advance(0);
    test.output.resume();
    test.print("four");
    await test.time.advance(50);
    const lost = room === 6 ? 2 : 1;
    assertEquals(test.output.text, `${taken}${droppedLines(lost)}\nfour\n`);
  }
});

Deno.test("a report that is itself cut off is followed by another", async () => {
  using test = new TestLog();
  test.output.fail(systemError("ENOSPC"));
  test.print("one");
  await test.time.advance(0);
  test.output.fail(systemError("ENOSPC"), 4);
  test.print("two");
  await test.time.advance(50);
  test.output.resume();
  test.print("three");
  await test.time.advance(50);
  assertEquals(test.lines, ["Drop", droppedLines(2), "three", ""]);
});

Deno.test("a log is ready until 1 MiB is pending, and again once the output has caught up", async () => {
  using test = new TestLog((output) => slow(output, 1));
  test.print("first");
  await test.time.advance(0);
  test.print(lineOf(MEBIBYTE - 8), "");
  assertEquals(test.log.ready, undefined);
  test.print("");
  const { ready } = test.log;
  assertEquals(test.log.ready, ready);
  test.print("more than the first");
  await test.time.advance(1);
  assert(!await isResolved(ready));
  // Nothing is gathered any more.
  await test.time.advance(1);
  assert(await isResolved(ready));
  assertEquals(test.log.ready, undefined);
  await test.time.advance(50);
});

Deno.test("reports of dropped lines leave the log as ready as before", async () => {
  using test = new TestLog();
  for (const room of [0, 4, Infinity]) {
    test.output.fail(systemError("ENOSPC"), room);
    test.print("line");
    await test.time.advance(50);
  }
  test.output.pause();
  test.print(lineOf(MEBIBYTE - 2), "");
  assertEquals(test.log.ready, undefined);
  test.print("");
  const { ready } = test.log;
  assert(ready !== undefined);
  test.output.resume();
  await ready;
  await test.time.advance(50);
});

Deno.test("while the output makes progress the log is not ready, and nothing is dropped", async () => {
  using test = new TestLog((output) => slow(small(output), 999));
  const lines = Array<string>(KIBIBYTE + 39).fill(lineOf(KIBIBYTE));
  test.print(...lines);
  const { ready } = test.log;
  // The excess goes in ten writes of 4 KiB each.
  await test.time.advance(9 * 999);
  assert(!await isResolved(ready));
  await test.time.advance(999);
  assert(await isResolved(ready));
  await test.time.advance(1_000_000);
  assertEquals(test.lines, [...lines, ""]);
});

Deno.test("an output that takes nothing for a second holds nothing up", async () => {
  using test = new TestLog();
  test.output.pause();
  test.print(LONG, "more");
  const { ready } = test.log;
  await test.time.advance(999);
  assert(!await isResolved(ready));
  await test.time.advance(1);
  assert(await isResolved(ready));
  assertEquals(test.log.ready, undefined);
  test.output.resume();
  await test.time.advance(50);
  assertEquals(test.lines, [LONG, "more", ""]);
});

Deno.test("an output that fails holds nothing up", async () => {
  using test = new TestLog();
  test.output.fail(systemError("ENOSPC"));
  test.print(LONG, "more");
  await test.log.ready;
  assertEquals(test.log.ready, undefined);
  assertEquals(await test.log.close(0), 2);
});

Deno.test("close writes what is pending, and nothing is lost", async () => {
  using test = new TestLog((output) => slow(output, 10));
  assertEquals(await test.log.close(1_000), 0);
  test.print("one");
  await test.time.advance(5);
  test.print("two");
  const closed = test.log.close(1_000);
  await test.time.advance(50);
  assertEquals(await closed, 0);
  assertEquals(test.lines, ["one", "two", ""]);
});

Deno.test("close counts the lines that the output has not taken in time", async () => {
  using test = new TestLog();
  await dropOneOf(test);
  const closed = test.log.close(1_000);
  await test.time.advance(1_000);
  assertEquals(await closed, 4 + 1 + 1);
  // The output takes the rest late, up to the report.
  while (!test.output.text.endsWith(`${LONG}\n`.repeat(4))) {
    test.output.takeOne();
    await test.time.advance(0);
  }
  const late = test.log.close(0);
  await test.time.advance(0);
  assertEquals(await late, 1 + 1);
});

Deno.test("close also counts lines dropped after the last one kept", async () => {
  using test = new TestLog();
  test.output.pause();
  test.print("one");
  await test.time.advance(1_000);
  test.print(...Array<string>(5).fill(LONG));
  const closed = test.log.close(1_000);
  await test.time.advance(1_000);
  assertEquals(await closed, 6);
});

Deno.test("close counts dropped lines whose report was not written", async () => {
  using test = new TestLog();
  test.output.fail(systemError("ENOSPC"), 2);
  test.print("one", "two");
  assertEquals(await test.log.close(1_000), 2);
  test.output.pause();
  test.print("three");
  const closed = test.log.close(1_000);
  await test.time.advance(1_000);
  assertEquals(await closed, 3);
});

Deno.test("close writes what the output takes at once, even with no time left", async () => {
  using test = new TestLog();
  test.print("one");
  assertEquals(await test.log.close(-1), 0);
  assertEquals(test.lines, ["one", ""]);
});

function standardOutput(output: Output): LogOutput {
  return new StandardOutput(new LineWriter(output));
}

Deno.test("lines that come out late are not missing", async () => {
  for (const dropped of [[], ["four"]]) {
    using test = new TestLog(standardOutput);
    test.output.fail(systemError("ENOSPC"), 6);
    test.print("one", "two", "three");
    await test.time.advance(50);
    assertEquals(test.output.text, "one\ntw");
    test.print(...dropped);
    await test.time.advance(50);
    test.output.resume();
    test.print("last");
    await test.time.advance(50);
    const report = dropped.map(() => droppedLines(1));
    assertEquals(test.lines, ["one", "two", "three", ...report, "last", ""]);
  }
});

/** Leaves a report of two lines in the middle, and a third line missing. */
async function cutReport(test: TestLog): Promise<void> {
  test.output.fail(systemError("ENOSPC"));
  test.print("one", "two");
  await test.time.advance(50);
  test.output.fail(systemError("ENOSPC"), 4);
  test.print("three");
  await test.time.advance(50);
  assertEquals(test.output.text, "Drop");
}

Deno.test("a report that comes out late is not repeated", async () => {
  using test = new TestLog(standardOutput);
  await cutReport(test);
  test.output.resume();
  test.print("four");
  await test.time.advance(50);
  assertEquals(test.lines, [droppedLines(2), droppedLines(1), "four", ""]);
});

Deno.test("close counts the lines of a report that is still to come out", async () => {
  using test = new TestLog(standardOutput);
  await cutReport(test);
  assertEquals(await test.log.close(1_000), 3);
});

Deno.test("close reports what is missing where it is missing, if the output works again", async () => {
  using test = new TestLog();
  test.output.fail(systemError("ENOSPC"));
  test.print("one", "two");
  await test.time.advance(50);
  test.output.resume();
  assertEquals(await test.log.close(1_000), 0);
  assertEquals(test.lines, [droppedLines(2), ""]);
});
