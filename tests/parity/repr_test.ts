import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  decodeUtf8,
  escapeBytes,
  escapeUnprintable,
} from "../../python/repr.ts";
import { pythonTest } from "../support/permissions.ts";
import {
  drawSeed,
  knownCharacters,
  type Oracle,
  startOracle,
} from "../support/python.ts";

/** How many draws there are, and how many messages Python is asked about in each. */
const RUNS = 50;
const MESSAGES = 500;

/** The bytes at the edges of what may follow what in UTF-8, and any other but an apostrophe. */
const byte = fc.oneof(
  fc.constantFrom(
    ...[0x32, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1],
    ...[0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1],
    ...[0xf3, 0xf4, 0xf5, 0xff],
  ),
  fc.integer({ min: 0, max: 255 }).filter((byte) => byte !== 0x27),
);

async function assertSame(
  python: Oracle,
  messages: Uint8Array[],
): Promise<void> {
  const hexadecimal = messages.map((bytes) => bytes.toHex());
  const decoded = await python.ask("decode", hexadecimal);
  const escaped = await python.ask("escape_bytes", hexadecimal);
  messages.forEach((bytes, index) => {
    assertEquals(decodeUtf8(bytes) ?? null, decoded[index]);
    assertEquals(escapeBytes(bytes), escaped[index]);
  });
}

pythonTest(
  "text and bytes from others are shown as CPython's repr shows them",
  async (t) => {
    await using python = startOracle();
    const characters = await knownCharacters(python);

    await t.step("every character, and every lone surrogate", async () => {
      const surrogates = Array.from(
        { length: 0x800 },
        (_, index) => String.fromCharCode(0xd800 + index),
      );
      // `repr` also escapes the backslash, for the sake of its own escapes.
      const texts = [...characters, ...surrogates].filter((c) => c !== "\\");
      const escaped = await python.ask("escape", texts);
      assertEquals(texts.map(escapeUnprintable).join("\n"), escaped.join("\n"));
    });

    const seed = drawSeed();
    await t.step(`random bytes, TCPCALC_SEED=${seed}`, async () => {
      const known = new Set(characters);
      const message = fc.array(byte).map((bytes) => new Uint8Array(bytes))
        .filter((bytes) =>
          Array.from(new TextDecoder().decode(bytes)).every((c) => known.has(c))
        );
      const drawn = fc.array(message, { maxLength: MESSAGES, size: "max" });
      await fc.assert(
        fc.asyncProperty(drawn, (messages) => assertSame(python, messages)),
        { seed, numRuns: RUNS },
      );
    });
  },
);
