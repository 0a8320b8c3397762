/** Makes what `lesson/wire.md` shows, and `lesson/wire.pcap`, in a network of its own, in which port 9001 is
 * free and nobody has to be root:
 *
 *     unshare --map-user=1 --keep-caps --net deno run --allow-all lesson/wire.ts
 *
 * With `--print`, it prints the blocks as JSON, and changes nothing.
 * @module */

const SERVER =
  `${Deno.execPath()} run --quiet --allow-net=127.0.0.1 lesson/server.ts 1`;

/** Short snapshots, so that hundreds can wait for a busy tcpdump. Of the usual length, only a few fit. */
const CAPTURE =
  "tcpdump -i lo -n -s 128 -U --immediate-mode -w - tcp port 9001";

/** Each of the three connections ends with two. */
const GOODBYES = 6;

function spawn(command: string, stdin: "piped" | "null" = "null") {
  const [file, ...args] = command.split(" ");
  const options = { args, stdin, stdout: "piped", stderr: "piped" } as const;
  return new Deno.Command(file, options).spawn();
}

/** Waits until a text is printed. */
async function until(text: string, output: ReadableStream<Uint8Array>) {
  const reader = output.getReader();
  for (let printed = ""; !printed.includes(text);) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`no "${text}" in "${printed}"`);
    printed += new TextDecoder().decode(value);
  }
  reader.releaseLock();
}

/** Runs a command to its end, and returns what it printed, without blanks at the ends of lines. */
async function run(command: string, input = new Uint8Array()): Promise<string> {
  const child = spawn(command, "piped");
  await new Blob([input]).stream().pipeTo(child.stdin);
  const { stdout } = await child.output();
  return new TextDecoder().decode(stdout).replace(/ +$/gm, "").trimEnd();
}

/** The packets of each connection in a capture, as tcpdump shows them, but without window and options. */
export async function packetsIn(
  capture: Uint8Array<ArrayBuffer>,
): Promise<string[]> {
  const text = await run("tcpdump -n -t -r -", capture);
  const lines = text.replace(/, win .*(?=, length)/g, "").match(/.+/g) ?? [];
  const port = (line: string) => /1\.(?!9001)(\d+)/.exec(line)![1];
  const connections = Map.groupBy(lines, port).values();
  return Array.from(connections, (lines) => lines.join("\n"));
}

/** Reads what tcpdump captures, and ends it when it has all. */
async function readAll(tcpdump: Deno.ChildProcess) {
  let capture = new Uint8Array();
  let goodbyes = 0;
  for await (const chunk of tcpdump.stdout) {
    capture = await new Blob([capture, chunk]).bytes();
    if (goodbyes === GOODBYES) continue;
    goodbyes = (await packetsIn(capture)).join().split("[F.]").length - 1;
    if (goodbyes === GOODBYES) tcpdump.kill("SIGINT");
  }
  return capture;
}

/** Lists the sockets, as soon as the list has all of this. */
async function sockets(...parts: RegExp[]): Promise<string> {
  let list = "";
  while (!parts.every((part) => part.test(list))) list = await run("ss -tan");
  return list;
}

async function send21(conn: Deno.Conn): Promise<void> {
  await conn.write(new TextEncoder().encode("21"));
}

/** Waits for the end of the stream, and closes. */
async function receive(conn: Deno.Conn): Promise<void> {
  while (await conn.read(new Uint8Array(1024)) !== null);
  conn.close();
}

/** Captures three connections, and is their client. Returns the capture, and the sockets before the last reply and at the end. */
async function record() {
  await run("ip link set lo up");
  const tcpdump = spawn(CAPTURE);
  await until("listening on", tcpdump.stderr);
  const capture = readAll(tcpdump);
  const server = spawn(SERVER);
  await until("listening on", server.stdout);
  const connect = () => Deno.connect({ hostname: "127.0.0.1", port: 9001 });
  const first = await connect();
  await send21(first);
  await receive(first);
  const silent = await connect();
  const halfClosing = await connect();
  await send21(halfClosing);
  await halfClosing.closeWrite();
  const before = await sockets(/LISTEN +1 /, /FIN-WAIT-2/, /TIME-WAIT/);
  await send21(silent);
  await receive(silent);
  await receive(halfClosing);
  const after = await sockets(/(TIME-WAIT[^]*){3}/);
  server.kill();
  return { capture: await capture, sockets: [before, after] };
}

if (import.meta.main) {
  const { capture, sockets } = await record();
  const [whole, , halfClosed] = await packetsIn(capture);
  const blocks = [whole, halfClosed, ...sockets];
  if (Deno.args[0] === "--print") {
    console.log(JSON.stringify(blocks));
  } else {
    const page = await Deno.readTextFile("lesson/wire.md");
    const inBlock = /(?<=^```text\n)[^`]*(?=\n```$)/gm;
    const text = page.replace(inBlock, () => blocks.shift()!);
    await Deno.writeTextFile("lesson/wire.md", text);
    await Deno.writeFile("lesson/wire.pcap", capture);
  }
}
