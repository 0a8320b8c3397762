import { assertEquals } from "@std/assert";
import {
  decodeUtf8,
  escapeBytes,
  escapeUnprintable,
} from "../../python/repr.ts";

/** Every code point, lone surrogates included. */
const characters = Array.from(
  { length: 0x110000 },
  (_, codePoint) => String.fromCodePoint(codePoint),
);

/** "Separator" and "Other": what `str.isprintable` rejects, by its documentation, save for the space. */
const SEPARATOR_OR_OTHER = /^[\p{Z}\p{C}]$/u;

function bytesOf(...bytes: number[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}

Deno.test("exactly the characters of Separator and Other, except the space, are escaped", () => {
  const escaped = characters.filter((c) => escapeUnprintable(c) !== c);
  const unprintable = characters.filter((c) =>
    c !== " " && SEPARATOR_OR_OTHER.test(c)
  );
  assertEquals(escaped.join(), unprintable.join());
});

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
  assertEquals(decodeUtf8(bytesOf()), "");
  assertEquals(decodeUtf8(bytesOf(0x20, 0x7e)), " ~");
  assertEquals(decodeUtf8(bytesOf(0x31, 0x0a)), "1\n");
  assertEquals(decodeUtf8(bytesOf(0xd9, 0xa3)), "٣");
  assertEquals(decodeUtf8(bytesOf(0xef, 0xbb, 0xbf, 0x31)), "\ufeff1");
  assertEquals(
    decodeUtf8(new Uint8Array(1024).fill(0x39)),
    "9".repeat(1024),
  );
});

const NOT_UTF_8: [string, Uint8Array<ArrayBuffer>, string][] = [
  ["a byte that starts nothing", bytesOf(0x31, 0xff), "1\\xff"],
  ["a continuation alone", bytesOf(0x80), "\\x80"],
  ["a sequence cut short", bytesOf(0x32, 0xc3), "2\\xc3"],
  ["a start after a start", bytesOf(0xc3, 0xc3, 0xa9), "\\xc3é"],
  ["a sequence interrupted", bytesOf(0xe2, 0x82, 0x32), "\\xe2\\x822"],
  ["an overlong form", bytesOf(0xc0, 0x80), "\\xc0\\x80"],
  ["a surrogate", bytesOf(0xed, 0xa0, 0x80), "\\xed\\xa0\\x80"],
  [
    "a code point beyond the last",
    bytesOf(0xf4, 0x90, 0x80, 0x80),
    "\\xf4\\x90\\x80\\x80",
  ],
  [
    "a first byte of no sequence",
    bytesOf(0xf8, 0x80, 0x80, 0x80),
    "\\xf8\\x80\\x80\\x80",
  ],
  [
    "one continuation byte too many",
    bytesOf(0xf0, 0x9f, 0x98, 0x80, 0x80),
    "😀\\x80",
  ],
  [
    "text around it",
    bytesOf(0xef, 0xbb, 0xbf, 0xff, 0xe2, 0x82, 0xac, 0x0a),
    "\\ufeff\\xff€\\n",
  ],
];

Deno.test("bytes that are not UTF-8 are not decoded, and each is escaped", () => {
  for (const [name, bytes, escaped] of NOT_UTF_8) {
    assertEquals(decodeUtf8(bytes), undefined, name);
    assertEquals(escapeBytes(bytes), escaped, name);
  }
});

Deno.test("bytes that are UTF-8 are shown as their text is, even next to others", () => {
  // The two planes that have most of the characters.
  const text = characters.slice(0, 0x20000).join("")
    .replace(/\p{Cs}/gu, "");
  const bytes = new TextEncoder().encode(text);
  const amidOthers = new Uint8Array(bytes.length + 2).fill(0xff);
  amidOthers.set(bytes, 1);
  assertEquals(
    escapeBytes(amidOthers),
    `\\xff${escapeUnprintable(text)}\\xff`,
  );
});
