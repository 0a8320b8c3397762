// The same on Node's net, with a log written in blocks of 64 KiB.
import { createServer } from "node:net";
const port = Number(process.argv[2]);
let log = "";

createServer((socket) => {
  log += `Accepted connection from ('127.0.0.1', ${socket.remotePort})\n`;
  socket.once("data", (data) => {
    log += `Received from client: ${data}\n`;
    socket.end(String(2n * BigInt(data.toString())));
    if (log.length < 65536) return;
    process.stdout.write(log);
    log = "";
  });
  socket.on("error", () => {});
}).listen({ host: "127.0.0.1", port, backlog: 4096 });
