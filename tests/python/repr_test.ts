import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  decodeUtf8,
  escapeBytes,
  escapeUnprintable,
} from "../../python/repr.ts";
import { pythonTest } from "../support/permissions.ts";
import { askPython, drawSeed, knownCharacters } from "../support/python.ts";

/** Every code point, lone surrogates included. */
const characters = Array.from(
  { length: 0x110000 },
  (_, codePoint) => String.fromCodePoint(codePoint),
);

Deno.test("an escape has the form that repr gives it", () => {
  const escapes: [string, string][] = [
    ["\t\n\r", "\\t\\n\\r"],
    ["\0\x1b\x7f\x85\x9b", "\\x00\\x1b\\x7f\\x85\\x9b"],
    ["\xa0\xad", "\\xa0\\xad"],
    ["\u061c\u200b\u202e\u3000", "\\u061c\\u200b\\u202e\\u3000"],
    ["\ufeff\ufff9\ue000", "\\ufeff\\ufff9\\ue000"],
    ["\u{e0041}\u{10ffff}", "\\U000e0041\\U0010ffff"],
    ["\ud800x\udfff", "\\ud800x\\udfff"],
    ["4\n2\x1b[2J", "4\\n2\\x1b[2J"],
  ];
  for (const [text, escaped] of escapes) {
    assertEquals(escapeUnprintable(text), escaped);
  }
});

Deno.test("printable text stays as it is, backslashes and quotes included", () => {
  for (const text of ["", "21", `\\n "it's"`, "é ٣ 中 🙂 𝟘", "e\u0301"]) {
    assertEquals(escapeUnprintable(text), text);
    assertEquals(escapeUnprintable(`${text}\0`), `${text}\\x00`);
  }
});

Deno.test("UTF-8 is decoded strictly, and U+FEFF is kept", () => {
  const texts = ["", " ~", "1\n", "٣", "\ufeff1", "9".repeat(1024)];
  for (const text of texts) {
    assertEquals(decodeUtf8(new TextEncoder().encode(text)), text);
  }
});

Deno.test("bytes that are not UTF-8 are not decoded, and each is escaped", () => {
  const cases: [string, number[], string][] = [
    ["a byte that starts nothing", [0x31, 0xff], "1\\xff"],
    ["a continuation alone", [0x80], "\\x80"],
    ["a sequence cut short", [0x32, 0xc3], "2\\xc3"],
    ["a start after a start", [0xc3, 0xc3, 0xa9], "\\xc3é"],
    ["a sequence interrupted", [0xe2, 0x82, 0x32], "\\xe2\\x822"],
    ["an overlong form", [0xc0, 0x80], "\\xc0\\x80"],
    ["a surrogate", [0xed, 0xa0, 0x80], "\\xed\\xa0\\x80"],
    ["too high", [0xf4, 0x90, 0x80, 0x80], "\\xf4\\x90\\x80\\x80"],
    ["no first byte", [0xf8, 0x80, 0x80, 0x80], "\\xf8\\x80\\x80\\x80"],
    ["a byte too many", [0xf0, 0x9f, 0x98, 0x80, 0x80], "😀\\x80"],
    [
      "around text",
      [0xef, 0xbb, 0xbf, 0xff, 0xc2, 0xa2, 0xa],
      "\\ufeff\\xff¢\\n",
    ],
  ];
  for (const [name, bytes, escaped] of cases) {
    assertEquals(decodeUtf8(new Uint8Array(bytes)), undefined, name);
    assertEquals(escapeBytes(new Uint8Array(bytes)), escaped, name);
  }
});

/** The bytes at the edges of what may follow what in UTF-8, and any other but an apostrophe. */
const byte = fc.oneof(
  fc.constantFrom(
    ...[0x32, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf],
    ...[0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff],
  ),
  fc.integer({ min: 0, max: 255 }).filter((byte) => byte !== 0x27),
);

pythonTest(
  "text and bytes from others are shown as CPython's repr shows them",
  async (t) => {
    const known = await knownCharacters();

    await t.step("every character, and every lone surrogate", async () => {
      const surrogates = characters.slice(0xd800, 0xe000);
      // `repr` also escapes the backslash, for the sake of its own escapes.
      const texts = [...known, ...surrogates].filter((c) => c !== "\\");
      const escaped = await askPython<string>("escape", texts);
      assertEquals(texts.map(escapeUnprintable).join("\n"), escaped.join("\n"));
    });

    const seed = drawSeed();
    await t.step(`random bytes, TCPCALC_SEED=${seed}`, async () => {
      const isKnown = new Set(known);
      const messages = fc.sample(fc.array(byte), { numRuns: 20_000, seed })
        .map((bytes) => new Uint8Array(bytes))
        .filter((bytes) =>
          [...new TextDecoder().decode(bytes)].every((c) => isKnown.has(c))
        );
      const hexadecimal = messages.map((bytes) => bytes.toHex());
      const decoded = await askPython<string>("decode", hexadecimal);
      const escaped = await askPython<string>("escape_bytes", hexadecimal);
      messages.forEach((bytes, index) => {
        assertEquals(decodeUtf8(bytes) ?? null, decoded[index]);
        assertEquals(escapeBytes(bytes), escaped[index]);
      });
    });
  },
);
