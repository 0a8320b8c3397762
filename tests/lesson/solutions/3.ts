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
const server = Deno.listen({ ...address, tcpBacklog: 5 });
console.log(`Server is listening on ${address.hostname}:${address.port}`);

while (true) {
  try {
    // 6. Accept
    using client = await server.accept();
    const peer = client.remoteAddr;
    console.log(`Accepted connection from ('${peer.hostname}', ${peer.port})`);
    // 7. Receive
    const buffer = new Uint8Array(1024);
    const size = await client.read(buffer) ?? 0;
    const text = new TextDecoder().decode(buffer.subarray(0, size));
    console.log(`Received from client: ${text}`);
    // 8. Process and respond
    const square = text.startsWith("square ");
    const operand = square ? text.slice("square ".length) : text;
    let reply = "Received data is not valid integer";
    if (integer.test(operand)) {
      const number = BigInt(operand);
      reply = String(square ? number * number : 2n * number);
    }
    await client.write(new TextEncoder().encode(reply));
    // 9. Close: `using` sees to that, whatever happens
  } catch (error) {
    console.log(`The client has gone: ${error}`);
  }
}
