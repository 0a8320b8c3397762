/**
 * Draws `docs/benchmark.svg` from `bench/results.json`: `deno task plot`.
 *
 * @module
 */

import { parse, View } from "vega";
import { compile, type TopLevelSpec } from "vega-lite";
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

const spec: TopLevelSpec = {
  title: {
    text: "Processor time of the server for one request, in µs",
    subtitle: [
      `Less is better. The bar is the median of ${options.rounds} rounds, the line goes from the lowest to the highest.`,
      `${machine.cpu}, ${machine.cores} cores, Deno ${versions.deno}, ${
        date.slice(0, 10)
      }`,
    ],
  },
  data: { values: runs },
  facet: {
    column: {
      field: "load",
      sort: [...new Set(runs.map(({ load }) => load))],
      title: null,
    },
  },
  spec: {
    width: 150,
    height: { step: 22 },
    encoding: {
      x: { type: "quantitative", axis: null },
      y: {
        field: "server",
        sort: [...new Set(runs.map(({ server }) => server))],
        title: null,
      },
    },
    layer: [
      {
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
      },
      {
        mark: { type: "rule", color: TEXT },
        encoding: {
          x: { aggregate: "min", field: "cpu" },
          x2: { aggregate: "max", field: "cpu" },
        },
      },
      {
        mark: { type: "text", align: "left", dx: 4, color: TEXT },
        encoding: {
          x: { aggregate: "max", field: "cpu" },
          text: { aggregate: "median", field: "cpu", format: ".0f" },
        },
      },
    ],
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

const view = new View(parse(compile(spec).spec), { renderer: "none" });
await Deno.writeTextFile("docs/benchmark.svg", await view.toSVG() + "\n");
