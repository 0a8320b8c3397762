import { assertEquals } from "@std/assert";
import { parseInteger } from "../../python/integer.ts";

Deno.test("an integer is read with a sign, underscores and blanks around it", () => {
  const integers: [string, bigint][] = [
    ["0", 0n],
    ["-0", 0n],
    ["007", 7n],
    ["+21", 21n],
    ["-21", -21n],
    ["1_000_000", 1_000_000n],
    ["  42  ", 42n],
    ["42\r\n", 42n],
    ["\t\n\v\f\r -1 ", -1n],
    ["\x855\xa0", 5n],
    ["\u1680\u2000\u200a\u2028\u2029\u202f\u205f\u30005", 5n],
    ["9007199254740993", 9007199254740993n],
  ];
  for (const [text, integer] of integers) {
    assertEquals(parseInteger(text), integer, JSON.stringify(text));
  }
});

Deno.test("digits of every script are read, even where their runs adjoin", () => {
  assertEquals(parseInteger("１٢३"), 123n);
  assertEquals(parseInteger("𞥐𞥑𞥒𞥓𞥔𞥕𞥖𞥗𞥘𞥙"), 123456789n);
  // Five runs, from bold to monospace, of which none starts at a multiple of ten.
  const mathematical = Array.from(
    { length: 50 },
    (_, index) => String.fromCodePoint(0x1d7ce + index),
  ).join("");
  assertEquals(
    parseInteger(mathematical),
    BigInt("0123456789".repeat(5)),
  );
});

Deno.test("no other text is an integer", () => {
  const texts = [
    "",
    " ",
    "-",
    "+ 1",
    "+-1",
    "1-",
    "_1",
    "1_",
    "1__0",
    "1 0",
    "1.0",
    "1e3",
    "0x10",
    "10n",
    "½",
    "²",
    "Ⅷ",
    "−1",
    "1\0",
    "\ufeff1",
    "1\ufeff",
    "1\u200b",
    ...["\x1c1", "1\x1d", "\x1e1", "1\x1f"],
    "Infinity",
    "null",
  ];
  for (const text of texts) {
    assertEquals(parseInteger(text), undefined, JSON.stringify(text));
  }
});

Deno.test("4300 digits are read and 4301 are not, whatever stands between them", () => {
  const digits = "9_".repeat(4299) + "9";
  assertEquals(parseInteger(digits), 10n ** 4300n - 1n);
  assertEquals(parseInteger(` -${digits} `), 1n - 10n ** 4300n);
  assertEquals(parseInteger(`0${digits}`), undefined);
});
