import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { double, NOT_AN_INTEGER } from "../../calc.ts";
import { parseInteger } from "../../python/integer.ts";
import { pythonTest } from "../support/permissions.ts";
import { drawSeed, type Oracle, startOracle } from "../support/python.ts";

const DRAWN_MESSAGES = 100_000;

/** How many messages go to Python in one line. */
const BATCH = 10_000;

/** What looks like a sign, a blank, a digit or part of a number, and is none to Python. */
const STRAYS = [
  "\ufeff\u200b\u180e\u2060\0\x1b.,eExXbj",
  "²½Ⅷ①〇一𑁛−＋﹢－＿‿٫٬",
].flatMap((characters) => [...characters]);

/** What the server answers if it is Python. */
async function pythonDoubles(
  python: Oracle,
  messages: string[],
): Promise<string[]> {
  const replies: string[] = [];
  for (let start = 0; start < messages.length; start += BATCH) {
    const batch = messages.slice(start, start + BATCH);
    for (const reply of await python.ask("double", batch)) {
      replies.push(reply ?? NOT_AN_INTEGER);
    }
  }
  return replies;
}

function assertReply(message: string, pythons: string): void {
  const ours = double(message);
  if (ours === pythons) return;
  const codePoints = Array.from(
    message,
    (c) => `U+${c.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`,
  );
  assertEquals(ours, pythons, `${codePoints.join(" ")} is another integer`);
}

async function assertReplies(
  python: Oracle,
  messages: string[],
): Promise<void> {
  const replies = await pythonDoubles(python, messages);
  messages.forEach((message, index) => assertReply(message, replies[index]));
}

/**
 * Messages that are integers, but for a stray here and there, messages of the same characters, and
 * messages of any characters but those that Python's Unicode is too old to have.
 */
function messages(
  spaces: string[],
  digits: string[],
  unknown: Set<string>,
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
  // Filtered, as an array with a least length would not shrink to its first element.
  const group = joined(digit).filter((digits) => digits !== "");
  const groups = fc.array(group, { maxLength: 4 })
    .filter((all) => all.length > 0)
    .map((all) => all.join("_"));
  const any = fc.oneof(
    fc.constantFrom("_", "+", "-", ...STRAYS),
    fc.constantFrom(...spaces),
    digit,
  );
  const text = fc.string({ unit: "binary" })
    .filter((text) => ![...text].some((character) => unknown.has(character)));
  return fc.oneof(
    {
      weight: 3,
      arbitrary: fc.tuple(blanks, sign, groups, blanks)
        .map((parts) => parts.join("")),
    },
    { weight: 2, arbitrary: joined(any) },
    { weight: 1, arbitrary: text },
  );
}

pythonTest("an integer is what CPython's int takes", async (t) => {
  await using python = startOracle();
  // Left out is what only one of the two knows, and what is no character: private use, surrogates.
  const assigned = Array.from(
    { length: 0x110000 },
    (_, codePoint) => String.fromCodePoint(codePoint),
  ).filter((character) => /[^\p{Cn}\p{Co}\p{Cs}]/u.test(character)).join("");
  const [known] = await python.ask("known", [assigned]);
  const unknown = new Set(assigned).difference(new Set(known));
  const [spaces] = await python.ask("spaces", [known]);
  const [digits] = await python.ask("digits", [known]);

  await t.step("every character alone, before and behind a digit", async () => {
    await assertReplies(
      python,
      [...known].flatMap((c) => [c, `${c}1`, `1${c}`]),
    );
  });

  await t.step("every pair of blanks and digits", async () => {
    const both = [...spaces, ...digits];
    for (const first of both) {
      await assertReplies(python, both.map((second) => first + second));
    }
  });

  const seed = drawSeed();
  await t.step(
    `${DRAWN_MESSAGES} drawn messages, TCPCALC_SEED=${seed}`,
    async () => {
      const arbitrary = messages([...spaces], [...digits], unknown);
      const parameters = { seed, numRuns: DRAWN_MESSAGES };
      // The sample is what the property will draw. To ask Python for each on its own takes minutes.
      const sample = fc.sample(arbitrary, parameters);
      const pythons = await pythonDoubles(python, sample);
      const replies = new Map(sample.map((text, i) => [text, pythons[i]]));
      await fc.assert(
        fc.asyncProperty(arbitrary, async (message) => {
          const reply = replies.get(message) ??
            (await pythonDoubles(python, [message]))[0];
          assertReply(message, reply);
        }),
        parameters,
      );
    },
  );

  await t.step("4300 digits and no more", async () => {
    const longest = "1_".repeat(4299) + "1";
    await assertReplies(
      python,
      [longest, `${longest}1`, ` -${longest}\n`, `0${longest}`],
    );
    assertEquals(parseInteger(longest), BigInt("1".repeat(4300)));
    assertEquals(parseInteger(`${longest}1`), undefined);
  });
});
