import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { parseInteger } from "../../python/integer.ts";
import { pythonTest } from "../support/permissions.ts";
import {
  askPython,
  charactersThat,
  drawSeed,
  knownCharacters,
} from "../support/python.ts";

Deno.test("an integer is read with a sign, underscores and blanks around it", () => {
  const integers: [string, bigint][] = [
    ["0", 0n],
    ["-0", 0n],
    ["007", 7n],
    ["+21", 21n],
    ["-1_000_000", -1_000_000n],
    ["  42\r\n", 42n],
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
  );
  assertEquals(
    parseInteger(mathematical.join("")),
    BigInt("0123456789".repeat(5)),
  );
});

Deno.test("no other text is an integer", () => {
  const texts = [
    ...["", " ", "-", "+ 1", "+-1", "1-", "_1", "1_", "1__0", "1 0", "1.0"],
    ...["1e3", "0x10", "10n", "½", "²", "Ⅷ", "−1", "1\0", "\ufeff1", "1\ufeff"],
    ...["1\u200b", "\x1c1", "1\x1d", "\x1e1", "1\x1f", "Infinity", "null"],
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

/** What looks like a sign, a blank, a digit or part of a number, and is none to Python. */
const STRAYS = [
  ..."\ufeff\u200b\u180e\u2060\0\x1b.,eExXbj²½Ⅷ①〇一𑁛−＋﹢－＿‿٫٬",
];

async function assertSame(texts: string[]): Promise<void> {
  const integers = await askPython<string>("integer", texts);
  texts.forEach((text, index) => {
    const ours = parseInteger(text)?.toString() ?? null;
    // The message is made for a difference alone.
    if (ours !== integers[index]) {
      assertEquals(ours, integers[index], JSON.stringify(text));
    }
  });
}

/** Integers, with a stray character here and there, and texts of the same characters. */
function texts(spaces: string[], digits: string[]): fc.Arbitrary<string> {
  const { constantFrom, oneof } = fc;
  const joined = (unit: fc.Arbitrary<string>, maxLength: number) =>
    fc.array(unit, { maxLength }).map((all) => all.join(""));
  const seldom = (arbitrary: fc.Arbitrary<string>) =>
    oneof(
      { weight: 20, arbitrary },
      { weight: 1, arbitrary: constantFrom("__", ...STRAYS) },
    );
  const blanks = joined(seldom(constantFrom(...spaces)), 3);
  const digit = constantFrom(...digits);
  const sign = constantFrom("", "-", "+");
  const rest = joined(seldom(oneof(digit, digit.map((d) => `_${d}`))), 9);
  const integer = fc.tuple(blanks, sign, digit, rest, blanks);
  const any = joined(
    oneof(digit, constantFrom(..."_+-", ...STRAYS, ...spaces)),
    9,
  );
  return oneof(integer.map((parts) => parts.join("")), any);
}

pythonTest("an integer is what CPython's int accepts", async (t) => {
  const characters = await knownCharacters();
  const spaces = await charactersThat("space", characters);
  const digits = await charactersThat("digit", characters);

  await t.step(
    "every character alone, before and behind a digit",
    () => assertSame(characters.flatMap((c) => [c, `${c}1`, `1${c}`])),
  );

  const seed = drawSeed();
  await t.step(
    `random texts, TCPCALC_SEED=${seed}`,
    () =>
      assertSame(fc.sample(texts(spaces, digits), { numRuns: 50_000, seed })),
  );
});
