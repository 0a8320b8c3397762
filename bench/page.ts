/** Puts the results into `docs/performance.md`, between its two comments.
 * @module */

import { type Results, verdict } from "./results.ts";

const { about, bounds, contenders }: Results = JSON
  .parse(Deno.readTextFileSync("bench/results.json"));
const SERVERS = `1 busy 0 µs,8 busy 0 µs,64 busy 0 µs,256 busy 0 µs,\
1 busy + 500 idle 0 µs,64 busy 3 requests/s,64 busy 4 p50 ms,64 busy 5 p99 ms,\
64 busy 6 MiB,1 busy + 10000 idle 7 KiB each,first answer 0 ms`;
const CLIENTS = `input of 1 0 ms,input of 3000 0 ms,input of 3000 3 MiB,\
input of 20000 3 MiB,start 0 ms`;

/** A table of the contenders with such columns. A column is a load, the index of a figure, and its unit. */
function table(list: string): string {
  const columns = [...list.matchAll(/([^,]+) (\d) ([^,]+)/g)];
  const head = columns.map(([, load, , unit]) => `${load}, ${unit}`);
  const rows = contenders.map((own) => [
    own.name,
    ...columns.map(([, load, index]) => own[load]?.[Number(index)] ?? ""),
  ]).filter(([, ...cells]) => cells.join(""));
  return [["", ...head], ["-", ...head.map(() => "-:")], ...rows]
    .map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

const section = `<!-- results -->

Measured on ${about}.

${table(SERVERS)}

${table(CLIENTS)}

${Object.entries(bounds).map((bound) => `- ${verdict(...bound)}`).join("\n")}

<!-- end of results -->`;

const page = Deno.readTextFileSync("docs/performance.md")
  .replace(/<!-- results -->[^]*<!-- end of results -->/, () => section);
Deno.writeTextFileSync("docs/performance.md", page);
