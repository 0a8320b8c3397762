/** The arithmetic of the benchmark, and what it keeps. @module */

/** What was measured in each round: one number, or more that belong together. */
export type Samples = number[][];

/** What `bench/results.json` holds. */
export interface Results {
  about: string;
  /** By claim what {@linkcode compare} gave. */
  bounds: Record<string, number[]>;
  /** The name, and by load what {@linkcode summarize} gave. */
  contenders: Record<string, string | number[]>[];
}

/** The middle of some values: of an even number, the mean of the two in the middle. */
export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1] + sorted[Math.floor(middle)]) / 2;
}

/** The smallest value that at least this share of all does not exceed: the nearest rank. */
export function percentile(values: number[], share: number): number {
  const rank = Math.ceil(share * values.length);
  return Float64Array.from(values).sort()[rank - 1] ?? NaN;
}

/** The median, lowest and highest of the first numbers, and the medians of the others, rounded. */
export function summarize(samples: Samples): number[] {
  const [first, ...others] = samples[0].map((_, i) => samples.map((s) => s[i]));
  const [lowest, highest] = [Math.min(...first), Math.max(...first)];
  return [median(first), lowest, highest, ...others.map(median)]
    .map((number) => Number(number.toPrecision(3)));
}

/**
 * The median, lowest and highest ratio of the first numbers, and the limit. Each ratio is taken within a
 * round, as both ran on the same machine in the same minute, and only then the median over the rounds.
 */
export function compare(
  ours: Samples,
  theirs: Samples,
  limit: number,
): number[] {
  const ratios = ours.map(([value], round) => [value / theirs[round][0]]);
  return [...summarize(ratios), limit];
}

/** Says in one line whether a claim holds, by what {@linkcode compare} gave. */
export function verdict(claim: string, [middle, low, high, limit]: number[]) {
  const holds = middle <= limit ? "holds" : "does not hold";
  return `${holds}: ${claim}: ${middle} (${low}–${high}) ≤ ${limit}`;
}
