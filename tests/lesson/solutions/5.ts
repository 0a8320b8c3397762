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
    const decoder = new TextDecoder();
    const buffer = new Uint8Array(1024);
    let unread = "";
    while (true) {
      const size = await client.read(buffer);
      if (size === null) break;
      unread += decoder.decode(buffer.subarray(0, size), { stream: true });
      const lines = unread.split("\n");
      unread = lines.pop()!;
      for (const text of lines) {
        console.log(`Received from client: ${text}`);
        // 8. Process and respond
        const reply = integer.test(text)
          ? String(2n * BigInt(text))
          : "Received data is not valid integer";
        const bytes = new TextEncoder().encode(`${reply}\n`);
        for (let count = 0; count < bytes.length;) {
          count += await client.write(bytes.subarray(count));
        }
      }
    }
    // 9. Close: `using` sees to that, whatever happens
  } catch (error) {
    console.log(`The client has gone: ${error}`);
  }
}
