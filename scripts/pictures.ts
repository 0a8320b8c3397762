/** Draws docs/session.svg and docs/trace.svg from real runs. Ports 9001 and 9002 have to be free.
 * @module */

import { TextLineStream } from "@std/streams/text-line-stream";
import { PROMPT } from "../client.ts";

/** A line on a terminal. */
interface Line {
  /** What the program printed. */
  printed: string;
  /** What the user typed after it. */
  typed?: string;
  /** How it is shown. */
  style?: string;
}

/** A terminal and what it shows. */
interface Terminal {
  title: string;
  lines: Line[];
}

/** The shell's line with the command. */
function command(args: string): Line {
  return { printed: "$ ", typed: `tcpcalc ${args}` };
}

function spawn(args: string, stdin: "piped" | "null"): Deno.ChildProcess {
  const program = "run --no-prompt --allow-net=127.0.0.1 main.ts";
  return new Deno.Command(Deno.execPath(), {
    args: `${program} ${args}`.split(" "),
    stdin,
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Runs a server while clients ask it. Returns the lines of both streams in order. */
async function serve(
  args: string,
  ask: () => Promise<void>,
): Promise<string[]> {
  const server = spawn(args, "null");
  const lines: string[] = [];

  async function read(stream: ReadableStream<Uint8Array>): Promise<void> {
    const split = stream.pipeThrough(new TextDecoderStream())
      .pipeThrough(new TextLineStream());
    for await (const line of split) {
      lines.push(line);
      if (line.startsWith("Server is listening")) {
        ask().finally(() => server.kill("SIGTERM"));
      }
    }
  }

  await Promise.all([read(server.stdout), read(server.stderr)]);
  await server.status;
  return lines;
}

/** Runs a client with these lines as input. Returns what a terminal would show. */
async function type(args: string, inputs: string[]): Promise<Line[]> {
  const client = spawn(args, "piped");
  const input = new Blob(inputs.map((line) => `${line}\n`)).stream();
  const [{ stdout }] = await Promise.all([
    client.output(),
    input.pipeTo(client.stdin),
  ]);
  const [, ...outputs] = new TextDecoder().decode(stdout).split(PROMPT);
  return outputs.flatMap((output, index) => [
    { printed: PROMPT, typed: inputs[index] },
    ...output.split("\n").slice(0, -1).map((printed) => ({ printed })),
  ]);
}

/** A session with an answer and then a refusal. It is repeated until the random draw gives that. */
async function drawSession(): Promise<Terminal[]> {
  const clientCommand = "client --servers 1,2";
  let lines: Line[] = [];
  const [listening, ...log] = await serve("serve 1", async () => {
    while (!/Failed/.test(lines[4]?.printed ?? "")) {
      lines = await type(clientCommand, ["21", "7", "exit"]);
    }
  });
  // The last run is the one that is drawn.
  const serverLines = [listening, ...log.slice(-2)]
    .map((printed) => ({ printed }));
  return [
    { title: "terminal 1", lines: [command("serve 1"), ...serverLines] },
    { title: "terminal 2", lines: [command(clientCommand), ...lines] },
  ];
}

/** Two connections to a server, the first of which is answered last. */
async function drawTrace(): Promise<Terminal[]> {
  const ports: string[] = [];

  async function ask(conn: Deno.Conn): Promise<void> {
    await conn.write(new TextEncoder().encode("21"));
    await new Response(conn.readable).text();
  }

  const args = "serve --quiet --trace 1";
  const trace = await serve(args, async () => {
    const options = { hostname: "127.0.0.1", port: 9001 };
    const first = await Deno.connect(options);
    const second = await Deno.connect(options);
    ports.push(...[first, second].map(({ localAddr }) => `:${localAddr.port}`));
    await ask(second);
    await ask(first);
  });
  // The last line is the listener's close.
  const lines = trace.slice(0, -1).map((printed) => {
    const index = ports.findIndex((port) => printed.includes(port));
    return { printed, style: ["first", "second"][index] };
  });
  return [{ title: "terminal 1", lines: [command(args), ...lines] }];
}

const CHARACTER_WIDTH = 8.4;
const LINE_HEIGHT = 20;
const BAR_HEIGHT = 30;
const PADDING = 16;
const GAP = 12;

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

function svg(terminals: Terminal[], description: string): string {
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
    lines.forEach(({ printed, typed = "", style = "plain" }, index) => {
      const y = top + BAR_HEIGHT + (index + 1) * LINE_HEIGHT - 6;
      const input = typed && `<tspan class="typed">${escape(typed)}</tspan>`;
      drawing.push(
        `<text class="${style}" x="${PADDING}" y="${y}">${
          escape(printed)
        }${input}</text>`,
      );
    });
    top += height + GAP;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${
    top - GAP
  }" width="${width}" role="img" xml:space="preserve">
<title>${description}</title>
<style>
rect { fill: #1d2430; }
text { font: 14px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; white-space: pre; }
.plain { fill: #c9d1d9; }
.title { fill: #8b949e; text-anchor: middle; }
.typed { fill: #7ee787; }
.first { fill: #79c0ff; }
.second { fill: #ffa657; }
</style>
${drawing.join("\n")}
</svg>
`;
}

await Deno.writeTextFile(
  "docs/session.svg",
  svg(await drawSession(), "A client asks server 1 and finds server 2 away"),
);
await Deno.writeTextFile(
  "docs/trace.svg",
  svg(
    await drawTrace(),
    "The socket calls of a server with two clients at once",
  ),
);
