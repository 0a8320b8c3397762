// 1. Imports: none, as sockets are part of Deno

// 2. Arguments
if (Deno.args.length !== 1) {
  console.log(
    "Usage: server.ts <server number>. For further information check readme file",
  );
  Deno.exit(1);
}

// 3. The server number
const integer = /^\s*[-+]?\d+\s*$/;
if (!integer.test(Deno.args[0])) {
  console.log("Invalid argument. Please provide an integer.");
  Deno.exit(1);
}

// 4. Address and port
const address = { hostname: "127.0.0.1", port: 9000 + Number(Deno.args[0]) };

// 5. Socket, bind, listen
/** Reads so many bytes, in as many pieces as they come; `undefined` if the client leaves before. */
async function readExactly(client: Deno.Conn, length: number) {
  const buffer = new Uint8Array(length);
  for (let size = 0; size < length;) {
    const count = await client.read(buffer.subarray(size));
    if (count === null) return undefined;
    size += count;
  }
  return buffer;
}

const server = Deno.listen({ ...address, tcpBacklog: 5 });
console.log(`Server is listening on ${address.hostname}:${address.port}`);

while (true) {
  // 6. Accept
  const client = await server.accept();
  const peer = client.remoteAddr;
  console.log(`Accepted connection from ('${peer.hostname}', ${peer.port})`);
  // 7. Receive
  const header = await readExactly(client, 2);
  const length = header && new DataView(header.buffer).getUint16(0);
  const message = length && await readExactly(client, length);
  if (!message) {
    client.close();
    continue;
  }
  const text = new TextDecoder().decode(message);
  console.log(`Received from client: ${text}`);
  // 8. Process and respond
  const reply = integer.test(text)
    ? String(2n * BigInt(text))
    : "Received data is not valid integer";
  const body = new TextEncoder().encode(reply);
  const frame = new Uint8Array(2 + body.length);
  new DataView(frame.buffer).setUint16(0, body.length);
  frame.set(body, 2);
  for (let size = 0; size < frame.length;) {
    size += await client.write(frame.subarray(size));
  }
  // 9. Close
  client.close();
}
