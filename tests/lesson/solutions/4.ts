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

/** Reads so many bytes, in as many pieces as they come. */
async function readExactly(client: Deno.Conn, size: number) {
  const bytes = new Uint8Array(size);
  for (let count = 0; count < size;) {
    const more = await client.read(bytes.subarray(count));
    if (more === null) throw new Error("it left in the middle of a message");
    count += more;
  }
  return bytes;
}

// 5. Socket, bind, listen
const server = Deno.listen({ ...address, tcpBacklog: 5 });
console.log(`Server is listening on ${address.hostname}:${address.port}`);

while (true) {
  try {
    // 6. Accept
    using client = await server.accept();
    const peer = client.remoteAddr;
    console.log(`Accepted connection from ('${peer.hostname}', ${peer.port})`);
    // 7. Receive
    const header = await readExactly(client, 2);
    const size = new DataView(header.buffer).getUint16(0);
    const text = new TextDecoder().decode(await readExactly(client, size));
    console.log(`Received from client: ${text}`);
    // 8. Process and respond
    const double = integer.test(text) ? String(2n * BigInt(text)) : "";
    // A longer reply has no length in two bytes
    const reply = double !== "" && double.length <= 65_535
      ? double
      : "Received data is not valid integer";
    const body = new TextEncoder().encode(reply);
    const frame = new Uint8Array(2 + body.length);
    new DataView(frame.buffer).setUint16(0, body.length);
    frame.set(body, 2);
    for (let count = 0; count < frame.length;) {
      count += await client.write(frame.subarray(count));
    }
    // 9. Close: `using` sees to that, whatever happens
  } catch (error) {
    console.log(`The client has gone: ${error}`);
  }
}
