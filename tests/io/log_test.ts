import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { lineWriter } from "../../io/log.ts";
import type { Output } from "../../io/write_all.ts";

/** A write that the output has been asked for and has not finished. */
interface Write {
  text: string;
  /** Finishes it, with all of its bytes taken or so many. */
  take(bytes?: number): void;
  /** Finishes it with an error. */
  fail(): void;
}

/** An output each of whose writes waits for the test. */
interface HeldOutput {
  output: Output;
  /** Waits for the next write. */
  nextWrite(): Promise<Write>;
  /** How many writes have begun before the last one had ended. */
  overlaps: number;
}

function heldOutput(): HeldOutput {
  const decoder = new TextDecoder();
  const writes = new TransformStream<Write, Write>(
    undefined,
    new CountQueuingStrategy({ highWaterMark: 100 }),
  );
  const asked = writes.writable.getWriter();
  const reader = writes.readable.getReader();
  let isWriting = false;
  const held: HeldOutput = {
    output: {
      write(bytes) {
        if (isWriting) held.overlaps++;
        isWriting = true;
        const { promise, resolve, reject } = Promise.withResolvers<number>();
        asked.write({
          text: decoder.decode(bytes, { stream: true }),
          take: (count = bytes.length) => resolve(count),
          fail: () => reject(new Deno.errors.BrokenPipe("Broken pipe")),
        });
        return promise.finally(() => isWriting = false);
      },
    },
    async nextWrite() {
      return (await reader.read()).value!;
    },
    overlaps: 0,
  };
  return held;
}

/** Takes every write to come, up to the one that has the text at its end. Returns all of them. */
async function takeUntil(
  end: RegExp,
  nextWrite: () => Promise<Write>,
): Promise<string> {
  let all = "";
  while (!end.test(all)) {
    const write = await nextWrite();
    all += write.text;
    write.take();
  }
  return all;
}

Deno.test("a line is written without waiting for another", async () => {
  const { output, nextWrite } = heldOutput();
  const { print, flush } = lineWriter(output);
  print("one");
  const write = await nextWrite();
  assertEquals(write.text, "one\n");
  write.take();
  await flush();
});

Deno.test("lines that come during a write follow it together, in their order", async () => {
  const held = heldOutput();
  const { print, flush } = lineWriter(held.output);
  print("one");
  const first = await held.nextWrite();
  print("two");
  print("");
  print("thrée");
  // Longer than lines are gathered: another write would have begun by now.
  await delay(50);
  first.take();
  const second = await held.nextWrite();
  assertEquals([first.text, second.text], ["one\n", "two\n\nthrée\n"]);
  second.take();
  await flush();
  assertEquals(held.overlaps, 0);
});

Deno.test("what a write leaves is written next", async () => {
  const { output, nextWrite } = heldOutput();
  const { print, flush } = lineWriter(output);
  print("one");
  (await nextWrite()).take(1);
  print("two");
  const rest = await nextWrite();
  assertEquals(rest.text, "ne\n");
  rest.take();
  const last = await nextWrite();
  assertEquals(last.text, "two\n");
  last.take();
  await flush();
});

Deno.test("a line that is longer than a write is written whole", async () => {
  const { output, nextWrite } = heldOutput();
  const { print } = lineWriter(output);
  const long = "€".repeat(600_000);
  print(long);
  print("end");
  assertEquals(await takeUntil(/end\n$/, nextWrite), `${long}\nend\n`);
});

Deno.test("flush waits for the output, and for nothing when all is written", async () => {
  const { output, nextWrite } = heldOutput();
  const { print, flush } = lineWriter(output);
  await flush();
  print("one");
  let flushed = false;
  const flushing = flush().then(() => flushed = true);
  const first = await nextWrite();
  print("two");
  first.take();
  const second = await nextWrite();
  assertEquals(flushed, false);
  second.take();
  await flushing;
  await flush();
});

Deno.test("an output that takes nothing has some lines kept and the others counted", async () => {
  const { output, nextWrite } = heldOutput();
  const { print, flush } = lineWriter(output);
  print("held");
  const held = await nextWrite();
  const line = "x".repeat(999_999);
  for (let count = 0; count < 20; count++) print(line);
  held.take();
  const written = await takeUntil(/written\n$/, nextWrite);
  const kept = written.split("\n").filter((text) => text === line).length;
  assert(kept >= 4 && kept <= 5, `${kept} MB are kept`);
  assertEquals(
    written,
    `${line}\n`.repeat(kept) +
      `Dropped ${20 - kept} lines that could not be written\n`,
  );
  print("after");
  assertEquals(await takeUntil(/after\n$/, nextWrite), "after\n");
  await flush();
});

Deno.test("lines that fail are counted until the output takes something again", async () => {
  const { output, nextWrite } = heldOutput();
  const { print, flush } = lineWriter(output);
  print("one");
  print("two");
  (await nextWrite()).fail();
  await flush();
  print("three");
  (await nextWrite()).fail();
  (await nextWrite()).fail();
  await flush();
  print("four");
  assertEquals(
    await takeUntil(/four\n$/, nextWrite),
    "Dropped 3 lines that could not be written\nfour\n",
  );
  await flush();
});

Deno.test("lines that came through before others failed are not counted", async () => {
  const { output, nextWrite } = heldOutput();
  const { print, flush } = lineWriter(output);
  print("held");
  const held = await nextWrite();
  const line = "x".repeat(40_000);
  for (let count = 0; count < 3; count++) print(line);
  held.take();
  const first = await nextWrite();
  assertEquals(first.text, `${line}\n`);
  first.take();
  (await nextWrite()).fail();
  await flush();
  print("end");
  assertEquals(
    await takeUntil(/end\n$/, nextWrite),
    "Dropped 2 lines that could not be written\nend\n",
  );
  await flush();
});

Deno.test("a single line that fails is told of in the singular", async () => {
  const { output, nextWrite } = heldOutput();
  const { print, flush } = lineWriter(output);
  print("one");
  (await nextWrite()).fail();
  await flush();
  print("two");
  assertEquals(
    await takeUntil(/two\n$/, nextWrite),
    "Dropped 1 line that could not be written\ntwo\n",
  );
  await flush();
});

Deno.test("lines of every script are written as UTF-8, however slow the output", async () => {
  let written = "";
  const decoder = new TextDecoder();
  const { print, flush } = lineWriter({
    async write(bytes) {
      await delay(1);
      // Looked at when the write ends: until then nothing else may come into these bytes.
      const taken = bytes.subarray(0, Math.ceil(bytes.length / 2));
      written += decoder.decode(taken, { stream: true });
      return taken.length;
    },
  });
  const lines: string[] = [];
  for (let count = 0; count < 100; count++) {
    for (const text of ["21", "é", "a٣", "x𝟘y", "", "\ud800"]) {
      lines.push(text.repeat(count));
      print(text.repeat(count));
    }
    await delay(0);
  }
  await flush();
  assertEquals(
    written.split("\n"),
    [...lines.map((line) => line.toWellFormed()), ""],
  );
});
