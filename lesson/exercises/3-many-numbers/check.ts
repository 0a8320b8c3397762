import type { Trial } from "../trial.ts";

/** The server answers line by line, for as long as the client stays. */
export default async function check(server: Trial): Promise<void> {
  {
    using client = await server.connect();
    await client.send("21\n");
    await client.expect("42\n");
    await client.send("abc\n");
    await client.expect("Received data is not valid integer\n");
    await client.send("1\n2\n3\n");
    await client.expect("2\n4\n6\n");
    await client.send("4", "2\n");
    await client.expect("84\n");
    await client.send("5\n6", "7\n");
    await client.expect("10\n134\n");
  }
  await server.ask("7\n", "14\n");
}
