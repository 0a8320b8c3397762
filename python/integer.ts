/** `int(text)` of CPython.
 * @module */

/** The most digits that CPython's `int` reads, `sys.int_info.default_max_str_digits`. */
const MAX_DIGITS = 4300;

// Neither `\s`, which has U+FEFF and lacks U+0085, nor `str.isspace`, which has U+001C to U+001F: in ASCII,
// CPython's `int` goes by C's `isspace`.
const BLANKS =
  "[\\t-\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]*";

const INTEGER = new RegExp(
  `^${BLANKS}([+-]?)(\\p{Nd}+(?:_\\p{Nd}+)*)${BLANKS}$`,
  "u",
);

/** Matches most integers, without a look at any Unicode table. */
const PLAIN_INTEGER = /^([+-]?)([0-9]+)$/;

const DECIMAL_DIGIT = /^\p{Nd}$/u;

/** The values of the digits seen so far. Unicode has fewer than a thousand. */
const values = new Map<string, number>();

function digitValue(digit: string): number {
  let value = values.get(digit);
  if (value === undefined) {
    // Unicode encodes a script's digits as ten code points in a row, zero first. Rows that adjoin have no
    // gaps (U+1D7CE–U+1D7FF are five), so the distance to the start of the run, modulo 10, is the value.
    const codePoint = digit.codePointAt(0)!;
    let first = codePoint;
    while (DECIMAL_DIGIT.test(String.fromCodePoint(first - 1))) first--;
    value = (codePoint - first) % 10;
    values.set(digit, value);
  }
  return value;
}

function toAsciiDigits(digits: string): string {
  if (/^[0-9]*$/.test(digits)) return digits;
  let ascii = "";
  for (const digit of digits) ascii += digitValue(digit);
  return ascii;
}

/**
 * Reads an integer as CPython's `int(text)` does (`PyLong_FromUnicodeObject`): blanks around it, one
 * sign, single underscores between the digits, decimal digits of every script.
 * @returns The integer, or `undefined` where Python raises a `ValueError`: for any other text, and for
 * more than 4300 digits.
 * @example Usage
 * ```ts
 * import { parseInteger } from "./integer.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parseInteger(" -1_000\n"), -1000n);
 * assertEquals(parseInteger("١٨٣"), 183n);
 * assertEquals(parseInteger("1.0"), undefined);
 * ```
 */
export function parseInteger(text: string): bigint | undefined {
  const match = PLAIN_INTEGER.exec(text) ?? INTEGER.exec(text);
  if (match === null) return undefined;
  const digits = toAsciiDigits(match[2].replaceAll("_", ""));
  if (digits.length > MAX_DIGITS) return undefined;
  const magnitude = BigInt(digits);
  return match[1] === "-" ? -magnitude : magnitude;
}
