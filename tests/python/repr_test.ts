import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { decodeUtf8, printable, printableBytes } from "../../python/repr.ts";
import { pythonTest } from "../support/permissions.ts";
import { drawSeed, startOracle } from "../support/python.ts";

/** What can forge a line or drive a terminal. */
const CONTROL = /^[\p{Cc}\p{Bidi_Control}\u2028\u2029]$/u;

/** Every character of the Basic Multilingual Plane, and one from beyond it. */
const characters = [
  ...Array.from({ length: 0xd800 }, (_, code) => String.fromCharCode(code)),
  ...Array.from(
    { length: 0x2000 },
    (_, index) => String.fromCharCode(0xe000 + index),
  ),
  "𝟘",
];

Deno.test("control characters are escaped, and all others stay", () => {
  const changed = characters.filter((text) => printable(text) !== text);
  assertEquals(changed, characters.filter((text) => CONTROL.test(text)));
  assertEquals(
    printable("4\r\n2\t\0\x1b[2J\x7f\x9b\u202e\u2028\\ é"),
    "4\\r\\n2\\t\\x00\\x1b[2J\\x7f\\x9b\\u202e\\u2028\\ é",
  );
});

Deno.test("UTF-8 is decoded strictly, with all that was sent", () => {
  const bom = new Uint8Array([0xef, 0xbb, 0xbf, 0x31]);
  assertEquals(decodeUtf8(bom), "\ufeff1");
  assertEquals(decodeUtf8(new Uint8Array()), "");
  for (
    const bytes of [
      [0x80],
      [0xc3],
      [0xc0, 0x80],
      [0xed, 0xa0, 0x80],
      [0xf4, 0x90, 0x80, 0x80],
      [0x31, 0xff],
    ]
  ) {
    assertEquals(decodeUtf8(new Uint8Array(bytes)), undefined, String(bytes));
  }
});

Deno.test("bytes that are not UTF-8 are escaped, and the text between them stays", () => {
  const cases: [number[], string][] = [
    [[0xff], "\\xff"],
    [[0x32, 0xc3], "2\\xc3"],
    [[0xc3, 0xc3, 0xa9], "\\xc3é"],
    [[0xe2, 0x82, 0x32], "\\xe2\\x822"],
    [[0xe2, 0x82, 0xac, 0xff, 0x0a], "€\\xff\\n"],
    [[0xed, 0xa0, 0x80], "\\xed\\xa0\\x80"],
    [[0xf0, 0x9f, 0x98, 0x80, 0x80], "😀\\x80"],
    [[0xf5, 0x80, 0x80, 0x80], "\\xf5\\x80\\x80\\x80"],
    [[0xef, 0xbb, 0xbf, 0xfe], "\ufeff\\xfe"],
  ];
  for (const [bytes, text] of cases) {
    assertEquals(printableBytes(new Uint8Array(bytes)), text);
  }
});

Deno.test("bytes that are UTF-8 are shown as their text is, wherever they stand", () => {
  const text = characters.join("");
  const bytes = new TextEncoder().encode(text);
  assertEquals(printableBytes(bytes), printable(text));
  assertEquals(
    printableBytes(new Uint8Array([0xff, ...bytes, 0xc3])),
    `\\xff${printable(text)}\\xc3`,
  );
});

pythonTest("control characters are escaped as Python's repr does", async () => {
  await using python = startOracle();
  const controls = characters.filter((text) => CONTROL.test(text));
  assertEquals(
    controls.map(printable),
    await python.ask("escape", controls),
  );
});

pythonTest(
  "bytes that are not UTF-8 are escaped as Python's backslashreplace does",
  async () => {
    // Bytes at the edges of what may follow what in UTF-8.
    const byte = fc.oneof(
      fc.constantFrom(
        ...[0x32, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1],
        ...[0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1],
        ...[0xf3, 0xf4, 0xf5, 0xff],
      ),
      fc.integer({ min: 0, max: 255 }),
    );
    const seed = drawSeed();
    const drawn = fc.sample(fc.array(byte).map((all) => new Uint8Array(all)), {
      seed,
      numRuns: 20_000,
    });
    await using python = startOracle();
    const pythons = await python.ask(
      "decode",
      drawn.map((bytes) => bytes.toHex()),
    );
    drawn.forEach((bytes, index) =>
      assertEquals(
        printableBytes(bytes),
        printable(pythons[index]),
        `${bytes}, TCPCALC_SEED=${seed}`,
      )
    );
  },
);
