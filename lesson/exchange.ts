/** Draws docs/exchange.svg: the calls of a client and of a server in one exchange, and the packets between
 * them. `tests/lesson/readme_test.ts` compares the calls with those of a run.
 * @module */

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
<path d="M200 40V328M420 40V328" style="marker-end: none"/>
<text class="left" x="200" y="28">client</text>
<text class="right" x="420" y="28">server</text>
<text class="right" x="432" y="54">listen</text>
${drawing.join("\n")}
</svg>
`;
await Deno.writeTextFile("docs/exchange.svg", svg);
