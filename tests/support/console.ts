/** Types what a page's `console` blocks show as typed, and compares what appears.
 * @module */

import { assertEquals } from "@std/assert";
import { pythonPair, typescriptPair } from "./lesson.ts";
import {
  freePort,
  programCommand,
  type Session,
  shCommand,
  startSession,
} from "./program.ts";
import { pythonCommand } from "./python.ts";

/** A fenced block of a page. */
export interface Block {
  /** The language behind the fence. */
  language: string;
  /** The nearest heading above, of each level, outermost first. */
  headings: string[];
  /** The last line of text above. */
  caption: string;
  /** What is between the fences. */
  text: string;
}

/** The fenced blocks of a page, in order. */
export function blocksOf(page: string): Block[] {
  const blocks: Block[] = [];
  const headings: string[] = [];
  let caption = "";
  const parts = page.matchAll(
    /^```(\w+)\n([\s\S]*?)^```$|^(#+) (.*)$|^(.+)$/gm,
  );
  for (const [, language, text, level, heading, line] of parts) {
    if (language !== undefined) {
      blocks.push({ language, headings: [...headings], caption, text });
    } else if (level !== undefined) {
      headings.splice(level.length - 1, Infinity, heading);
    } else {
      caption = line;
    }
  }
  return blocks;
}

const PROMPT = "Enter number to calculate: (or write exit to terminate): ";

/** Leaves out what differs from run to run: the client's port, and the server drawn. */
function withoutChance(line: string): string {
  return line
    .replace(/\('127\.0\.0\.1', \d+\)/, "('127.0.0.1', <peer port>)")
    .replace(/(?<=Server 127\.0\.0\.1:)900[123]\b/, "<server port>");
}

/** The terminals of one section of a page. Disposing of them kills whatever still runs in them. */
export class Terminals implements AsyncDisposable {
  /** The ports in use here, by the page's. */
  readonly #ports = new Map<number, number>();
  readonly #sessions = new Map<string, Session>();

  /** Types what a block shows as typed into a terminal, and expects what it shows as printed. */
  async replay(terminal: string, block: string): Promise<void> {
    const lines = block.replace(/\n$/, "").split("\n");
    for (const [index, line] of lines.entries()) {
      if (line.startsWith("$ ")) {
        // Within a block each command ends before the next; between blocks the user presses Ctrl-C.
        if (index > 0) await this.#end(terminal);
        else await this.#kill(terminal);
        this.#start(terminal, line.slice(2));
      } else if (line !== "...") {
        await this.#expect(terminal, line, lines[index - 1] === "...");
      }
    }
    // The text goes on when a client has ended, unless that stays silent.
    if (/\/say\.py (?!.* silence)/.test(block)) await this.#end(terminal);
  }

  #start(terminal: string, typed: string): void {
    // The command takes the shell's place, so that signals reach it.
    const script = 'export PYTHONUNBUFFERED=1; exec "$@" 2>&1';
    const command = shCommand(script, this.#commandOf(typed));
    this.#sessions.set(terminal, startSession(command));
  }

  /** The words of a command as it is run here. */
  #commandOf(typed: string): string[] {
    const [file, ...args] = this.#elsewhere(typed).split(" ");
    const ports = [9001, 9002, 9003].map((port) => this.#portFor(port));
    if (typed === "python3 lesson/client.py") return pythonPair.client(ports);
    if (/^deno run .* lesson\/client\.ts$/.test(typed)) {
      return typescriptPair.client(ports);
    }
    if (typed.startsWith("deno task ")) {
      return [...programCommand(), ...args.slice(1)];
    }
    if (file === "python3") return pythonCommand(...args);
    return [Deno.execPath(), ...args];
  }

  /** What is typed, with the ports and server numbers in use here. */
  #elsewhere(typed: string): string {
    return typed
      .replace(/\b90\d\d\b/, (port) => String(this.#portFor(Number(port))))
      .replace(
        /(?<=(?:server\.py|server\.ts|serve) )\d\d?$/,
        (number) => String(this.#portFor(9000 + Number(number)) - 9000),
      );
  }

  #portFor(pagePort: number): number {
    const port = this.#ports.get(pagePort) ?? freePort();
    this.#ports.set(pagePort, port);
    return port;
  }

  /** What is printed, with the page's ports. */
  #onPage(printed: string): string {
    for (const [pagePort, port] of this.#ports) {
      printed = printed.replace(new RegExp(`\\b${port}\\b`), String(pagePort));
    }
    return withoutChance(printed);
  }

  async #expect(
    terminal: string,
    line: string,
    mayComeLater: boolean,
  ): Promise<void> {
    const session = this.#sessions.get(terminal)!;
    if (line.startsWith("^C")) {
      session.child.kill("SIGINT");
      line = line.slice(2);
      if (line === "") return;
    }
    if (line.startsWith(PROMPT)) {
      assertEquals(await session.until(PROMPT), PROMPT);
      await session.type(line.slice(PROMPT.length) + "\n");
      return;
    }
    const expected = withoutChance(line).replace(/\.\.\.$/, "");
    // What follows the dots at a line's end is not shown.
    const shown = line.endsWith("...") ? expected.length : Infinity;
    while (true) {
      const printed = await session.until("\n");
      const actual = this.#onPage(printed.replace(/\n$/, "")).slice(0, shown);
      if (mayComeLater && printed !== "" && actual !== expected) continue;
      assertEquals(actual, expected);
      return;
    }
  }

  /** Expects the terminal's command to end, and to print nothing more. */
  async #end(terminal: string): Promise<void> {
    const session = this.#sessions.get(terminal);
    if (session === undefined) return;
    this.#sessions.delete(terminal);
    assertEquals((await session.end()).stdout, "");
  }

  async #kill(terminal: string): Promise<void> {
    await this.#sessions.get(terminal)?.[Symbol.asyncDispose]();
    this.#sessions.delete(terminal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#sessions.keys().map((name) => this.#kill(name)));
  }
}
