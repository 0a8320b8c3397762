import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { parseInteger } from "../../python/integer.ts";
import { pythonTest } from "../support/permissions.ts";
import {
  drawSeed,
  knownCharacters,
  type Oracle,
  startOracle,
} from "../support/python.ts";

/** How many draws there are, and how many texts Python is asked about in each. */
const RUNS = 200;
const TEXTS = 500;

/** What looks like a sign, a blank, a digit or part of a number, and is none to Python. */
const STRAYS = [
  "\ufeff\u200b\u180e\u2060\0\x1b.,eExXbj",
  "²½Ⅷ①〇一𑁛−＋﹢－＿‿٫٬",
].flatMap((characters) => [...characters]);

async function assertSame(python: Oracle, texts: string[]): Promise<void> {
  const integers = await python.ask("integer", texts);
  texts.forEach((text, index) => {
    const ours = parseInteger(text)?.toString() ?? null;
    if (ours === integers[index]) return;
    const codePoints = Array.from(text, (c) => c.codePointAt(0)!.toString(16));
    assertEquals(ours, integers[index], `U+${codePoints.join(" U+")}`);
  });
}

/** Integers with a stray character here and there, texts of the same characters, and any text at all. */
function texts(
  spaces: string[],
  digits: string[],
  characters: string[],
): fc.Arbitrary<string> {
  const joined = (parts: fc.Arbitrary<string>, constraints = {}) =>
    fc.array(parts, constraints).map((all) => all.join(""));
  const blanks = joined(
    fc.oneof(
      { weight: 20, arbitrary: fc.constantFrom(...spaces) },
      { weight: 1, arbitrary: fc.constantFrom(...STRAYS) },
    ),
    { maxLength: 3 },
  );
  const sign = fc.constantFrom("", "-", "+");
  const digit = fc.constantFrom(...digits);
  const character = fc.nat(characters.length - 1)
    .map((index) => characters[index]);
  const group = joined(digit, { minLength: 1 });
  const separator = fc.oneof(
    { weight: 20, arbitrary: fc.constant("_") },
    { weight: 1, arbitrary: fc.constantFrom("__", "_-", "_ _", ...STRAYS) },
  );
  const groups = fc.tuple(
    group,
    joined(fc.tuple(separator, group).map((parts) => parts.join("")), {
      maxLength: 3,
    }),
  ).map((parts) => parts.join(""));
  const any = fc.oneof(
    fc.constantFrom("_", "+", "-", ...STRAYS),
    fc.constantFrom(...spaces),
    digit,
  );
  return fc.oneof(
    {
      weight: 3,
      arbitrary: fc.tuple(blanks, sign, groups, blanks)
        .map((parts) => parts.join("")),
    },
    { weight: 2, arbitrary: joined(any) },
    { weight: 1, arbitrary: joined(character) },
  );
}

pythonTest("an integer is what CPython's int accepts", async (t) => {
  await using python = startOracle();
  const characters = await knownCharacters(python);
  const [spaces] = await python.ask("spaces", [characters.join("")]);
  const [digits] = await python.ask("digits", [characters.join("")]);

  await t.step("every character alone, before and behind a digit", async () => {
    await assertSame(python, characters.flatMap((c) => [c, `${c}1`, `1${c}`]));
  });

  const seed = drawSeed();
  await t.step(`random texts, TCPCALC_SEED=${seed}`, async () => {
    const drawn = fc.array(texts([...spaces], [...digits], characters), {
      maxLength: TEXTS,
      size: "max",
    });
    await fc.assert(
      fc.asyncProperty(drawn, (texts) => assertSame(python, texts)),
      { seed, numRuns: RUNS },
    );
  });

  await t.step("4300 digits and no more", async () => {
    const longest = "1_".repeat(4299) + "1";
    await assertSame(
      python,
      [longest, `${longest}1`, ` -${longest}\n`, `0${longest}`],
    );
  });
});
