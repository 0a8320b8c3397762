import { assert, assertEquals, assertMatch } from "@std/assert";
import { delay } from "@std/async/delay";
import fc from "fast-check";
import { LINE_FEED } from "../../io/lines.ts";
import { lostLines, Printer } from "../../io/printer.ts";
import type { Output } from "../../io/stream.ts";
import { MemoryOutput } from "../support/environment.ts";
import { systemError } from "../support/system_error.ts";
import { FakeTime, settle } from "../support/time.ts";

/** A pipe takes so many bytes whole or not at all. */
const PAGE = 4096;
const DISK_FULL = systemError("ENOSPC");

/** A line of 1 KiB, with its end. */
const KIBIBYTE = `${"é".repeat(511)}!`;

/** A printer with outputs in memory, and perhaps something in front of them. Time passes as the test says. */
class TestPrinter extends Printer implements Disposable {
  readonly time = new FakeTime();
  readonly stdout;
  readonly stderr;

  constructor({ isLossy = true, wrap = (output: Output) => output } = {}) {
    const [stdout, stderr] = [new MemoryOutput(), new MemoryOutput()];
    super(wrap(stdout), wrap(stderr), isLossy);
    this.stdout = stdout;
    this.stderr = stderr;
  }

  printAll(...lines: string[]): void {
    for (const line of lines) this.print(line);
  }

  [Symbol.dispose](): void {
    this.time[Symbol.dispose]();
  }
}

/** An output whose every write takes some time, in milliseconds. */
function slow(output: Output, ms: number): Output {
  return { write: (bytes) => delay(ms).then(() => output.write(bytes)) };
}

/** How much a `LineWriter` keeps, in bytes. */
const CAPACITY = 1024;

/** What is kept of bytes that could not be written. */
function keptOf(bytes: Uint8Array): Uint8Array {
  const head = bytes.slice(0, CAPACITY);
  if (bytes.length <= CAPACITY) return head;
  return head.slice(0, head.lastIndexOf(LINE_FEED) + 1 || CAPACITY);
}

/**
 * Rust's `LineWriter`, flushed after each write, which stands between `Deno.stdout` and a file or pipe: it
 * keeps what it could not write for the next write, and fails without saying so.
 */
class LineWriter implements Output {
  readonly #file: Output;
  #kept: Uint8Array = new Uint8Array();

  /** Creates a writer to the file. */
  constructor(file: Output) {
    this.#file = file;
  }

  /** Writes some of the bytes. */
  async write(bytes: Uint8Array): Promise<number> {
    await this.#flush();
    const lines = bytes.subarray(0, bytes.lastIndexOf(LINE_FEED) + 1);
    const isDirect = lines.length > 0 || bytes.length >= CAPACITY;
    const direct = lines.length > 0 ? lines : bytes;
    const size = isDirect ? await this.#file.write(direct) : 0;
    if (lines.length === 0 && isDirect) return size;
    this.#kept = keptOf((size < lines.length ? lines : bytes).subarray(size));
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

function isPending(promise: Promise<unknown> | undefined): Promise<boolean> {
  const resolved = promise!.then(() => false);
  return Promise.race([resolved, settle().then(() => true)]);
}

Deno.test("two writes may follow each other at once; lines that come within 50 ms of the first, or during a write, are then written together", async () => {
  using test = new TestPrinter();
  const { time, stdout } = test;
  for (const line of ["one", "two"]) {
    test.print(line);
    await settle();
    assert(stdout.text.endsWith(`${line}\n`));
  }
  test.print("three");
  await time.advance(49);
  test.printAll("", "four");
  assertEquals(stdout.text, "one\ntwo\n");
  await time.advance(1);
  assertEquals(stdout.text, "one\ntwo\nthree\n\nfour\n");
  stdout.pause();
  await time.advance(50);
  test.print("five");
  await time.advance(100);
  test.print("six");
  await time.advance(10);
  test.print("seven");
  await time.advance(40);
  test.print("eight");
  await time.advance(10);
  stdout.resume();
  await settle();
  assertEquals(stdout.writes.length, 6);
  test.print("at once");
  test.hurry();
  await settle();
  assert(stdout.text.endsWith("five\nsix\nseven\neight\nat once\n"));
});

Deno.test("lines of both streams come out in the order in which they were printed", async () => {
  const line = fc.record({
    isError: fc.boolean(),
    length: fc.oneof({ weight: 9, arbitrary: fc.nat(99) }, fc.nat(9_000)),
    pause: fc.constantFrom(0, 0, 0, 1, 60),
  });
  await fc.assert(fc.asyncProperty(fc.array(line), async (lines) => {
    const both = new MemoryOutput();
    using test = new TestPrinter({ isLossy: false, wrap: () => slow(both, 7) });
    let expected = "";
    for (const [index, { isError, length, pause }] of lines.entries()) {
      const line = `${index} `.padEnd(length, "x");
      expected += `${line}\n`;
      if (isError) test.printError(line);
      else test.print(line);
      if (pause > 0) await test.time.advance(pause);
    }
    const flushed = test.flush();
    await test.time.advance(10_000);
    await flushed;
    assertEquals(both.text, expected);
  }));
});

Deno.test("every write is of whole lines that a pipe takes whole; where one line is longer, nothing comes between its parts", async () => {
  const both = new MemoryOutput();
  using test = new TestPrinter({ wrap: () => both });
  const lines = ["", "21", "é", "a٣", "x𝟘y"].flatMap((text) =>
    Array.from({ length: 200 }, (_, count) => text.repeat(count))
  );
  test.printAll(...lines);
  await test.flush();
  assertEquals(both.text, lines.join("\n") + "\n");
  const bytes = new TextEncoder().encode(both.text);
  let end = 0;
  for (const size of both.writes.splice(0)) {
    assert(size <= PAGE);
    assertEquals(bytes[(end += size) - 1], 0x0a);
  }
  const long = `Received: ${"\\xff".repeat(1024)}`;
  test.printError("error");
  test.print(long);
  test.printError("next");
  await test.flush();
  assert(both.text.endsWith(`\nerror\n${long}\nnext\n`));
  assertEquals(both.writes, [6, PAGE, 11, 5]);
});

Deno.test("a full pipe that does not block is tried again, without loss, duplicate or cut, prompts included", async () => {
  const pipe = new MemoryOutput();
  let turn = 0;
  const nonBlocking: Output = {
    write(bytes) {
      const room = [0, 8, 30, 0, 300, PAGE][turn++ % 6];
      if (bytes.length > room) throw new Deno.errors.WouldBlock();
      return pipe.write(bytes);
    },
  };
  const wrap = () => new LineWriter(nonBlocking);
  using test = new TestPrinter({ isLossy: false, wrap });
  let expected = "";
  for (let count = 0; count < 50; count++) {
    const trace = `trace ${"x".repeat(20 * count)}`;
    test.print(`connected ${count}`);
    test.printError(trace);
    test.print("Prompt: ", "");
    test.hurry();
    expected += `connected ${count}\n${trace}\nPrompt: `;
  }
  const flushed = test.flush();
  while (await isPending(flushed)) await test.time.advance(10);
  assertEquals(pipe.text, expected);
});

Deno.test("an output that has taken nothing for a second holds up only itself, until it takes something", async () => {
  using test = new TestPrinter();
  const { time, stdout, stderr } = test;
  for (let round = 1; round <= 2; round++) {
    stdout.pause();
    test.printError("before");
    test.print("held up");
    test.printError("after");
    await time.advance(990);
    assertEquals(stderr.text.match(/after/g)?.length ?? 0, round * 2 - 2);
    await time.advance(60);
    test.printError("after");
    await time.advance(50);
    assertEquals(stderr.text, "before\nafter\nafter\n".repeat(round));
    stdout.resume();
    await test.flush();
    assertEquals(stdout.text, "held up\n".repeat(round));
  }
});

Deno.test("while 1 MiB waits for an output that takes a page a second, the printer is not ready, and nothing is lost", async () => {
  for (const print of ["print", "printError"] as const) {
    using test = new TestPrinter({ wrap: (output) => slow(output, 999) });
    for (let count = 1; count <= 1_063; count++) {
      test[print](KIBIBYTE);
      if (count === 1_000) assertEquals(test.ready, undefined);
    }
    const { ready } = test;
    // The excess is six pages of 7 KiB, for two writes each.
    await test.time.advance(11 * 999);
    assert(await isPending(ready));
    await test.time.advance(999);
    assert(!await isPending(ready) && test.ready === undefined);
    await test.time.advance(1_000_000);
    const { text } = print === "print" ? test.stdout : test.stderr;
    assertEquals(text, `${KIBIBYTE}\n`.repeat(1_063));
  }
});

Deno.test("a lossy printer keeps 1 MiB for an output that has stalled, and counts in their place the lines that it drops", async () => {
  using test = new TestPrinter();
  const { time, stdout } = test;
  stdout.pause();
  test.print("first");
  await time.advance(1_000);
  for (const last of ["between", "last"]) {
    test.printAll(...Array<string>(5_000).fill(KIBIBYTE));
    assertEquals(test.ready, undefined);
    stdout.resume();
    await time.advance(50);
    assertMatch(stdout.text, /at most: \d+\n$/);
    stdout.pause();
    test.print(last);
    await time.advance(1_100);
  }
  stdout.resume();
  await test.flush();
  const kept = (stdout.text.split(KIBIBYTE).length - 1) / 2;
  assert(kept >= 1_024 && kept <= 1_030, `${kept} lines were kept`);
  const report = lostLines(5_000 - kept);
  assertEquals(
    stdout.text.replaceAll(`${KIBIBYTE}\n`, ""),
    `first\n${report}\nbetween\n${report}\nlast\n`,
  );
});

Deno.test("whatever fails and whenever, no line is missing that is not counted in its place, and none begins within another", async () => {
  const step = fc.record({
    lengths: fc.array(fc.constantFrom(0, 20, 300, 1_500, 5_000)),
    pause: fc.constantFrom(0, 10, 60, 1_200),
    isStuck: fc.boolean(),
  });
  const rooms = fc.array(fc.constantFrom(0, 0, 1, 10, 1_000, 9_999));
  const all = fc.tuple(fc.array(step), rooms);
  await fc.assert(fc.asyncProperty(all, async ([steps, rooms]) => {
    const disk = new MemoryOutput();
    const file: Output = {
      write(bytes) {
        const room = rooms.pop() ?? Infinity;
        if (room === 0) throw DISK_FULL;
        return disk.write(bytes.subarray(0, room));
      },
    };
    using test = new TestPrinter({ wrap: () => new LineWriter(file) });
    const printed: string[] = [];
    for (const { lengths, pause, isStuck } of steps) {
      if (isStuck) disk.pause();
      else disk.resume();
      for (const length of lengths) {
        printed.push(`${printed.length} `.padEnd(length, "x"));
        test.print(printed.at(-1)!);
      }
      await test.time.advance(pause);
    }
    rooms.length = 0;
    disk.resume();
    assertEquals(await test.close(1_000), 0);
    let next = 0;
    for (const line of disk.text.split("\n")) {
      const index = printed.indexOf(line);
      if (index !== -1) assert(next++ >= index);
      else if (line.startsWith("L")) next += Number(line.split(": ")[1] ?? 0);
      else assert(/^(\d+( x*)?)?$/.test(line), line);
    }
    assert(next >= printed.length);
  }));
});

Deno.test("close returns when all is written, or its time is up, with the number of lines that it gives up", async () => {
  using test = new TestPrinter();
  const { stdout, stderr, time } = test;
  stdout.fail(DISK_FULL);
  test.printAll("one", "two");
  await time.advance(50);
  stdout.pause();
  test.print("three");
  await time.advance(50);
  test.print("four");
  test.printError("error");
  const closed = test.close(300);
  await time.advance(299);
  assertEquals([await isPending(closed), stderr.text], [true, ""]);
  await time.advance(1);
  assertEquals([await closed, stderr.text], [5, "error\n"]);
  // What is in flight may still come out.
  stdout.resume();
  await time.advance(50);
  test.print("five");
  // Even without time it writes what is taken at once.
  assertEquals(await test.close(-1), 0);
  assertEquals(stdout.text, `\n${lostLines(2)}\nthree\nfive\n`);
});

Deno.test("a printer that is not lossy waits for ever", async () => {
  using test = new TestPrinter({ isLossy: false });
  test.stdout.pause();
  test.printAll(...Array<string>(2_000).fill(KIBIBYTE));
  test.printError("error");
  await test.time.advance(1_000_000);
  assert(await isPending(test.ready));
  assertEquals(test.stderr.text, "");
  test.stdout.resume();
  await test.flush();
  assertEquals(test.stdout.text, `${KIBIBYTE}\n`.repeat(2_000));
  assertEquals(test.stderr.text, "error\n");
});

Deno.test("a printer that is not lossy keeps the error of standard output, and writes nothing more there", async () => {
  using test = new TestPrinter({ isLossy: false });
  test.stdout.fail(DISK_FULL, 6);
  test.printAll("one", "two", KIBIBYTE.repeat(9), "three");
  test.printError("error");
  await test.flush();
  assertEquals(test.error, DISK_FULL);
  test.stdout.resume();
  test.print("four");
  await test.flush();
  assertEquals([test.stdout.text, test.stderr.text], ["one\ntw", "error\n"]);
});
