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

const DIGIT = /^\p{Nd}$/u;

/** The values of the digits seen so far, in ASCII. Unicode has fewer than a thousand. */
const values = new Map<string, string>();

function valueOf(digit: string): string {
  let value = values.get(digit);
  if (value === undefined) {
    // Unicode encodes a script's digits as ten code points in a row, zero first. Rows that adjoin have no
    // gaps (U+1D7CE–U+1D7FF are five), so the distance to the start of the run, modulo 10, is the value.
    const codePoint = digit.codePointAt(0)!;
    let first = codePoint;
    while (DIGIT.test(String.fromCodePoint(first - 1))) first--;
    value = String((codePoint - first) % 10);
    values.set(digit, value);
  }
  return value;
}

/**
 * Reads an integer as CPython's `int(text)` does (`PyLong_FromUnicodeObject`): blanks around it, one
 * sign, single underscores between the digits, decimal digits of every script.
 * @returns The integer, or `undefined` where Python raises a `ValueError`: for any other text, and for
 * more than 4300 digits.
 */
export function parseInteger(text: string): bigint | undefined {
  const match = INTEGER.exec(text);
  if (match === null) return undefined;
  const [, sign, digits] = match;
  const ascii = digits.replaceAll("_", "").replace(/[^0-9]/gu, valueOf);
  if (ascii.length > MAX_DIGITS) return undefined;
  return sign === "-" ? -BigInt(ascii) : BigInt(ascii);
}
