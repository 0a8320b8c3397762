import {
  assertAlmostEquals,
  assertEquals,
  assertStringIncludes,
} from "@std/assert";
import { overview } from "../bench/report.ts";
import {
  BASELINE,
  type LoadRun,
  median,
  percentile,
  type Results,
  summarize,
} from "../bench/results.ts";
import { programTest } from "../tests/support/permissions.ts";

const MACHINE = { cpu: "", cores: 2, os: "" };
const LOAD = { clients: 8, silent: 0 };

function loadRun(run: Partial<LoadRun>): LoadRun {
  return {
    ...LOAD,
    server: BASELINE,
    round: 0,
    requests: 1_000_000,
    unanswered: 0,
    seconds: 10,
    serverCpu: 10,
    generatorCpu: 5,
    machineCpu: 15,
    median: 1,
    p99: 2,
    memory: 50,
    ...run,
  };
}

Deno.test("median is the middle value, or the mean of the two in the middle", () => {
  assertEquals(median([3, 1, 2]), 2);
  assertEquals(median([4, 1, 3, 2]), 2.5);
  assertEquals(median([10, 9]), 9.5);
  assertEquals(median([]), NaN);
});

Deno.test("percentile is the nearest rank", () => {
  const hundred = Array.from({ length: 100 }, (_, i) => i + 1);
  assertEquals(percentile(hundred, 0.5), 50);
  assertEquals(percentile(hundred, 0.99), 99);
  assertEquals(percentile(hundred, 1), 100);
  assertEquals(percentile([7], 0.01), 7);
  assertEquals(percentile([], 0.5), NaN);
});

Deno.test("summarize compares within a round, and only then takes the median", () => {
  // The machine became slower from round to round; the ratio did not change but for one round.
  const loads = [10, 20, 40].flatMap((serverCpu, round) => [
    loadRun({ round, serverCpu }),
    loadRun({
      round,
      server: "other",
      serverCpu: serverCpu * (round === 1 ? 3 : 1.5),
    }),
  ]);
  const [baseline, other] = summarize({ loads, machine: MACHINE }, LOAD);
  assertEquals(baseline.server, BASELINE);
  assertEquals(baseline.ratio, { median: 1, lowest: 1, highest: 1 });
  assertAlmostEquals(baseline.cpu, 20);
  assertEquals(other.server, "other");
  assertEquals(other.ratio, { median: 1.5, lowest: 1.5, highest: 3 });
  assertAlmostEquals(other.cpu, 60);
});

Deno.test("summarize keeps loads apart", () => {
  const loads = [loadRun({}), loadRun({ silent: 500 })];
  assertEquals(summarize({ loads, machine: MACHINE }, LOAD).length, 1);
  const clients = { clients: 64, silent: 0 };
  assertEquals(summarize({ loads, machine: MACHINE }, clients), []);
});

Deno.test("summarize takes the median of each figure, and the sum of what went unanswered", () => {
  const loads = [
    loadRun({ round: 0, median: 1, p99: 9, memory: 40, unanswered: 1 }),
    loadRun({ round: 1, median: 3, p99: 8, memory: 60, unanswered: 2 }),
    loadRun({ round: 2, median: 2, p99: 7, memory: 50, requests: 500_000 }),
  ];
  const [summary] = summarize({ loads, machine: MACHINE }, LOAD);
  assertEquals(summary.median, 2);
  assertEquals(summary.p99, 8);
  assertEquals(summary.memory, 50);
  assertEquals(summary.rate, 100_000);
  assertEquals(summary.unanswered, 3);
});

Deno.test("summarize tells when the load generator or the machine was at its limit", () => {
  function limited(run: Partial<LoadRun>): boolean {
    const loads = [loadRun(run)];
    return summarize({ loads, machine: MACHINE }, LOAD)[0].limited;
  }
  assertEquals(limited({}), false);
  assertEquals(limited({ generatorCpu: 9.8 }), true);
  assertEquals(limited({ machineCpu: 19.8 }), true);
});

programTest("the README shows what the last benchmark measured", async () => {
  const read = (file: string) =>
    Deno.readTextFile(new URL(`../${file}`, import.meta.url));
  const results: Results = JSON.parse(await read("bench/results.json"));
  const readme = await read("README.md");
  assertStringIncludes(readme, overview(results));
  for (const fact of [results.machine.cpu, results.date.slice(0, 10)]) {
    assertStringIncludes(readme, fact);
  }
});
