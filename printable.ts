/**
 * Foreign text and bytes, made fit to be printed: whoever sent them can neither forge a line nor
 * drive the terminal.
 *
 * @module
 */

// Categories Cc (C0, delete, C1), the line and paragraph separators, and the bidirectional controls.
const CONTROLS =
  // deno-lint-ignore no-control-regex -- control characters are what it looks for
  /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

const SHORT_ESCAPES: Record<string, string> = {
  "\t": "\\t",
  "\n": "\\n",
  "\r": "\\r",
};

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}

/**
 * Shows control characters as Python's `repr` does, and leaves all else as it is.
 *
 * @example Usage
 * ```ts
 * import { printable } from "./printable.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(printable("42\n\x1b[2J"), "42\\n\\x1b[2J");
 * ```
 *
 * @param text What somebody sent or typed.
 * @returns The text without a control character: `\n`, `\x1b`, `\u2028`.
 */
export function printable(text: string): string {
  return text.replace(CONTROLS, (control) => {
    const code = control.charCodeAt(0);
    return SHORT_ESCAPES[control] ??
      (code < 0x100 ? `\\x${hex(code, 2)}` : `\\u${hex(code, 4)}`);
  });
}

/** How many bytes the UTF-8 sequence has that starts with this byte, were it a whole one. */
function sequenceLength(first: number): number {
  if (first < 0x80) return 1;
  if (first < 0xe0) return 2;
  return first < 0xf0 ? 3 : 4;
}

/**
 * Decodes strict UTF-8, which keeps U+FEFF.
 *
 * @param bytes What was received.
 * @returns The text, or `undefined` where Python raises a `UnicodeDecodeError`.
 */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/**
 * Shows bytes as text, those that are not UTF-8 as Python's error handler `backslashreplace` does,
 * and control characters as {@linkcode printable} does.
 *
 * @example Usage
 * ```ts
 * import { printableBytes } from "./printable.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(printableBytes(new Uint8Array([50, 0xc3])), "2\\xc3");
 * ```
 *
 * @param bytes What was received.
 * @returns The text: `\xff` for a byte that is not UTF-8.
 */
export function printableBytes(bytes: Uint8Array): string {
  const whole = decodeUtf8(bytes);
  if (whole !== undefined) return printable(whole);
  let text = "";
  for (let start = 0; start < bytes.length;) {
    const end = start + sequenceLength(bytes[start]);
    const character = decodeUtf8(bytes.subarray(start, end));
    if (character === undefined) {
      text += `\\x${hex(bytes[start], 2)}`;
      start++;
    } else {
      text += printable(character);
      start = end;
    }
  }
  return text;
}
