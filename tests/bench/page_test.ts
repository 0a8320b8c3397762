import { assertEquals } from "@std/assert";
import { compare, median } from "../../bench/page.ts";

/** Samples of turns, of which `NaN` stands for one in which nothing was measured. */
function samples(...values: number[]): number[] {
  const list: number[] = [];
  for (const [turn, value] of values.entries()) {
    if (value > 0) list[turn] = value;
  }
  return list;
}

Deno.test("median is the middle value, or the upper of the two in the middle", () => {
  assertEquals([median([3, 1, 2]), median([4, 1, 10, 2])], [2, 4]);
  assertEquals(median(samples(NaN, NaN, 5, NaN, 4, 6)), 5);
});

Deno.test("compare takes ratios within a turn, and only then their median and its error", () => {
  // The machine became slower from turn to turn.
  const [ours, theirs] = [samples(10, 40, 120, 90), samples(10, 20, 40, NaN)];
  assertEquals(compare(ours, theirs), [2, 1.86 / Math.sqrt(3)]);
});
