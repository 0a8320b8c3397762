/**
 * The results of the benchmark as text: tables in Markdown, which a terminal shows as well.
 *
 * @module
 */

import {
  BASELINE,
  type Load,
  median,
  type Results,
  summarize,
  type Summary,
} from "./results.ts";

/**
 * Says in words what a load is.
 *
 * @param load The load.
 * @returns The words, such as `8 clients`.
 */
export function describeLoad({ clients, silent }: Load): string {
  const asking = clients === 1 ? "1 client" : `${clients} clients`;
  return silent === 0 ? asking : `${asking} beside ${silent} silent ones`;
}

/** A table in Markdown, its first column aligned to the left, the others to the right. */
function table(rows: string[][]): string {
  const widths = rows[0].map((_, column) =>
    Math.max(...rows.map((row) => row[column].length))
  );
  const [head, ...body] = rows.map((row) =>
    row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column])
    )
  );
  const rule = widths.map((width, column) =>
    column === 0 ? "-".repeat(width) : "-".repeat(width - 1) + ":"
  );
  return [head, rule, ...body]
    .map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n");
}

function integer(value: number): string {
  return Math.round(value).toLocaleString("en");
}

function rate({ rate, limited }: Summary): string {
  return integer(rate) + (limited ? " *" : "");
}

function ratio({ server, ratio }: Summary): string {
  if (server === BASELINE) return "1";
  const { median, lowest, highest } = ratio;
  return `${median.toFixed(2)} (${lowest.toFixed(2)}–${highest.toFixed(2)})`;
}

/** The medians of each server's starts. */
function startTimes({ starts }: Results): Map<string, string[]> {
  return new Map(
    [...Map.groupBy(starts, ({ server }) => server)].map(([server, own]) => [
      server,
      [
        integer(median(own.map(({ listening }) => listening))),
        integer(median(own.map(({ answered }) => answered))),
      ],
    ]),
  );
}

/**
 * What most readers want to know: the README's table.
 *
 * @param results What was measured.
 * @returns The table, in Markdown.
 */
export function overview(results: Results): string {
  const loads = [1, 8, 64].map((clients) => ({ clients, silent: 0 }));
  const starts = startTimes(results);
  const [one, eight, many] = loads.map((load) => summarize(results, load));
  return table([
    [
      "",
      ...loads.map((load) => `µs a request, ${describeLoad(load)}`),
      "requests/s",
      "MiB",
      "first answer after ms",
    ],
    ...many.map((summary, i) => [
      summary.server,
      ...[one[i], eight[i], summary].map(({ cpu }) => cpu.toFixed(1)),
      rate(summary),
      integer(summary.memory),
      starts.get(summary.server)![1],
    ]),
  ]);
}

/** All about one load. */
function loadTable(results: Results, load: Load): string {
  return table([
    [
      describeLoad(load),
      "µs a request",
      `× ${BASELINE}`,
      "requests/s",
      "median ms",
      "99 % ms",
      "MiB",
      "unanswered",
    ],
    ...summarize(results, load).map((summary) => [
      summary.server,
      summary.cpu.toFixed(1),
      ratio(summary),
      rate(summary),
      summary.median.toFixed(3),
      summary.p99.toFixed(3),
      integer(summary.memory),
      integer(summary.unanswered),
    ]),
  ]);
}

/** The starts, and the memory with idle connections. */
function idleTable(results: Results): string {
  const byCount = Map.groupBy(results.idle, ({ connections }) => connections);
  const counts = [...byCount.keys()];

  function memory(server: string, connections: number): string {
    const runs = byCount.get(connections)!
      .filter((run) => run.server === server);
    return runs.length > 0
      ? integer(median(runs.map((run) => run.memory)))
      : "";
  }

  return table([
    [
      "start, and idle connections",
      "listening ms",
      "first answer ms",
      ...counts.map((count) => `MiB with ${integer(count)}`),
    ],
    ...[...startTimes(results)].map(([server, times]) => [
      server,
      ...times,
      ...counts.map((count) => memory(server, count)),
    ]),
  ]);
}

/** How many cores others kept busy: not the server, and not the load generator. */
function otherCores({ loads }: Results): number {
  return median(
    loads.map(({ machineCpu, serverCpu, generatorCpu, seconds }) =>
      (machineCpu - serverCpu - generatorCpu) / seconds
    ),
  );
}

/**
 * All tables, and what is to be known about them.
 *
 * @param results What was measured.
 * @returns The text, without its last newline.
 */
export function report(results: Results): string {
  const { date, machine, versions, options, loads, notes } = results;
  const { rounds, seconds } = options;
  const versionList = Object.entries(versions)
    .filter(([, version]) => version !== undefined)
    .map(([name, version]) => `${name} ${version}`);
  const distinctLoads = new Map(loads.map((run) => [describeLoad(run), run]));
  return [
    `${machine.cpu}, ${machine.cores} cores, ${machine.os}, ${
      date.slice(0, 10)
    }`,
    `${versionList.join(", ")}; medians of ${rounds} rounds of ${seconds} s`,
    overview(results),
    ...[...distinctLoads.values()].map((load) => loadTable(results, load)),
    idleTable(results),
    `µs a request: processor time of the server process, all its threads
× ${BASELINE}: the median of the ratios within a round (lowest–highest)
requests/s and MiB of the first table: with 64 clients
unanswered: refused, reset, or without an answer 1 s after the end; no part of the other figures
*: the load generator took a whole core, or the machine's cores were all busy, so requests/s and
   latencies may be their limit, not the server's; processor time is the server's none the less
tcpcalc, compiled: dist/tcpcalc as it was found, on the Deno that it was compiled with
other processes kept ${
      otherCores(results).toFixed(1)
    } cores busy meanwhile (median)`,
    ...notes,
  ].join("\n\n");
}
