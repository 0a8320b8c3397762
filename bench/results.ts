/** The arithmetic of the benchmark, and what it keeps.
 * @module */

/** What was measured in each round: one number, or several that belong together. */
export type Samples = number[][];

/** What `bench/results.json` holds. */
export interface Results {
  about: string;
  /** By claim, the result of {@linkcode compare}. */
  bounds: Record<string, number[]>;
  /** The name, and by load the result of {@linkcode summarize}. */
  contenders: Record<string, string | number[]>[];
}

/** The middle value; of an even number of values, the mean of the two in the middle. */
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

/** The median of the first numbers, of the second ones, and so on. */
export function medians(samples: Samples): number[] {
  return samples[0].map((_, i) => median(samples.map((sample) => sample[i])));
}

/** The median, lowest and highest of the first numbers, and the medians of the others, rounded. */
export function summarize(samples: Samples): number[] {
  const first = samples.map(([number]) => number);
  const [middle, ...others] = medians(samples);
  return [middle, Math.min(...first), Math.max(...first), ...others]
    .map((number) => Number(number.toPrecision(3)));
}

/**
 * The median, lowest and highest ratio of the first numbers, and the limit. Ratios are taken within a
 * round, where both ran in the same minute, and only then the median over the rounds.
 */
export function compare(
  ours: Samples,
  theirs: Samples,
  limit: number,
): number[] {
  const ratios = ours.map(([value], round) => [value / theirs[round][0]]);
  return [...summarize(ratios), limit];
}

/** Says in one line whether a claim holds, given the result of {@linkcode compare}. */
export function verdict(claim: string, [middle, low, high, limit]: number[]) {
  const holds = middle <= limit ? "holds" : "does not hold";
  return `${holds}: ${claim}: ${middle} (${low}–${high}) ≤ ${limit}`;
}
