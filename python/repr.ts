/** Shows what others send as CPython's `repr` does, so that it can neither forge a line nor drive the terminal.
 * @module */

/** Up to this many bytes, a loop is cheaper than the decoder. */
const SHORT_BYTES = 32;

// Fatal, as an invalid byte must not become U+FFFD; `ignoreBOM` keeps U+FEFF.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** What `str.isprintable` rejects (`_PyUnicode_IsPrintable`): "Other" and "Separator", except the space. */
const UNPRINTABLE = /[[\p{C}\p{Z}]--\x20]/v;

const HEX = Array.from(
  { length: 0x100 },
  (_, byte) => byte.toString(16).padStart(2, "0"),
);

/** Each byte as Python's error handler `backslashreplace` writes it. */
const ESCAPED_BYTES = HEX.map((hex) => `\\x${hex}`);

const LATIN_1 = ESCAPED_BYTES.map((escaped, code) => {
  const character = String.fromCharCode(code);
  if (character === "\t") return "\\t";
  if (character === "\n") return "\\n";
  if (character === "\r") return "\\r";
  const isPrintable = (code >= 0x20 && code < 0x7f) ||
    (code > 0xa0 && code !== 0xad);
  return isPrintable ? character : escaped;
});

function show(codePoint: number): string {
  if (codePoint < 0x100) return LATIN_1[codePoint];
  const character = String.fromCodePoint(codePoint);
  if (!UNPRINTABLE.test(character)) return character;
  const low = HEX[codePoint >> 8 & 0xff] + HEX[codePoint & 0xff];
  return codePoint < 0x10000
    ? `\\u${low}`
    : `\\U00${HEX[codePoint >> 16]}${low}`;
}

/** Whether all is printable ASCII. For a short text a loop is cheaper than a regular expression. */
function isPrintableAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x20 || unit > 0x7e) return false;
  }
  return true;
}

/** Decodes short printable ASCII, which most messages are. */
function decodeShortAscii(bytes: Uint8Array): string | undefined {
  if (bytes.length > SHORT_BYTES) return undefined;
  let text = "";
  for (const byte of bytes) {
    if (byte < 0x20 || byte > 0x7e) return undefined;
    text += LATIN_1[byte];
  }
  return text;
}

/**
 * Decodes UTF-8 strictly, and keeps U+FEFF, as Python's `bytes.decode()` does.
 * @returns The text, or `undefined` where Python raises a `UnicodeDecodeError`.
 */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  const short = decodeShortAscii(bytes);
  if (short !== undefined) return short;
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
  if (isPrintableAscii(text) || !UNPRINTABLE.test(text)) return text;
  let shown = "";
  for (let i = 0; i < text.length; i++) {
    const codePoint = text.codePointAt(i)!;
    if (codePoint > 0xffff) i++;
    shown += show(codePoint);
  }
  return shown;
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

function utf8ByteLength(codePoint: number): number {
  if (codePoint < 0x80) return 1;
  if (codePoint < 0x800) return 2;
  return codePoint < 0x10000 ? 3 : 4;
}

/**
 * Shows bytes as text: UTF-8 as {@linkcode escapeUnprintable} does, and every other byte as Python's error
 * handler `backslashreplace` does.
 * @returns The text on one line, with `\xff` for a byte that is not UTF-8.
 */
export function escapeBytes(bytes: Uint8Array): string {
  // By hand: the strict decoder would throw once for every invalid place.
  let shown = "";
  for (let i = 0; i < bytes.length;) {
    const codePoint = codePointAt(bytes, i);
    if (codePoint < 0) {
      shown += ESCAPED_BYTES[bytes[i]];
      i++;
    } else {
      shown += show(codePoint);
      i += utf8ByteLength(codePoint);
    }
  }
  return shown;
}
