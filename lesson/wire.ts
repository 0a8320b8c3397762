/** Makes what `lesson/wire.md` shows, and `lesson/wire.pcap`, in a network of its own, in which port 9001 is
 * free and nobody has to be root:
 *
 *     unshare --map-user=1 --keep-caps --net deno run --allow-all lesson/wire.ts
 *
 * With `--print`, it prints the blocks as JSON, and changes nothing.
 * @module */

const SAY = "python3 -u lesson/say.py 9001";
const SERVER =
  `${Deno.execPath()} run --quiet --allow-net=127.0.0.1 lesson/server.ts 1`;
const CAPTURE = "tcpdump -i lo -n -U --immediate-mode -w - tcp port 9001";

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
  const lines = text.replace(/, win .*(?=, length)/g, "").split("\n");
  const port = (line: string) => /1\.(?!9001)(\d+)/.exec(line)![1];
  const connections = Map.groupBy(lines, port).values();
  return Array.from(connections, (lines) => lines.join("\n"));
}

/** Captures three connections. Returns the capture, and the sockets before the last reply and at the end. */
async function record() {
  await run("ip link set lo up");
  const tcpdump = spawn(CAPTURE);
  const capture = new Response(tcpdump.stdout).bytes();
  await until("listening on", tcpdump.stderr);
  const server = spawn(SERVER);
  await until("listening on", server.stdout);
  await run(`${SAY} 21`);
  const silent = spawn(`${SAY} silence:2 21`);
  await until("connect", silent.stdout);
  const halfClosing = spawn(`${SAY} 21 end silence:2`);
  await until("shutdown", halfClosing.stdout);
  let before = "";
  while (!before.includes("FIN-WAIT-2")) before = await run("ss -tan");
  await Promise.all([silent.status, halfClosing.status]);
  const after = await run("ss -tan");
  server.kill();
  tcpdump.kill("SIGINT");
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
