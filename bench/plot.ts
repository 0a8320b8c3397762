/**
 * Says how `bench/results.json` is to be drawn, in Vega-Lite's language: `deno task plot` has the picture
 * `docs/benchmark.svg` drawn from it. The drawing is a program of its own, so its many packages are not
 * in `deno.lock`, of which `deno task` fetches every one.
 *
 * @module
 */

import { describeLoad } from "./report.ts";
import { cpuPerRequest, type Results } from "./results.ts";

// Neither light nor dark: each can be seen on white as well as on black.
const TEXT = "#767676";
const OURS = "#3b8ee0";
const OTHERS = "#a3a3a3";

const results: Results = JSON.parse(
  await Deno.readTextFile("bench/results.json"),
);
const { date, loads, machine, options, versions } = results;

const runs = loads.filter(({ silent }) => silent === 0).map((run) => ({
  server: run.server,
  load: describeLoad(run),
  cpu: cpuPerRequest(run),
}));

/** The values in the order in which they first appear. Left alone, Vega-Lite sorts by the alphabet. */
function asTheyCome(field: "server" | "load"): string[] {
  return [...new Set(runs.map((run) => run[field]))];
}

const bar = {
  mark: { type: "bar", height: { band: 0.7 } },
  encoding: {
    x: { aggregate: "median", field: "cpu" },
    color: {
      condition: {
        test: "indexof(datum.server, 'tcpcalc') === 0",
        value: OURS,
      },
      value: OTHERS,
    },
  },
};

const range = {
  mark: { type: "rule", color: TEXT },
  encoding: {
    x: { aggregate: "min", field: "cpu" },
    x2: { aggregate: "max", field: "cpu" },
  },
};

const figure = {
  mark: { type: "text", align: "left", dx: 4, color: TEXT },
  encoding: {
    x: { aggregate: "max", field: "cpu" },
    text: { aggregate: "median", field: "cpu", format: ".0f" },
  },
};

const specification = {
  $schema: "https://vega.github.io/schema/vega-lite/v6.json",
  title: {
    text: "Processor time of the server for one request, in µs",
    subtitle: [
      `Less is better. The bar is the median of ${options.rounds} rounds, the line goes from the lowest to the highest.`,
      `${machine.cpu}, ${machine.cores} cores, Deno ${versions.deno}, ${
        date.slice(0, 10)
      }`,
    ],
    anchor: "start",
    offset: 12,
  },
  data: { values: runs },
  facet: {
    column: { field: "load", sort: asTheyCome("load"), title: null },
  },
  spec: {
    width: 140,
    height: { step: 22 },
    encoding: {
      x: { type: "quantitative", axis: null },
      y: { field: "server", sort: asTheyCome("server"), title: null },
    },
    layer: [bar, range, figure],
  },
  config: {
    background: "transparent",
    font: "sans-serif",
    axis: {
      domain: false,
      labelColor: TEXT,
      labelFontSize: 12,
      labelLimit: 0,
      ticks: false,
    },
    header: { labelColor: TEXT, labelFontSize: 12 },
    text: { fontSize: 12 },
    title: { color: TEXT, subtitleColor: TEXT },
    view: { stroke: null },
  },
};

console.log(JSON.stringify(specification));
