// 1. Imports
import { createInterface } from "node:readline";
import process from "node:process";

// 2. A socket: Deno.connect makes one in step 6

// 3. The servers' addresses
const ports = [9001, 9002, 9003];

const lines = createInterface(process.stdin)[Symbol.asyncIterator]();
while (true) {
  // 4. Prompt and loop
  process.stdout.write(
    "Enter number to calculate: (or write exit to terminate): ",
  );
  const { value: text, done } = await lines.next();
  if (done || text.toLowerCase() === "exit") break;
  // 5. Choose a server
  const port = ports[Math.floor(Math.random() * ports.length)];
  const name = `Server 127.0.0.1:${port}`;
  try {
    // 6. Connect
    using client = await Deno.connect({ hostname: "127.0.0.1", port });
    console.log(`connected to ${name}`);
    // 7. Send
    await client.write(new TextEncoder().encode(text));
    // 8. Receive and print
    const buffer = new Uint8Array(1024);
    const size = await client.read(buffer) ?? 0;
    const reply = new TextDecoder().decode(buffer.subarray(0, size));
    console.log(`Received from server: ${reply}`);
  } catch (error) {
    // 9. Errors
    const reason = String(error).replace(
      /.*: (.*) \(os error (\d+)\)/,
      "[Errno $2] $1",
    );
    console.log(`Failed to connect to ${name} with error ${reason}`);
  }
  // 10. Close, and a new socket for the next number: `using` and step 6 see to that
}

// 11. The end
Deno.exit();
