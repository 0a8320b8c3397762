/**
 * What the benchmark measures, and the arithmetic on it.
 *
 * @module
 */

/** A load: how many clients ask at the same time, and how many others are connected and silent. */
export interface Load {
  /** The clients that ask one thing after the other. */
  clients: number;
  /** The clients that only connect. */
  silent: number;
}

/** One server under one load, once. */
export interface LoadRun extends Load {
  /** The server's name. */
  server: string;
  /** The round, from 0. */
  round: number;
  /** How many exchanges were answered. */
  requests: number;
  /** How many were refused, reset, or not answered by the end. */
  unanswered: number;
  /** How long it took. */
  seconds: number;
  /** Processor time of the server, all its threads, in seconds. */
  serverCpu: number;
  /** Processor time of the load generator, in seconds. */
  generatorCpu: number;
  /** Processor time of the whole machine, in seconds. */
  machineCpu: number;
  /** The median latency in milliseconds, from before the connection to the reply. */
  median: number;
  /** The 99th percentile of the latency in milliseconds. */
  p99: number;
  /** The server's resident memory after the load, in MiB. */
  memory: number;
}

/** How long one server took to start, once. */
export interface StartRun {
  /** The server's name. */
  server: string;
  /** Milliseconds from the start of the process until it says that it listens. */
  listening: number;
  /** Milliseconds from the start of the process until its first client has the answer. */
  answered: number;
}

/** What idle connections cost one server, once. */
export interface IdleRun {
  /** The server's name. */
  server: string;
  /** How many connections were open, all of them silent. */
  connections: number;
  /** The server's resident memory, in MiB. */
  memory: number;
}

/** All that one run of the benchmark found. */
export interface Results {
  /** When it began, as in ISO 8601. */
  date: string;
  /** What it ran on. */
  machine: { cpu: string; cores: number; os: string };
  /** The versions of what ran, where it is there. */
  versions: Record<string, string | undefined>;
  /** How many rounds there were, and how long each load lasted. */
  options: { rounds: number; seconds: number };
  /** Every load of every server in every round. */
  loads: LoadRun[];
  /** Every start. */
  starts: StartRun[];
  /** Every measurement of idle connections. */
  idle: IdleRun[];
  /** What could not be measured, and why. */
  notes: string[];
}

/** The server that the others are compared with. */
export const BASELINE = "bare loop";

/** The share of a processor from which it counts as busy all the time. */
const BUSY = 0.95;

/** The medians over all rounds of one server under one load. */
export interface Summary {
  /** The server's name. */
  server: string;
  /** Processor time for one request, in microseconds. */
  cpu: number;
  /** That time as a multiple of the baseline's in the same round. */
  ratio: { median: number; lowest: number; highest: number };
  /** Answers in a second. */
  rate: number;
  /** The median latency in milliseconds. */
  median: number;
  /** The 99th percentile of the latency in milliseconds. */
  p99: number;
  /** The server's resident memory after the load, in MiB. */
  memory: number;
  /** How many exchanges went unanswered, in all rounds together. */
  unanswered: number;
  /** Whether the generator or the machine was at its limit, not the server alone. */
  limited: boolean;
}

/**
 * The middle of some values: of an even number, the mean of the two in the middle.
 *
 * @param values The values, in any order.
 * @returns Their median, `NaN` of none.
 */
export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1] + sorted[Math.floor(middle)]) / 2;
}

/**
 * The smallest value that at least this share of all values does not exceed (the nearest rank).
 *
 * @param sorted The values, in ascending order.
 * @param share The share, above 0 and up to 1.
 * @returns The value, `NaN` where there is none.
 */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.ceil(share * sorted.length) - 1] ?? NaN;
}

/** Processor time of the server for one request, in microseconds. */
export function cpuPerRequest({ serverCpu, requests }: LoadRun): number {
  return 1e6 * serverCpu / requests;
}

/**
 * Sums up what was measured under one load. The ratio to the baseline is taken within each round, where
 * both ran on the same machine in the same minute, and only then the median over the rounds.
 *
 * @param results What was measured.
 * @param load The load.
 * @returns A summary for each server that was under this load, in the order in which they first ran.
 */
export function summarize(
  { loads, machine }: Pick<Results, "loads" | "machine">,
  load: Load,
): Summary[] {
  const runs = loads.filter(({ clients, silent }) =>
    clients === load.clients && silent === load.silent
  );
  const baseline = new Map(
    runs.filter(({ server }) => server === BASELINE)
      .map((run) => [run.round, cpuPerRequest(run)]),
  );
  return [...Map.groupBy(runs, ({ server }) => server)].map(([server, own]) => {
    const ratios = own.map((run) =>
      cpuPerRequest(run) / (baseline.get(run.round) ?? NaN)
    );
    const medianOf = (value: (run: LoadRun) => number) =>
      median(own.map(value));
    return {
      server,
      cpu: medianOf(cpuPerRequest),
      ratio: {
        median: median(ratios),
        lowest: Math.min(...ratios),
        highest: Math.max(...ratios),
      },
      rate: medianOf(({ requests, seconds }) => requests / seconds),
      median: medianOf((run) => run.median),
      p99: medianOf((run) => run.p99),
      memory: medianOf((run) => run.memory),
      unanswered: own.reduce((sum, run) => sum + run.unanswered, 0),
      limited: medianOf((run) => run.generatorCpu / run.seconds) >= BUSY ||
        medianOf((run) => run.machineCpu / run.seconds) >= BUSY * machine.cores,
    };
  });
}
