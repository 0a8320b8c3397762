import { assertEquals, assertMatch } from "@std/assert";
import { traced } from "../../io/trace.ts";
import { osErrorText } from "../../python/os_error.ts";
import { run, start } from "../support/environment.ts";
import { MemoryNetwork, send } from "../support/network.ts";
import { systemError } from "../support/system_error.ts";
import { FakeTime, settle } from "../support/time.ts";

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
  await client.closeWrite();
  assertEquals(lines.at(-1), `shutdown ${CLIENT} -> ${SERVER}`);
});

/** What a trace prints, with "…" for the times. */
function traceOf({ stderr }: { stderr: string }): string {
  return stderr.replace(/^\d\d:\d\d:\d\d\.\d{3} {2}/gm, "… ");
}

Deno.test("--trace shows the socket calls of both sides, and leaves standard output as it is", async () => {
  const server = start(["serve", "1", "--trace"]);
  const { network } = server;
  await server.stdout.until("\n");
  const local = `127.0.0.1:${network.nextPort}`;
  const client = await run(
    ["client", "--servers=1", "--trace", "21"],
    { network },
  );
  const stopped = await server.stop();
  assertEquals(
    traceOf(client),
    `… connect  ${local} -> 127.0.0.1:9001
… send     ${local} -> 127.0.0.1:9001  2 bytes  21
… recv     ${local} <- 127.0.0.1:9001  2 bytes  42
… recv     ${local} <- 127.0.0.1:9001  end of stream
… close    ${local}
`,
  );
  assertEquals(
    traceOf(stopped),
    `… listen   127.0.0.1:9001
… accept   127.0.0.1:9001 <- ${local}
… recv     127.0.0.1:9001 <- ${local}  2 bytes  21
… send     127.0.0.1:9001 -> ${local}  2 bytes  42
… close    127.0.0.1:9001 -> ${local}
… close    127.0.0.1:9001
`,
  );
  assertEquals(
    client.stdout + stopped.stdout.replaceAll(/'127.+\d/g, "<client>"),
    "connected to Server 127.0.0.1:9001\nReceived from server: 42\n" +
      "Server is listening on 127.0.0.1:9001\n" +
      "Accepted connection from (<client>)\nReceived from client: 21\n",
  );
});

Deno.test("a trace shows the error of a call that failed, but not of one that a close has ended", async () => {
  using time = new FakeTime();
  const network = new MemoryNetwork();
  const args = ["serve", "1", "--trace", "--idle-timeout=1"];
  const server = start(args, { network });
  await settle();
  network.listenerOn(9001)!.failAccept(systemError("EMFILE"));
  const resetting = await network.connect(9001);
  using _idle = await network.connect(9001);
  await time.advance(10);
  resetting.reset();
  await time.advance(2_000);
  const stopped = server.stop();
  await time.advance(5_000);
  const errors = traceOf(await stopped).match(/^… .+\[\w+ \d+\].+/gm)!
    .map((line) => line.replace(/ {2}.*\[/, " ["));
  assertEquals(errors, [
    `… accept ${osErrorText(systemError("EMFILE"))}`,
    `… recv ${osErrorText(systemError("ECONNRESET"))}`,
  ]);
  const client = ["client", "--servers=1", "--trace", "21"];
  assertEquals(
    traceOf(await run(client, { network })),
    `… connect  127.0.0.1 -> 127.0.0.1:9001  ${
      osErrorText(systemError("ECONNREFUSED"))
    }\n`,
  );
  using _taken = network.listen(9001);
  const { stderr } = await run(args, { network });
  assertMatch(stderr, / {2}listen {3}127\.0\.0\.1:9001 {2}\[\w+ 98] .+\nOSE/);
});
