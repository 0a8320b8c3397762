/** Draws docs/exchange.svg: the calls of a client and of a server in one exchange, taken from a run with
 * `--trace`, and the packets between them.
 * @module */

import { assertEquals } from "@std/assert";

/** From the top down: a packet to the server (`>`) or to the client (`<`), and the calls at its ends. */
const ROWS = [
  ["connect", "> SYN", ""],
  ["", "< SYN, ACK", ""],
  ["", "> ACK", "accept"],
  ["send  21", "> 21", "recv  21"],
  ["recv  42", "< 42", "send  42"],
  ["recv  end of stream", "< FIN", "close"],
  ["close", "> FIN", ""],
];

/** The calls that a run of the program makes, such as `send  21`, when it has ended. */
async function callsOf(program: Deno.ChildProcess): Promise<string[]> {
  const trace = (await new Response(program.stderr).text()).trimEnd();
  const others = /^\S+ +|127\.0\.0\.1:\d+|->|<-|\d+ bytes/g;
  return trace.split("\n")
    .map((line) => line.replace(others, "").trim().replace(/ +/, "  "));
}

function start(...args: string[]): Deno.ChildProcess {
  const deno = "run --quiet --no-prompt --allow-net=127.0.0.1 main.ts --trace";
  return new Deno.Command(Deno.execPath(), {
    args: deno.split(" ").concat(args),
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

const server = start("serve", "-9000");
const { value } = await server.stdout.getReader().read();
const port = Number(new TextDecoder().decode(value).trim().split(":")[1]);
const client = await callsOf(start("client", `--servers=${port - 9000}`, "21"));
server.kill("SIGTERM");
// Without the first call and the last, which are the listener's.
const calls = [client, (await callsOf(server)).slice(1, -1)];
const column = (index: number) => ROWS.map((row) => row[index]).filter(Boolean);
assertEquals([column(0), column(2)], calls);

const drawing = ROWS.flatMap(([left, packet, right], index) => {
  const top = 60 + index * 40;
  const [from, to] = packet.startsWith("<") ? [420, 200] : [200, 420];
  const [clientY, serverY] = from < to ? [top, top + 14] : [top + 14, top];
  return [
    `<path d="M${from} ${top}L${to} ${top + 14}"/>`,
    `<text class="middle" x="310" y="${top}">${packet.slice(2)}</text>`,
    `<text class="left" x="188" y="${clientY + 4}">${left}</text>`,
    `<text class="right" x="432" y="${serverY + 4}">${right}</text>`,
  ];
});
const svg =
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 580 344" width="580" role="img" xml:space="preserve">
<title>The calls of a client and of a server, and the packets between them</title>
<style>
rect { fill: #1d2430; }
text { font: 14px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; white-space: pre; fill: #c9d1d9; }
path { stroke: #8b949e; marker-end: url(#head); }
.left { text-anchor: end; fill: #79c0ff; }
.middle { text-anchor: middle; }
.right { fill: #ffa657; }
</style>
<marker id="head" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8Z" style="fill: #8b949e; marker-end: none"/></marker>
<rect width="580" height="344" rx="8"/>
<path d="M180 40V328M400 40V328" style="marker-end: none"/>
<text class="left" x="200" y="28">client</text>
<text class="right" x="420" y="28">server</text>
<text class="right" x="432" y="54">listen</text>
${drawing.join("\n")}
</svg>
`;
await Deno.writeTextFile("docs/exchange.svg", svg);
