import type { Exercise } from "../judge.ts";
import { Program } from "../program.ts";
import { NOT_AN_INTEGER, type ServerTrial } from "../server_trial.ts";

const USAGE =
  "Usage: … <server number>. For further information check readme file";

const INVALID = "Invalid argument. Please provide an integer.";

/** Expects a server with these arguments to print a line, in which … may be anything, and to end with exit status 1. */
async function refuses(
  { launch }: ServerTrial,
  args: string[],
  line: string,
): Promise<void> {
  await using program = new Program(launch, ...args);
  const pattern = RegExp(`^${line.replaceAll(/[.…]/g, ".*")}\n$`);
  await program.prints(/listening/, launch.startMs);
  await program.news.until(() => program.status !== undefined, 500);
  if (pattern.test(program.stdout.text) && program.status?.code === 1) return;
  const given = args.length === 0 ? "no argument" : args.join(" ");
  throw await program.unsolved(
    `Started with ${given}, it should print "${line}" and end with exit status 1.`,
  );
}

/** The server does what the lesson's does. */
export const theServer: Exercise = {
  folder: "1-the-server",
  program: "server",
  hint:
    "Make one step work after the other. After step 5 the program can say that it is listening; give step 6 a loop around it, and print in every step what you have got.",
  async check(server) {
    const client = await server.ask("21", "42");
    const { program } = server;
    const accepted = `Accepted connection from .*\\b${client.port}\\b`;
    if (!await program.prints(RegExp(`^${accepted}`, "m"))) {
      throw await program.unsolved(
        `The server should print "Accepted connection from " and the client's address and port, here 127.0.0.1 and ${client.port}.`,
      );
    }
    if (!await program.prints(/^Received from client: 21$/m)) {
      throw await program.unsolved(
        'The server should print "Received from client: 21".',
      );
    }

    await server.ask("-4", "-8");
    await server.ask("+5", "10");
    await server.ask("  6 \n", "12");
    await server.ask("9007199254740993", "18014398509481986");
    await server.ask("9".repeat(300), `1${"9".repeat(299)}8`);
    for (const text of ["twelve", "1.5", "1 2", "0x10", "12x", "zwölf"]) {
      await server.ask(text, NOT_AN_INTEGER);
    }
    await server.ask("22", "44");

    await refuses(server, [], USAGE);
    await refuses(server, ["1", "2"], USAGE);
    await refuses(server, ["one"], INVALID);
    await refuses(server, ["1.5"], INVALID);
  },
};
