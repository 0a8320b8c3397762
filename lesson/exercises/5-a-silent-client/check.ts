import { pause, type Trial } from "../trial.ts";

/** The server closes a connection on which nothing has come for a second, and goes on. */
export default async function check(server: Trial): Promise<void> {
  await server.ask("21", "42");
  {
    using silent = await server.connect();
    await silent.expectClosed();
  }
  {
    using slow = await server.connect("A client that took 0.2 seconds");
    await pause(200);
    await slow.send("22");
    await slow.expect("44");
  }
  // The timer of the client that was answered must not end the server.
  await pause(1_200);
  await server.ask("23", "46", "A client that came a second later");
}
