/** Writes what the benchmark has found into `docs/performance.md`, and draws `docs/benchmark.svg`.
 * @module */

import type { Contender } from "./contenders.ts";

/** Who is compared with whom, under which loads, the bound of the ratio, and the other's load if it is one. */
const BOUNDS: [string, string, RegExp, number, string?][] = [
  ["tcpcalc", "Python, one at a time", /busy/, 1],
  ["tcpcalc", "Go", /busy/, 1],
  ["tcpcalc", "Node", /busy/, 1],
  ["tcpcalc", "Deno bare loop", /\d busy, µ/, 1.05],
  ["tcpcalc client", "Python client", /input of \d{3}/, 1.25],
  ["tcpcalc client", "Deno bare client", /input of \d{3}/, 1.05],
  ["tcpcalc --version, compiled", "python3 -c pass", /start/, 1],
  ["tcpcalc", "tcpcalc", /×|digits/, 4, "a short message, µs"],
];

/** The middle value, or the upper of the two in the middle. Turns without one do not count. */
export function median(values: number[]): number {
  const sorted = values.filter(isFinite).sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

/**
 * The median of the ratios within a turn, as noise that lasts longer is in both and cancels out, and its
 * standard error: for values with a normal distribution, 1.86 times their median deviation over √n.
 */
export function compare(ours: number[], theirs: number[]): [number, number] {
  const ratios = ours.map((own, turn) => own / theirs[turn]).filter(isFinite);
  const middle = median(ratios);
  const deviations = ratios.map((ratio) => Math.abs(ratio - middle));
  return [middle, 1.86 * median(deviations) / Math.sqrt(ratios.length)];
}

/** A line for each bound. Bold is what exceeds it by more than two standard errors. */
function comparisons(all: Contender[]): string {
  const named = Object.fromEntries(all.map((own) => [own.name, own.samples]));
  return BOUNDS.map(([ours, theirs, loads, bound, than]) => {
    const [own, other] = [named[ours] ?? {}, named[theirs] ?? {}];
    const ratios = Object.keys(own).filter((load) => loads.test(load))
      .filter((load) => other[than ?? load]).map((load) => {
        const [middle, error] = compare(own[load], other[than ?? load]);
        const ratio = `${middle.toFixed(2)} ± ${error.toFixed(2)}`;
        const mark = middle - 2 * error > bound ? "**" : "";
        return `${mark}${ratio}${mark} (${load.replace(/, .s$/, "")})`;
      });
    return `- ${ours} / ${than?.slice(0, -4) ?? theirs} ≤ ${bound}: ${
      ratios.join(", ")
    }`;
  }).join("\n");
}

/** A table of contenders, with the median of what was measured. */
function table(some: Contender[]): string {
  const all = Object.assign({}, ...some.map((own) => own.samples));
  const loads = Object.keys(all).filter((load) => /busy|mem|in|st/.test(load));
  const cell = (values?: number[]) => values && median(values).toPrecision(3);
  const rows = some.map(({ name, samples }) =>
    [name].concat(loads.map((load) => cell(samples[load]) ?? ""))
  );
  return [["", ...loads], ["-", ...loads.map(() => "-:")], ...rows]
    .map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** A bar for each server: its processor time for a request of one of 64 busy clients. */
function chart(servers: Contender[]): string {
  const bars = servers.map(({ name, samples }, i) => {
    const [time, y] = [median(samples["64 busy, µs"]), 24 * i + 44];
    const color = name.startsWith("tcpcalc") ? "#3b8ee0" : "#a3a3a3";
    return `<text x="160" y="${y}" text-anchor="end">${name}</text>
<rect x="170" y="${y - 14}" width="${4 * time}" height="18" fill="${color}"/>
<text x="${4 * time + 176}" y="${y}">${time.toFixed()}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 290"
 font-family="sans-serif" font-size="13" fill="#767676">
<text x="170" y="16">Processor time of a server for a request, in µs: less is better</text>
${bars.join("\n")}
</svg>
`;
}

/** Writes page and picture. */
export function writePage(about: string, all: Contender[]): void {
  const servers = all.filter(({ kind }) => kind === "server");
  const others = all.filter(({ kind }) => kind !== "server");
  const results = [comparisons(all), table(servers), table(others)];
  const page = Deno.readTextFileSync("docs/performance.md").replace(
    /(?<=ignore-start -->\n)[^]*(?=<!-- .*-end)/,
    () => `\n${results.join("\n\n")}\n\nMeasured on ${about}.\n\n`,
  );
  Deno.writeTextFileSync("docs/performance.md", page);
  Deno.writeTextFileSync("docs/benchmark.svg", chart(servers));
}
