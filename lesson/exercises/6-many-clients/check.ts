import type { Exercise } from "../judge.ts";
import type { Client } from "../server_trial.ts";

/** No more than fit into the backlog of a server that serves one at a time. */
const SILENT_CLIENTS = 5;

/** They are gone before the server, which stands still meanwhile, accepts them. */
const RESETS = 5;

/** The server answers everyone who asks, however many others stay silent. */
export const manyClients: Exercise = {
  folder: "6-many-clients",
  program: "server",
  hint:
    "Only step 6 stays in the loop. What it starts for each client, a thread or an `async` function, catches the errors of that client itself; and `accept` can fail, too, for a client that has gone already.",
  async check(server) {
    const silent: Client[] = [];
    while (silent.length < SILENT_CLIENTS) {
      silent.push(await server.connect(", silent at first,"));
    }
    await server.ask("21", "42", `, after ${SILENT_CLIENTS} silent ones,`);

    (await server.connect()).end();
    await server.ask("22", "44", ", after one that left at once,");
    server.program.signal("SIGSTOP");
    for (let count = 0; count < RESETS; count++) {
      (await server.connect()).reset();
    }
    await server.program.notices();
    server.program.signal("SIGCONT");
    const waiting = await server.connect();
    await server.ask("23", "46", ", after some that reset their connections,");
    // It has been accepted, too, as it came before.
    waiting.reset();
    await server.program.notices();
    const binary = await server.connect();
    await binary.send(Uint8Array.of(0xff));
    await server.ask("24", "48", ", after one that sent the byte 255,");

    // The silent ones speak at last, the last one first.
    for (const [index, client] of [...silent.entries()].reverse()) {
      await client.send(String(index));
      await client.expect(String(2 * index));
      await server.answered(client);
    }
    await server.ask("25", "50");
  },
};
