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
 * import { printable } from "./repr.ts";
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

/** By the length of a UTF-8 sequence: its least first byte, and the least character it may stand for. */
const LEAST_FIRST_BYTE = [0, 0, 0xc0, 0xe0, 0xf0];
const LEAST_CODE_POINT = [0, 0, 0x80, 0x800, 0x10000];

/** How many bytes the UTF-8 sequence that starts here has; 0 if none does. */
function sequenceLength(bytes: Uint8Array, start: number): number {
  const first = bytes[start];
  if (first < 0x80) return 1;
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (start + length > bytes.length) return 0;
  // From a byte that starts no sequence comes a code point below the least or beyond the last.
  let codePoint = first - LEAST_FIRST_BYTE[length];
  for (let i = start + 1; i < start + length; i++) {
    if (bytes[i] < 0x80 || bytes[i] > 0xbf) return 0;
    codePoint = codePoint * 64 + bytes[i] - 0x80;
  }
  const isSurrogate = codePoint >= 0xd800 && codePoint <= 0xdfff;
  const isCharacter = codePoint >= LEAST_CODE_POINT[length] &&
    codePoint <= 0x10ffff && !isSurrogate;
  return isCharacter ? length : 0;
}

/** Where the run of whole UTF-8 sequences that starts here ends. */
function endOfUtf8(bytes: Uint8Array, start: number): number {
  let end = start;
  while (end < bytes.length) {
    const length = sequenceLength(bytes, end);
    if (length === 0) break;
    end += length;
  }
  return end;
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
 * import { printableBytes } from "./repr.ts";
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
  // The decoder would find the places too, by an exception at each: milliseconds for one message.
  let text = "";
  for (let start = 0; start < bytes.length; start++) {
    const end = endOfUtf8(bytes, start);
    if (end > start) {
      text += printable(decoder.decode(bytes.subarray(start, end)));
    }
    if (end < bytes.length) text += `\\x${hex(bytes[end], 2)}`;
    start = end;
  }
  return text;
}
