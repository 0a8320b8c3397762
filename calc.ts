/**
 * What tcpcalc computes: text in, text out.
 *
 * @module
 */

/** The longest message that is doubled, in bytes: one read of the Python server. */
export const MAX_MESSAGE_BYTES = 1024;

/** The reply to a message that is no integer. */
export const NOT_AN_INTEGER = "Received data is not valid integer";

/** The reply to a message of more than {@linkcode MAX_MESSAGE_BYTES}. */
export const TOO_LONG =
  `Received data is longer than ${MAX_MESSAGE_BYTES} bytes`;

/** The most digits that CPython's `int` reads, `sys.int_info.default_max_str_digits`. */
const MAX_DIGITS = 4300;

/** The longest run of digits whose double is exact in a number: 2 × (10¹⁵ − 1) < 2⁵³. */
const MAX_EXACT_DIGITS = 15;

// What CPython takes for a blank here. It is not `\s`, which has U+FEFF and lacks U+0085, nor
// `str.isspace`, which has U+001C to U+001F: `int` reads ASCII by C's `isspace`.
const BLANKS =
  "[\\t-\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]*";

const INTEGER = new RegExp(
  `^${BLANKS}([+-]?)(\\p{Nd}+(?:_\\p{Nd}+)*)${BLANKS}$`,
  "u",
);

const DECIMAL_DIGIT = /^\p{Nd}$/u;

/**
 * The value of a decimal digit of any script, 0 to 9.
 *
 * Unicode encodes the digits of a script as ten code points in a row, zero first, and where such
 * runs adjoin (U+1D7CE–U+1D7FF are five) nothing else comes between. So the distance to the first
 * code point of the row says which digit it is, wherever the row starts.
 */
function digitValue(digit: string): number {
  const codePoint = digit.codePointAt(0)!;
  let first = codePoint;
  while (DECIMAL_DIGIT.test(String.fromCodePoint(first - 1))) first--;
  return (codePoint - first) % 10;
}

/**
 * Reads an integer as CPython's `int(text)` does (`PyLong_FromUnicodeObject`): blanks around it, one
 * sign, single underscores between the digits, decimal digits of every script.
 *
 * @example Usage
 * ```ts
 * import { parseInteger } from "./calc.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parseInteger(" -1_000\n"), -1000n);
 * assertEquals(parseInteger("١٨٣"), 183n);
 * assertEquals(parseInteger("1.0"), undefined);
 * ```
 *
 * @param text What may be an integer.
 * @returns The integer, or `undefined` where Python raises a `ValueError`: for all other text, and
 * for more than 4300 digits.
 */
export function parseInteger(text: string): bigint | undefined {
  const match = INTEGER.exec(text);
  if (match === null) return undefined;
  const digits = match[2]
    .replaceAll("_", "")
    .replace(/[^0-9]/gu, (digit) => String(digitValue(digit)));
  if (digits.length > MAX_DIGITS) return undefined;
  const magnitude = BigInt(digits);
  return match[1] === "-" ? -magnitude : magnitude;
}

/** The integer that a few ASCII digits and nothing else are, or -1. */
function parseShortDecimal(text: string): number {
  const { length } = text;
  if (length === 0 || length > MAX_EXACT_DIGITS) return -1;
  let value = 0;
  for (let i = 0; i < length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/**
 * The server's reply to a message of at most {@linkcode MAX_MESSAGE_BYTES}.
 *
 * @example Usage
 * ```ts
 * import { double } from "./calc.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(double("21"), "42");
 * assertEquals(double("abc"), "Received data is not valid integer");
 * ```
 *
 * @param message The message, as text.
 * @returns Twice the integer in plain decimal, or {@linkcode NOT_AN_INTEGER}.
 */
export function double(message: string): string {
  // The common message takes no regular expression and no bigint.
  const short = parseShortDecimal(message);
  if (short !== -1) return String(2 * short);
  const integer = parseInteger(message);
  return integer === undefined ? NOT_AN_INTEGER : String(2n * integer);
}
