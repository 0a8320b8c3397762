/** Shows what others send as CPython's `repr` does, so that it can neither forge a line nor drive the terminal.
 * @module */

// Fatal, as an invalid byte must not become U+FFFD; `ignoreBOM` keeps U+FEFF.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** What `str.isprintable` rejects (`_PyUnicode_IsPrintable`): "Other" and "Separator", except the space. */
const UNPRINTABLE = /[[\p{C}\p{Z}]--\x20]/gv;

/** Each byte as Python's error handler `backslashreplace` writes it. */
const ESCAPED_BYTES = Array.from(
  { length: 0x100 },
  (_, byte) => `\\x${byte.toString(16).padStart(2, "0")}`,
);

function escape(character: string): string {
  const codePoint = character.codePointAt(0)!;
  if (character === "\t") return "\\t";
  if (character === "\n") return "\\n";
  if (character === "\r") return "\\r";
  if (codePoint < 0x100) return ESCAPED_BYTES[codePoint];
  const hex = codePoint.toString(16);
  return codePoint < 0x10000
    ? `\\u${hex.padStart(4, "0")}`
    : `\\U${hex.padStart(8, "0")}`;
}

/**
 * Decodes UTF-8 strictly, and keeps U+FEFF, as Python's `bytes.decode()` does.
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
 * Escapes what `str.isprintable` rejects, as `repr` does. Backslashes and quotes, which `repr` escapes for
 * the sake of its own quotes, stay.
 * @returns The text on one line, with `\n`, `\x1b`, `\u200b` or `\U000e0041` for such characters.
 */
export function escapeUnprintable(text: string): string {
  return text.replace(UNPRINTABLE, escape);
}

/** By length of a UTF-8 sequence: the lowest first byte, and the lowest code point that it may encode. */
const LEAST_FIRST_BYTE = [0, 0, 0xc0, 0xe0, 0xf0];
const LEAST_CODE_POINT = [0, 0, 0x80, 0x800, 0x10000];

/** The code point of the UTF-8 sequence that starts here, or -1 if none does. */
function codePointAt(bytes: Uint8Array, start: number): number {
  const first = bytes[start];
  if (first < 0x80) return first;
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (start + length > bytes.length) return -1;
  // A byte that starts no sequence gives a code point that is too low or too high.
  let codePoint = first - LEAST_FIRST_BYTE[length];
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
  // By hand: the strict decoder would throw once for every invalid place.
  let text = "";
  for (let i = 0; i < bytes.length;) {
    const codePoint = codePointAt(bytes, i);
    text += codePoint < 0
      ? ESCAPED_BYTES[bytes[i]]
      : String.fromCodePoint(codePoint);
    i += codePoint < 0x80
      ? 1
      : codePoint < 0x800
      ? 2
      : codePoint < 0x10000
      ? 3
      : 4;
  }
  return escapeUnprintable(text);
}
