import { assertEquals } from "@std/assert";
import { traced } from "../../io/trace.ts";
import { MemoryNetwork, send } from "../support/network.ts";

const CLIENT = "127.0.0.1:49152";
const SERVER = "127.0.0.1:9001";

Deno.test("bytes are shown as repr shows them, 64 at most, and of a send those that it has taken", async () => {
  const lines: string[] = [];
  const print = (line: string) =>
    lines.push(line.slice("12:04:31.205  ".length));
  const network = traced(new MemoryNetwork({ capacity: 1024 }), print, false);
  const listener = network.listen(9001);
  const { signal } = new AbortController();
  const client = await network.connect(9001, signal);
  const server = await listener.accept();
  const messages: [message: string | Uint8Array, shown: string][] = [
    ["1", "1 byte  1"],
    ["1\n\x1b", "3 bytes  1\\n\\x1b"],
    [new Uint8Array([0x31, 0xff]), "2 bytes  1\\xff"],
    ["7".repeat(64), `64 bytes  ${"7".repeat(64)}`],
    ["7".repeat(65), `65 bytes  ${"7".repeat(64)}…`],
  ];
  for (const [message, shown] of messages) {
    lines.length = 0;
    await send(client, message);
    await server.read(new Uint8Array(1024));
    assertEquals(lines, [
      `send     ${CLIENT} -> ${SERVER}  ${shown}`,
      `recv     ${SERVER} <- ${CLIENT}  ${shown}`,
    ]);
  }
  await send(client, new Uint8Array(1022));
  await client.write(new TextEncoder().encode("12345"));
  assertEquals(lines.at(-1), `send     ${CLIENT} -> ${SERVER}  2 bytes  12`);
});
