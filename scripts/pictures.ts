/** Records `docs/session.svg` and `docs/trace.svg`: the commands of the README, on terminals that util-linux's
 * `script` makes. Ports 9001 to 9003 have to be free.
 * @module */

/** A terminal on which a task runs, and what it shows. */
class Terminal {
  text: string;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #output: ReadableStreamDefaultReader<string>;

  constructor(task: string) {
    this.text = `\x1b[1m$ npx -y deno task ${task}\x1b[0m\r\n`;
    const command = `env -u NO_COLOR ${Deno.execPath()} task ${task}`;
    const child = new Deno.Command("script", {
      args: ["--quiet", "--echo=always", `--command=${command}`, "/dev/null"],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#input = child.stdin.getWriter();
    this.#output = child.stdout.pipeThrough(new TextDecoderStream())
      .getReader();
  }

  /** Waits until the text has been shown so many times, or for the end. */
  async until(text: string, times: number): Promise<void> {
    while (this.text.split(text).length <= times) {
      const { value, done } = await this.#output.read();
      if (done) return;
      this.text += value;
    }
  }

  async type(keys: string): Promise<void> {
    await this.#input.write(new TextEncoder().encode(keys));
  }
}

/** The rows of a line on a screen of 80 columns, as SVG. Each style is a class that is named for its codes. */
function rowsOf(line: string): string[] {
  const rows = [""];
  let [style, column] = ["", 0];
  for (const [token, codes] of line.matchAll(/\p{Cc}\[([\d;]*)m|[^]/gu)) {
    if (codes !== undefined) style = `</tspan><tspan class="s${codes}">`;
    else if (column++ % 80 === 0 && column > 1) rows.push(style);
    rows[rows.length - 1] += codes === undefined
      ? token.replace("&", "&amp;").replace("<", "&lt;")
      : style;
  }
  return rows;
}

/** Draws terminals, one below the other. */
async function draw(file: string, title: string, ...terminals: Terminal[]) {
  let [top, drawing] = [0, ""];
  for (const { text } of terminals) {
    const rows = text.trimEnd().split("\r\n").flatMap(rowsOf);
    const height = 20 * rows.length + 24;
    drawing += `<rect y="${top}" width="708" height="${height}" rx="8"/>\n`;
    for (const [i, row] of rows.entries()) {
      const y = top + 20 * i + 30;
      drawing += `<text x="18" y="${y}"><tspan>${row}</tspan></text>\n`;
    }
    top += height + 12;
  }
  await Deno.writeTextFile(
    file,
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 708 ${top - 12}" \
role="img" xml:space="preserve"><title>${title}</title>
<style>
rect { fill: #1d2430; } .s1 { font-weight: bold; fill: #ffffff; }
text { font: 14px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #c9d1d9; white-space: pre; }
.s31 { fill: #ff7b72; } .s32 { fill: #7ee787; } .s33 { fill: #ffa657; }
.s34 { fill: #79c0ff; } .s35 { fill: #d2a8ff; } .s36 { fill: #56d4dd; }
</style>
${drawing}</svg>
`,
  );
}

const servers = new Terminal("servers");
await servers.until("listening", 3);
const client = new Terminal("client");
for (const [i, line] of ["21", "five", "exit"].entries()) {
  await client.until("terminate): ", i + 1);
  await client.type(`${line}\n`);
}
await client.until("end", Infinity);
await servers.until("Received", 2);
await draw("docs/session.svg", "Three servers, and a client", servers, client);
const trace = new Terminal("client --trace 21");
await trace.until("end", Infinity);
await draw("docs/trace.svg", "The socket calls behind an answer", trace);
await servers.type("\x03");
await servers.until("end", Infinity);
