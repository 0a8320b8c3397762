/** What comes in from a program, and waiting for it.
 * @module */

import type { Socket } from "node:net";

/** More than any program in order prints, or sends on one connection. */
const MAX_BYTES = 1 << 20;

const TICK_MS = 20;

/** Waits until something is the case that only news can change. */
export class News {
  #next = Promise.withResolvers<void>();

  /** Says that something has changed. */
  tell(): void {
    this.#next.resolve();
    this.#next = Promise.withResolvers();
  }

  /**
   * Waits until it is the case, but no longer than so many milliseconds. Returns whether it is. Time in which
   * the machine stands still does not count, as the program could do nothing either.
   */
  async until(isTrue: () => boolean, ms: number): Promise<boolean> {
    let ticks = ms / TICK_MS;
    const timer = setInterval(() => --ticks > 0 || this.tell(), TICK_MS);
    while (!isTrue() && ticks > 0) await this.#next.promise;
    clearInterval(timer);
    return isTrue();
  }
}

/** Does something. Returns what it threw, and by how many milliseconds the machine was late meanwhile. */
export async function timed(
  action: () => Promise<void>,
): Promise<{ error: unknown; lateMs: number }> {
  let [lateMs, last] = [0, performance.now()];
  const timer = setInterval(() => {
    const now = performance.now();
    lateMs = Math.max(lateMs, now - last - TICK_MS);
    last = now;
  }, TICK_MS);
  const error = await action().then(() => undefined, (error) => error);
  clearInterval(timer);
  return { error, lateMs };
}

/** Waits some milliseconds. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Whether connections to a port are accepted. */
export async function isOpen(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch {
    return false;
  }
}

/** What has come in, by a pipe or on a connection, since it was cleared. */
export class Incoming {
  /** The bytes. */
  bytes: Uint8Array = new Uint8Array();
  /** Why no more will come: "closed" or "reset". Empty as long as more may come. */
  end = "";
  readonly #news: News;
  #total = 0;

  /** Creates it empty. It says when it changes. */
  constructor(news: News) {
    this.#news = news;
  }

  /** What the other end of a connection sends. */
  static from(socket: Socket, news: News): Incoming {
    const incoming = new Incoming(news);
    socket.on("data", (chunk) => incoming.add(chunk));
    socket.on("error", () => incoming.close("reset"));
    socket.on("end", () => incoming.close("closed"));
    socket.on("close", () => incoming.close("closed"));
    return incoming;
  }

  /** The bytes as text, with `\n` for the line ends of every system. */
  get text(): string {
    return new TextDecoder().decode(this.bytes).replaceAll("\r\n", "\n");
  }

  /** Whether so much has come that there is no end to expect. */
  get endless(): boolean {
    return this.#total > MAX_BYTES;
  }

  /** Forgets the bytes. */
  clear(): void {
    this.bytes = new Uint8Array();
  }

  /** Takes what has come, unless it comes without end. */
  add(chunk: Uint8Array): void {
    this.#total += chunk.length;
    if (this.endless) return this.close("closed");
    const bytes = new Uint8Array(this.bytes.length + chunk.length);
    bytes.set(this.bytes);
    bytes.set(chunk, this.bytes.length);
    this.bytes = bytes;
    this.#news.tell();
  }

  /** Says that no more will come. */
  close(end: string): void {
    this.end ||= end;
    this.#news.tell();
  }
}

/** A text as UTF-8; bytes as they are. */
export function toBytes(message: string | Uint8Array): Uint8Array {
  return typeof message === "string"
    ? new TextEncoder().encode(message)
    : message;
}

const UNPRINTABLE = /[^\P{C}\n]|\ufffd/gu;

/** A message in a sentence: as text, and also as numbers if not all of it is printable. */
export function shown(message: string | Uint8Array): string {
  const bytes = toBytes(message);
  const text = new TextDecoder().decode(bytes);
  const short = text.length > 160 ? text.slice(0, 40) : text;
  const quoted = JSON.stringify(short.replace(UNPRINTABLE, "·"));
  if (text.search(UNPRINTABLE) < 0) {
    return short === text ? quoted : `${quoted}… (${bytes.length} bytes)`;
  }
  const numbers = bytes.slice(0, 12).join(", ");
  const more = bytes.length > 12 ? ", …" : "";
  return `the ${bytes.length} bytes [${numbers}${more}] (${quoted})`;
}
