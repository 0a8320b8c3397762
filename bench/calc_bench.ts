import { double } from "../calc.ts";

Deno.bench("short", { baseline: true }, () => {
  double("21");
});

Deno.bench("short, with a sign and blanks", () => {
  double(" -21\n");
});

const long = "9".repeat(1024);
Deno.bench("long: 1024 digits", () => {
  double(long);
});

Deno.bench("other scripts: Arabic-Indic", () => {
  double("١٨٣");
});

Deno.bench("other scripts: mathematical digits", () => {
  double("𝟣𝟪𝟥");
});

Deno.bench("not an integer: short", () => {
  double("abc");
});

const almost = "9".repeat(1023) + ".";
Deno.bench("not an integer: long, wrong at its end", () => {
  double(almost);
});
