/**
 * The floor: the smallest loop on `Deno.listen` that does the job. It reads, doubles, writes and
 * closes. It prints nothing about its clients, checks nothing, waits for a silent client for ever,
 * and dies of the first one that sends no integer. What tcpcalc costs beyond it is the price of all
 * that.
 *
 * @module
 */

const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
console.log(`Server is listening on 127.0.0.1:${listener.addr.port}`);

const decoder = new TextDecoder();
const encoder = new TextEncoder();

async function handle(conn: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(1024);
  const size = await conn.read(buffer);
  if (size !== null) {
    const number = BigInt(decoder.decode(buffer.subarray(0, size)));
    await conn.write(encoder.encode(String(2n * number)));
  }
  conn.close();
}

for await (const conn of listener) handle(conn);
