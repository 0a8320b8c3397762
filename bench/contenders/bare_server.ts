// The floor: the fastest loop on `Deno.listen` that does the job, with reused buffers and no decoder.
const encoder = new TextEncoder();
const buffers: Uint8Array[] = [];

async function handle(conn: Deno.Conn): Promise<void> {
  const buffer = buffers.pop() ?? new Uint8Array(1024);
  const size = await conn.read(buffer);
  let text = "";
  for (let i = 0; i < size!; i++) text += String.fromCharCode(buffer[i]);
  const reply = text.length <= 15 ? 2 * Number(text) : 2n * BigInt(text);
  const { written } = encoder.encodeInto(String(reply), buffer);
  await conn.write(buffer.subarray(0, written));
  conn.close();
  buffers.push(buffer);
}

const [hostname, port] = ["127.0.0.1", Number(Deno.args[0])];
const listener = Deno.listen({ hostname, port, tcpBacklog: 4096 });
for await (const conn of listener) handle(conn).catch(() => conn.close());
