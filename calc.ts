/** What tcpcalc computes: text in, text out.
 * @module */

import { parseInteger } from "./python/integer.ts";

/** The longest message that is doubled, in bytes: one read of the Python server. */
export const MAX_MESSAGE_BYTES = 1024;

/** The reply to a message that is not an integer. */
export const NOT_AN_INTEGER = "Received data is not valid integer";

/** The reply to a message of more than {@linkcode MAX_MESSAGE_BYTES} bytes. */
export const TOO_LONG =
  `Received data is longer than ${MAX_MESSAGE_BYTES} bytes`;

/** The longest run of digits whose double is exact in a number: 2 × (10¹⁵ − 1) < 2⁵³. */
const MAX_EXACT_DIGITS = 15;

/** The value of 1 to 15 ASCII digits, or -1 for any other text. */
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
 * The server's reply to a message of at most {@linkcode MAX_MESSAGE_BYTES} bytes.
 * @returns Twice the integer in plain decimal, or {@linkcode NOT_AN_INTEGER}.
 * @example Usage
 * ```ts
 * import { double } from "./calc.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(double("21"), "42");
 * assertEquals(double("abc"), "Received data is not valid integer");
 * ```
 */
export function double(message: string): string {
  // Most messages need neither a regular expression nor a bigint.
  const short = parseShortDecimal(message);
  if (short !== -1) return String(2 * short);
  const integer = parseInteger(message);
  return integer === undefined ? NOT_AN_INTEGER : String(2n * integer);
}
