import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  double,
  MAX_MESSAGE_BYTES,
  NOT_AN_INTEGER,
  TOO_LONG,
} from "../calc.ts";
import { parseInteger } from "../python/integer.ts";

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

Deno.test("digits of every script are read, also where their rows adjoin", () => {
  assertEquals(parseInteger("１٢३"), 123n);
  assertEquals(parseInteger("𞥐𞥑𞥒𞥓𞥔𞥕𞥖𞥗𞥘𞥙"), 123456789n);
  // The five rows of mathematical digits, from bold to monospace.
  for (let zero = 0x1d7ce; zero <= 0x1d7f6; zero += 10) {
    const row = Array.from(
      { length: 10 },
      (_, digit) => String.fromCodePoint(zero + digit),
    );
    assertEquals(row.map(parseInteger).join(), "0,1,2,3,4,5,6,7,8,9");
  }
});

Deno.test("all other text is no integer", () => {
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

Deno.test("a message is doubled exactly, however long the integer is", () => {
  const limit = 10n ** 40n;
  fc.assert(fc.property(
    fc.oneof(
      fc.bigInt({ min: -limit, max: limit }),
      // Where the integers get too long for a number to hold.
      fc.bigInt({ min: 10n ** 14n, max: 10n ** 17n }),
    ),
    (integer) => double(String(integer)) === String(2n * integer),
  ));
  assertEquals(double("999999999999999"), "1999999999999998");
  assertEquals(double("-0"), "0");
  assertEquals(double("0000"), "0");
});

Deno.test("the reply to the longest message has one byte more", () => {
  const message = "9".repeat(MAX_MESSAGE_BYTES);
  assertEquals(double(message), `1${"9".repeat(MAX_MESSAGE_BYTES - 1)}8`);
});

Deno.test("what is no integer is answered in words", () => {
  assertEquals(double("abc"), NOT_AN_INTEGER);
  assertEquals(double(""), NOT_AN_INTEGER);
  assertEquals(NOT_AN_INTEGER, "Received data is not valid integer");
  assertEquals(TOO_LONG, "Received data is longer than 1024 bytes");
});
