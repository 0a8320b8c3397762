/**
 * The same on Node's `net`: one message, one reply, and a log that is gathered for 20 ms.
 */

import { createServer } from "node:net";
import { stdout } from "node:process";

let lines = "";

function write() {
  stdout.write(lines);
  lines = "";
}

function print(line) {
  if (lines === "") setTimeout(write, 20);
  lines += line + "\n";
}

function reply(message) {
  try {
    return String(2n * BigInt(message));
  } catch {
    return "Received data is not valid integer";
  }
}

const server = createServer((socket) => {
  print(`Accepted connection from ('127.0.0.1', ${socket.remotePort})`);
  socket.once("data", (data) => {
    const message = data.toString();
    print(`Received from client: ${message}`);
    socket.end(reply(message));
  });
  socket.on("error", () => print("The client socket is closed"));
});

server.listen(0, "127.0.0.1", () => {
  stdout.write(
    `Server is listening on 127.0.0.1:${server.address().port}\n`,
  );
});
