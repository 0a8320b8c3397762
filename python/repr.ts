/** Shows what others send as CPython's `repr` does, so that it can neither forge a line nor drive the terminal.
 * @module */

// It keeps U+FEFF. A strict one would throw, which costs more than all else about a message.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** What `str.isprintable` rejects (`_PyUnicode_IsPrintable`): "Other" and "Separator", except the space. */
const UNPRINTABLE = /[[\p{C}\p{Z}]--\x20]/v;

const SHORT: Record<string, string> = { "\t": "\\t", "\n": "\\n", "\r": "\\r" };

function escape(character: string): string {
  if (!UNPRINTABLE.test(character)) return character;
  const hex = character.codePointAt(0)!.toString(16);
  if (hex.length > 4) return `\\U${hex.padStart(8, "0")}`;
  if (hex.length > 2) return `\\u${hex.padStart(4, "0")}`;
  return SHORT[character] ?? `\\x${hex.padStart(2, "0")}`;
}

/** A message of 1024 bytes must not cost a regular expression for each of them. */
const LATIN_1 = Array.from(
  { length: 0x100 },
  (_, code) => escape(String.fromCharCode(code)),
);

/** Bytes beyond ASCII, as Python's error handler `backslashreplace` writes them. */
const ESCAPED_BYTES = LATIN_1.map((_, byte) => `\\x${byte.toString(16)}`);

/**
 * Decodes UTF-8 strictly, and keeps U+FEFF, as Python's `bytes.decode()` does.
 * @returns The text, or `undefined` where Python raises a `UnicodeDecodeError`.
 */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  // Most messages are short and ASCII: for those, the decoder takes several times as long.
  const short = bytes.length > 32 ? "" : String.fromCharCode(...bytes);
  if (/^[ -~]+$/.test(short)) return short;
  for (let i = 0; i < bytes.length; i += sequenceLength(bytes[i])) {
    if (codePointAt(bytes, i) < 0) return undefined;
  }
  return decoder.decode(bytes);
}

/**
 * Escapes what `str.isprintable` rejects, as `repr` does. Backslashes and quotes, which `repr` escapes for
 * the sake of its own quotes, stay.
 * @returns The text on one line, with `\n`, `\x1b`, `\u200b` or `\U000e0041` for such characters.
 */
export function escapeUnprintable(text: string): string {
  return text.replace(/./gsu, escape);
}

/** By length of a UTF-8 sequence: the lowest first byte, and the lowest code point that it may encode. */
const LEAST_FIRST_BYTE = [0, 0, 0xc0, 0xe0, 0xf0];
const LEAST_CODE_POINT = [0, 0, 0x80, 0x800, 0x10000];

function sequenceLength(first: number): number {
  if (first < 0x80) return 1;
  if (first < 0xe0) return 2;
  return first < 0xf0 ? 3 : 4;
}

/** The code point of the UTF-8 sequence that starts here, or -1 if none does. */
function codePointAt(bytes: Uint8Array, start: number): number {
  const length = sequenceLength(bytes[start]);
  if (start + length > bytes.length) return -1;
  // A byte that starts no sequence gives a code point that is too low or too high.
  let codePoint = bytes[start] - LEAST_FIRST_BYTE[length];
  for (let i = start + 1; i < start + length; i++) {
    if (bytes[i] < 0x80 || bytes[i] > 0xbf) return -1;
    codePoint = codePoint * 64 + bytes[i] - 0x80;
  }
  const isSurrogate = codePoint >= 0xd800 && codePoint <= 0xdfff;
  const isCharacter = codePoint >= LEAST_CODE_POINT[length] &&
    codePoint <= 0x10ffff && !isSurrogate;
  return isCharacter ? codePoint : -1;
}

/**
 * Shows bytes as text: UTF-8 as {@linkcode escapeUnprintable} does, and every other byte as Python's error
 * handler `backslashreplace` does.
 * @returns The text on one line, with `\xff` for a byte that is not UTF-8.
 */
export function escapeBytes(bytes: Uint8Array): string {
  let shown = "";
  for (let i = 0; i < bytes.length;) {
    const codePoint = codePointAt(bytes, i);
    if (codePoint < 0) {
      shown += ESCAPED_BYTES[bytes[i++]];
    } else {
      shown += LATIN_1[codePoint] ?? escape(String.fromCodePoint(codePoint));
      i += sequenceLength(bytes[i]);
    }
  }
  return shown;
}
