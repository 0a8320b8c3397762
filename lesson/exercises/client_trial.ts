/** Tries out a student's client, by playing the servers.
 * @module */

import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { Incoming, isOpen, shown } from "./incoming.ts";
import { type Launch, Program, Unsolved } from "./program.ts";

const PROMPT = "Enter number to calculate: (or write exit to terminate): ";

/** How long a client is given to close its connection first, in milliseconds. */
const CLOSE_MS = 40;

/** A connection from the client on trial to one of the servers. */
interface Connection {
  socket: Socket;
  incoming: Incoming;
  /** As the client should call the server. */
  name: string;
}

function nameOf(port: number | string): string {
  return `Server 127.0.0.1:${port}`;
}

/** The client on trial, and the servers that it may ask. */
export class ClientTrial implements AsyncDisposable {
  readonly #launch: Launch;
  readonly #program: Program;
  readonly #ports: number[];
  #servers: Server[] = [];
  readonly #connections: Connection[] = [];
  #served = 0;

  /** Starts a client, which asks the servers on these ports. */
  constructor(launch: Launch, ports: number[]) {
    this.#launch = launch;
    this.#program = new Program(launch);
    this.#ports = ports;
  }

  /** Waits until the servers and the client have started. */
  async started(): Promise<void> {
    await this.#listen();
    await this.#program.prints(/./, this.#launch.startMs);
    await this.#expect("When it starts, it should print", "", "");
  }

  /** Types a line, and has the server that gets it send these pieces and close. */
  async ask(line: string, ...pieces: string[]): Promise<void> {
    const { socket, incoming, name } = await this.#receive(line);
    for (const [index, piece] of pieces.entries()) {
      if (index > 0) await this.#program.notices();
      socket.write(piece);
    }
    // The system keeps the port for a minute from a server that closes first, so a client is given the time to.
    await this.#program.news.until(() => incoming.end !== "", CLOSE_MS);
    socket.end();
    const replied = pieces.length > 0
      ? `replied ${pieces.map(shown).join(" and then ")}`
      : "closed the connection without a reply";
    const reply = pieces.join("");
    const event = `${shown(line)} was typed, and ${name} ${replied}.`;
    await this.#expect(
      `${event} The client should print`,
      `connected to ${name}\nReceived from server: ${reply}\n`,
    );
  }

  /** Asks until each server has been asked, but no more than so many times. */
  async askAll(times: number): Promise<void> {
    const names = new Set(this.#ports.map(nameOf));
    for (let number = 1; number <= times && names.size > 0; number++) {
      await this.ask(String(number), String(2 * number));
      names.delete(this.#connections.at(-1)!.name);
    }
    if (names.size === 0) return;
    const missing = [...names].join(" and ");
    throw await this.#program.unsolved(
      `The client should choose a server for each line. In ${times} lines it never asked ${missing}.`,
    );
  }

  /** Types a line, and has the server that gets it reset the connection, perhaps after a piece of a reply. */
  async askReset(line: string, piece = ""): Promise<void> {
    // There, Deno closes a connection instead.
    if (Deno.build.os === "windows") return await this.ask(line, piece);
    const { socket, name } = await this.#receive(line);
    socket.write(piece);
    await this.#program.notices();
    socket.resetAndDestroy();
    const after = piece && ` after it had sent ${shown(piece)}`;
    await this.#expectError(
      `${shown(line)} was typed, and ${name} reset the connection${after}.`,
      `(connected to ${name}\n)?`,
      name,
    );
  }

  /** Types a line while no server listens. */
  async askNobody(line: string): Promise<void> {
    for (const server of this.#servers) server.close();
    // A process that is just being started holds a copy of the sockets for a moment.
    for (const port of this.#ports) while (await isOpen(port));
    this.#program.type(line);
    await this.#expectError(
      `${shown(line)} was typed while no server was listening.`,
      "",
      nameOf(`(${this.#ports.join("|")})`),
    );
    await this.#listen();
  }

  /** Types the word that ends the client, and expects it to end. */
  async exit(word: string): Promise<void> {
    const program = this.#program;
    program.type(word);
    await program.does(() => program.status !== undefined);
    if (program.status?.code === 0 && program.stdout.text === "") return;
    const event = `${shown(word)} was typed.`;
    throw await program.unsolved(
      `${event} The client should end, with exit status 0 and without another line.`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { socket } of this.#connections) socket.destroy();
    await this.#program[Symbol.asyncDispose]();
    await Promise.all(this.#servers.map(async (server) => {
      if (server.listening) await once(server.close(), "close");
    }));
  }

  /** Types a line, and waits until it has come to a server just as it is. */
  async #receive(line: string): Promise<Connection> {
    const program = this.#program;
    const before = this.#connections[this.#served - 1];
    const unsolved = (sentence: string) =>
      program.unsolved(`${shown(line)} was typed. ${sentence}`);
    program.type(line);
    const isThere = () => this.#connections.length > this.#served;
    await program.does(() => isThere() || program.stdout.end !== "");
    if (!isThere()) {
      const used = before?.incoming.text
        ? " It used the connection of the line before again, and each line needs one of its own."
        : "";
      throw await unsolved(
        `The client should connect to one of the servers, and did not.${used}`,
      );
    }
    const connection = this.#connections[this.#served++];
    const { incoming, name } = connection;
    const isComplete = () => incoming.bytes.length >= line.length;
    await program.does(() => isComplete() || incoming.end !== "");
    if (incoming.text !== line) {
      throw await unsolved(
        `${name} should get just that, and got ${shown(incoming.text)}.`,
      );
    }
    incoming.clear();
    await program.does(() => before?.incoming.end !== "");
    if (before?.incoming.end === "") {
      throw await unsolved(
        `The client should have closed its connection to ${before.name}, and has not.`,
      );
    }
    return connection;
  }

  /** Expects the line that names an error. */
  #expectError(event: string, before: string, name: string): Promise<void> {
    const line = `Failed to connect to ${name} with error `;
    return this.#expect(
      `${event} The client should print`,
      RegExp(`^${before}${line}.+\n$`),
      `${shown(line.replace(/\(|\|.*\)/g, ""))} with what the error is,`,
    );
  }

  /** Expects just these lines, and the next prompt. */
  async #expect(
    what: string,
    lines: string | RegExp,
    example = shown(String(lines)),
  ): Promise<void> {
    const { stdout } = this.#program;
    const isThere = () => stdout.text.endsWith(PROMPT);
    await this.#program.does(() => isThere() || stdout.end !== "");
    const other = this.#connections[this.#served];
    if (other !== undefined) {
      throw await this.#program.unsolved(
        `A line should go to one server, and this one went to ${other.name}, too.`,
      );
    }
    const text = stdout.text.slice(0, -PROMPT.length);
    const fits = typeof lines === "string" ? text === lines : lines.test(text);
    if (!isThere() || !fits) {
      throw await this.#program.unsolved(
        `${what} ${example && `${example} and then `}the prompt ${
          shown(PROMPT)
        }, and printed ${stdout.text ? shown(stdout.text) : "nothing"}.`,
      );
    }
    stdout.clear();
  }

  async #listen(): Promise<void> {
    this.#servers = this.#ports.map((port) =>
      createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
        const incoming = Incoming.from(socket, this.#program.news);
        this.#connections.push({ socket, incoming, name: nameOf(port) });
        this.#program.news.tell();
      })
    );
    for (const [index, server] of this.#servers.entries()) {
      const port = this.#ports[index];
      try {
        await once(server.listen(port, "127.0.0.1"), "listening");
      } catch {
        throw new Unsolved(
          `This check plays the servers on the ports ${
            this.#ports.join(", ")
          }, and ${port} is taken. Stop the program that listens there, and check again.`,
        );
      }
    }
  }
}
