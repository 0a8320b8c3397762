import { assertEquals } from "@std/assert";
import { Timer } from "../../io/timer.ts";
import { FakeTime } from "../support/time.ts";

/** A timer, and the times at which it has called back. */
function recorded() {
  const timer = new Timer();
  const calls: number[] = [];
  const set = (ms: number) =>
    timer.set(ms, () => calls.push(performance.now()));
  return { timer, calls, set };
}

Deno.test("a timer that is set again has its new time only, whether later or earlier", async () => {
  using time = new FakeTime();
  const { calls, set } = recorded();
  set(50);
  await time.advance(20);
  set(50);
  await time.advance(100);
  set(50);
  set(10);
  await time.advance(100);
  assertEquals(calls, [70, 130]);
});

Deno.test("a timer calls back once, when its time is up, unless it is cleared", async () => {
  using time = new FakeTime();
  const { timer, calls, set } = recorded();
  set(50);
  timer.clear();
  assertEquals(timer.isSet, false);
  await time.advance(20);
  set(50);
  assertEquals(timer.isSet, true);
  await time.advance(1_000);
  assertEquals(calls, [70]);
  assertEquals(timer.isSet, false);
});

Deno.test("setting and clearing repeatedly uses one wake-up", async () => {
  using time = new FakeTime();
  const { timer, set } = recorded();
  for (let i = 0; i < 100; i++) {
    set(50);
    timer.clear();
  }
  assertEquals(time.signals, 1);
  await time.advance(50);
  assertEquals(time.signals, 0);
});

Deno.test("a timer that wakes up late waits once more, for its time again and a second at most", async () => {
  const cases: [set: number, frozen: number[], called: number][] = [
    [0, [500], 500],
    [50, [70], 70],
    [50, [71], 121],
    [5_000, [9_000], 10_000],
    // Once more, not twice.
    [5_000, [9_000, 2_000], 11_000],
  ];
  for (const [ms, frozen, called] of cases) {
    using time = new FakeTime();
    const { calls, set } = recorded();
    set(ms);
    for (const frozenMs of frozen) time.freeze(frozenMs);
    await time.advance(10_000);
    assertEquals(calls, [called]);
    set(50);
    time.freeze(100);
    await time.advance(100);
    assertEquals(calls.length, 2, "it may wait again when it is set again");
  }
});
