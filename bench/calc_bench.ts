import { double } from "../calc.ts";
import { decodeUtf8, escapeBytes, escapeUnprintable } from "../python/repr.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);

/** The messages of at most 1024 bytes that cost a server the most. */
export const WORST_MESSAGES: Record<string, Uint8Array<ArrayBuffer>> = {
  "256 × U+1D7D7": utf8("𝟗".repeat(256)),
  "1024 digits": utf8("9".repeat(1024)),
  "512 × \\0\\xff": new Uint8Array(1024).map((_, i) => i % 2 * 0xff),
  "512 × U+00AD": utf8("\xad".repeat(512)),
  "1024 × \\x1b": utf8("\x1b".repeat(1024)),
};

const messages = { "21": utf8("21"), ...WORST_MESSAGES };
for (const [name, message] of Object.entries(messages)) {
  Deno.bench(name, { baseline: name === "21" }, () => {
    const text = decodeUtf8(message);
    if (text === undefined) escapeBytes(message);
    else double(text) + escapeUnprintable(text);
  });
}
