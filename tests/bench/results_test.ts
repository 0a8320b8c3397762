import { assertEquals } from "@std/assert";
import {
  compare,
  median,
  medians,
  percentile,
  summarize,
  verdict,
} from "../../bench/results.ts";

Deno.test("median is the middle value, or the mean of the two in the middle", () => {
  assertEquals(median([3, 1, 2]), 2);
  assertEquals(median([4, 1, 3, 2]), 2.5);
  assertEquals(median([10, 9]), 9.5);
  assertEquals(median([]), NaN);
});

Deno.test("medians are of numbers in the same place", () => {
  assertEquals(medians([[1, 30], [3, 10], [2, 20]]), [2, 20]);
});

Deno.test("percentile is the nearest rank", () => {
  const hundred = Array.from({ length: 100 }, (_, i) => i + 1);
  assertEquals(percentile(hundred, 0.5), 50);
  assertEquals(percentile(hundred, 0.99), 99);
  assertEquals(percentile(hundred, 1), 100);
  assertEquals(percentile([7], 0.01), 7);
  assertEquals(percentile([], 0.5), NaN);
});

Deno.test("summarize gives the medians over all turns, and the range of the rounds", () => {
  const rounds = [[[30, 1], [10, 3], [20, 2]], [[50, 9]]];
  assertEquals(summarize(rounds), [25, 20, 50, 2.5]);
  assertEquals(summarize([[[5]]]), [5, 5, 5]);
});

Deno.test("summarize rounds to three significant digits", () => {
  assertEquals(summarize([[[48_156, 0.089477]]]), [
    48_200,
    48_200,
    48_200,
    0.0895,
  ]);
});

Deno.test("compare takes the ratio within a turn, and only then the median", () => {
  // The machine became slower from turn to turn; the ratio changed in one turn only.
  const theirs = [[[10], [20]], [[40]]];
  const ours = [[[15], [60]], [[60]]];
  assertEquals(compare(ours, theirs, 1.25), [1.5, 1.5, 2.25, 1.25]);
});

Deno.test("verdict says that a bound holds as long as the median does not exceed it", () => {
  assertEquals(
    verdict("a / b, 8 busy", [1.05, 0.98, 1.31, 1.05]),
    "holds: a / b, 8 busy: 1.05 (0.98–1.31) ≤ 1.05",
  );
  assertEquals(
    verdict("a / b, 8 busy", [1.06, 0.98, 1.31, 1.05]),
    "does not hold: a / b, 8 busy: 1.06 (0.98–1.31) ≤ 1.05",
  );
});
