import { assertEquals } from "@std/assert";
import { compare, median } from "../../bench/page.ts";

Deno.test("median is the middle value, or the upper of the two in the middle", () => {
  assertEquals([median([3, 1, 2]), median([4, 1, 10, 2])], [2, 4]);
});

Deno.test("compare takes ratios within a turn, and only then their median and its error", () => {
  // The machine became slower from turn to turn.
  assertEquals(compare([10, 40, 120], [10, 20, 40]), [2, 1.86 / Math.sqrt(3)]);
});
