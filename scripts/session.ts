/**
 * Holds a session with server 1 and draws it: docs/session.svg shows what was typed and what the program
 * printed.
 *
 * @module
 */

import { PROMPT } from "../client.ts";
import { type Session, startSession } from "../tests/support/program.ts";

/** What the client is asked, the last of which ends it. */
const INPUTS = ["21", "18446744073709551616", "abc", "exit"];

const OUTPUT = "docs/session.svg";

/** A line on a terminal. */
interface Line {
  /** What was printed. */
  printed: string;
  /** What was typed behind it. */
  typed?: string;
}

/** A terminal with what it shows. */
interface Terminal {
  title: string;
  lines: Line[];
}

function start(args: string): Session {
  const program = "run --no-prompt --allow-net=127.0.0.1 main.ts";
  return startSession([
    Deno.execPath(),
    ...program.split(" "),
    ...args.split(" "),
  ]);
}

/** The shell's line that starts the program. */
function command(args: string): Line {
  return { printed: "$ ", typed: `tcpcalc ${args}` };
}

function printedLines(text: string): Line[] {
  return text.split("\n").slice(0, -1).map((printed) => ({ printed }));
}

/** Starts a server, asks it by two clients, and stops it. */
async function record(): Promise<Terminal[]> {
  const serve = "serve 1";
  await using server = start(serve);
  const serverLines = [
    command(serve),
    ...printedLines(await server.until("\n")),
  ];

  const interactive = "client --servers 1";
  const clientLines = [command(interactive)];
  await using client = start(interactive);
  for (const typed of INPUTS) {
    const text = await client.until(PROMPT);
    clientLines.push(...printedLines(text), { printed: PROMPT, typed });
    await client.type(`${typed}\n`);
  }
  await client.end();

  const quiet = "client --quiet --servers 1 21 -4";
  await using quietClient = start(quiet);
  const { stdout } = await quietClient.end();
  clientLines.push(command(quiet), ...printedLines(stdout), { printed: "$ " });

  server.child.kill("SIGINT");
  const log = await server.end();
  serverLines.push(...printedLines(log.stdout), { printed: "^C" }, {
    printed: "$ ",
  });

  return [
    { title: "client", lines: clientLines },
    { title: "server", lines: serverLines },
  ];
}

const CHARACTER_WIDTH = 8.4;
const LINE_HEIGHT = 20;
const BAR_HEIGHT = 30;
const PADDING = 16;
const GAP = 12;

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

function draw(terminals: Terminal[]): string {
  const columns = terminals.flatMap(({ lines }) => lines)
    .map(({ printed, typed = "" }) => printed.length + typed.length);
  const width = Math.ceil(
    Math.max(...columns) * CHARACTER_WIDTH + 2 * PADDING,
  );
  const drawing: string[] = [];
  let top = 0;
  for (const { title, lines } of terminals) {
    const height = BAR_HEIGHT + lines.length * LINE_HEIGHT + PADDING;
    drawing.push(
      `<rect y="${top}" width="${width}" height="${height}" rx="8"/>`,
      `<text class="title" x="${width / 2}" y="${top + 20}">${title}</text>`,
    );
    lines.forEach(({ printed, typed = "" }, index) => {
      const y = top + BAR_HEIGHT + (index + 1) * LINE_HEIGHT - 6;
      const input = typed && `<tspan class="typed">${escape(typed)}</tspan>`;
      drawing.push(
        `<text x="${PADDING}" y="${y}">${escape(printed)}${input}</text>`,
      );
    });
    top += height + GAP;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${
    top - GAP
  }" width="${width}" role="img">
<title>A client that asks server 1, and what the server prints</title>
<style>
rect { fill: #1d2430; }
text { fill: #c9d1d9; font: 14px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; white-space: pre; }
.title { fill: #8b949e; text-anchor: middle; }
.typed { fill: #7ee787; }
</style>
${drawing.join("\n")}
</svg>
`;
}

await Deno.writeTextFile(OUTPUT, draw(await record()));
