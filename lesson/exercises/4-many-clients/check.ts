import type { Client, Trial } from "../trial.ts";

/** No more than fit into the backlog of a server that serves one at a time. */
const SILENT_CLIENTS = 5;

/** The server answers everyone who asks, however many others stay silent. */
export default async function check(server: Trial): Promise<void> {
  using stack = new DisposableStack();
  const silent: Client[] = [];
  while (silent.length < SILENT_CLIENTS) {
    silent.push(
      stack.use(await server.connect("A client that was silent at first")),
    );
  }
  await server.ask("21", "42", "A client that came after five silent ones");
  (await server.connect())[Symbol.dispose]();
  await server.ask(
    "22",
    "44",
    "A client that came after one that left at once",
  );
  // The silent ones speak at last, the last one first.
  for (const [index, client] of [...silent.entries()].reverse()) {
    await client.send(String(index));
    await client.expect(String(2 * index));
  }
}
