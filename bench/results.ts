/** The arithmetic of the benchmark, and what it keeps.
 * @module */

/** What was measured in each turn of each round: one number, or several that belong together. */
export type Samples = number[][][];

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
export function medians(turns: number[][]): number[] {
  return turns[0].map((_, i) => median(turns.map((numbers) => numbers[i])));
}

/** The medians over all turns, rounded; after the first come the lowest and the highest of a round. */
export function summarize(samples: Samples): number[] {
  const rounds = samples.map((turns) => medians(turns)[0]);
  const [middle, ...others] = medians(samples.flat());
  return [middle, Math.min(...rounds), Math.max(...rounds), ...others]
    .map((number) => Number(number.toPrecision(3)));
}

/**
 * The median ratio of the first numbers, the lowest and the highest of a round, and the limit. A ratio is
 * that of two numbers from the same turn: noise that lasts longer than a turn is in both, and cancels out.
 */
export function compare(
  ours: Samples,
  theirs: Samples,
  limit: number,
): number[] {
  const ratios = ours.map((turns, round) =>
    turns.map(([own], turn) => [own / theirs[round][turn][0]])
  );
  return [...summarize(ratios), limit];
}

/** Says in one line whether a claim holds, given the result of {@linkcode compare}. */
export function verdict(claim: string, [middle, low, high, limit]: number[]) {
  const holds = middle <= limit ? "holds" : "does not hold";
  return `${holds}: ${claim}: ${middle} (${low}–${high}) ≤ ${limit}`;
}
