/** Tries out a student's server.
 * @module */

import { connect, type Socket } from "node:net";
import { Incoming, isOpen, shown, timed, toBytes } from "./incoming.ts";
import { type Launch, PATIENCE_MS, Program } from "./program.ts";

const host = "127.0.0.1";

/** A trial that depends on time counts only if the machine was less late than this, in milliseconds. */
const LATE_MS = 150;

/** So often is it repeated. What was seen at last counts then. */
const TRIALS = 5;

/** The reply to what is no integer. */
export const NOT_AN_INTEGER = "Received data is not valid integer";

/** Below the ports that systems give to clients, and elsewhere in each process. */
let port = 10_000 + Math.floor(22_000 * Math.random());

/** A port that nobody listens on. To listen there oneself could keep it from the server for a moment. */
export async function freePort(): Promise<number> {
  const next = ++port;
  return await isOpen(next) ? freePort() : next;
}

/** A client of the server on trial. */
export class Client {
  readonly #socket: Socket;
  readonly #program: Program;
  readonly #incoming: Incoming;
  readonly #name: string;
  readonly #steps: string[] = [];
  readonly #start = performance.now();

  /** Creates a client, under the name that the sentences use. */
  constructor(port: number, program: Program, name: string) {
    const options = { host, port, allowHalfOpen: true, noDelay: true };
    this.#socket = connect(options, () => program.news.tell());
    this.#program = program;
    this.#incoming = Incoming.from(this.#socket, program.news);
    this.#name = name;
  }

  /** Waits until it is connected. */
  async connected(): Promise<void> {
    const socket = this.#socket;
    await this.#program.does(() => !socket.connecting);
    if (socket.readyState === "open") return;
    throw await this.#program.unsolved(`${this.#name} could not connect.`);
  }

  /** Where its connection comes from. */
  get port(): number | undefined {
    return this.#socket.localPort;
  }

  /** Sends each piece on its own. */
  async send(...pieces: (string | Uint8Array)[]): Promise<void> {
    this.#steps.push(`sent ${pieces.map(shown).join(" and then ")}`);
    for (const [index, piece] of pieces.entries()) {
      if (index > 0) await this.#program.notices();
      this.#socket.write(toBytes(piece));
    }
  }

  /** Expects this reply, and no more. */
  async expect(reply: string | Uint8Array): Promise<void> {
    const incoming = this.#incoming;
    const expected = toBytes(reply);
    const isRight = () =>
      incoming.bytes.every((byte, index) => byte === expected[index]);
    const isWhole = () => incoming.bytes.length >= expected.length;
    await this.#program.does(() =>
      isWhole() || !isRight() || incoming.end !== ""
    );
    if (!isRight() || !isWhole()) {
      const { bytes, end } = incoming;
      let got = bytes.length > 0 ? shown(bytes) : "nothing";
      if (isRight()) {
        if (end !== "") got += ` before the connection was ${end}`;
        else if (bytes.length > 0) got += " and then nothing for 3 seconds";
        else got += " for 3 seconds";
      }
      throw await this.#unsolved(
        `It should get ${shown(expected)}, and got ${got}.`,
      );
    }
    this.#steps.push(`got ${shown(expected)}`);
    incoming.clear();
  }

  /** Expects the connection to be closed soon, without another byte. */
  async expectClosed(when: string): Promise<void> {
    const incoming = this.#incoming;
    await this.#program.news.until(() => incoming.end !== "", PATIENCE_MS);
    if (incoming.bytes.length > 0) {
      throw await this.#unsolved(
        `It should get no more, and got ${shown(incoming.bytes)}.`,
      );
    }
    if (incoming.end !== "") return;
    throw await this.#unsolved(
      `The server should close its connection ${when}, and did not.`,
    );
  }

  /** Expects the connection to be closed when nothing has come on it for a second. */
  async expectClosedForSilence(): Promise<void> {
    await this.expectClosed("after a second");
    const ms = Math.round(performance.now() - this.#start);
    if (ms > 800) return;
    throw await this.#unsolved(
      `The server should close its connection after a second, and did after ${ms} milliseconds.`,
    );
  }

  /** Says that it will send no more. */
  end(): void {
    this.#steps.push("said that it had no more");
    this.#socket.end();
  }

  /** Breaks the connection off, so that the server's next call on it fails. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  #unsolved(sentence: string): Promise<Error> {
    const last = this.#steps.at(-1) ?? "connected, and sent nothing";
    const steps = this.#steps.slice(0, -1).join(", ");
    return this.#program.unsolved(
      `${this.#name} ${steps}${steps && " and "}${last}. ${sentence}`,
    );
  }
}

/** The server on trial. */
export class ServerTrial implements AsyncDisposable {
  /** How the server is started, without its number. */
  readonly launch: Launch;
  /** The server itself. */
  readonly program: Program;
  readonly #port: number;
  readonly #clients: Client[] = [];
  #answered: Client | undefined;

  /** Starts a server: its command, and a server number behind it. */
  constructor(launch: Launch, port: number) {
    this.launch = launch;
    this.#port = port;
    this.program = new Program(launch, String(port - 9000));
  }

  /** Waits until the server listens. */
  async started(): Promise<void> {
    const line = `Server is listening on ${host}:${this.#port}`;
    const { startMs } = this.launch;
    if (await this.program.prints(RegExp(`^${line}$`, "m"), startMs)) return;
    const soon = this.program.stdout.end === ""
      ? ` within ${startMs / 1000} seconds`
      : "";
    throw await this.program.unsolved(
      `Started with server number ${
        this.#port - 9000
      }, it should print "${line}", and did not${soon}.`,
    );
  }

  /** Connects a client. */
  async connect(note = ""): Promise<Client> {
    const name = `Client ${this.#clients.length + 1}${note}`;
    const client = new Client(this.#port, this.program, name);
    this.#clients.push(client);
    await client.connected();
    return client;
  }

  /** Has a client of its own send a message, and expects this reply. */
  async ask(
    message: string | Uint8Array | Uint8Array[],
    reply: string | Uint8Array,
    note?: string,
  ): Promise<Client> {
    const client = await this.connect(note);
    await client.send(...(Array.isArray(message) ? message : [message]));
    await client.expect(reply);
    await this.answered(client);
    return client;
  }

  /** Expects the connection of a client to be closed at the latest when the next one has been answered. */
  async answered(client: Client): Promise<void> {
    const before = this.#answered;
    this.#answered = client;
    await before?.expectClosed(
      "at the latest when the next client has been answered",
    );
  }

  /** Tries what depends on time, and again if the machine was late. */
  async onTime(trial: () => Promise<void>): Promise<void> {
    let failure: unknown;
    for (let count = 0; count < TRIALS; count++) {
      const { error, lateMs } = await timed(trial);
      // The first one is about a server that nothing has gone wrong with before.
      failure = error && (failure ?? error);
      if (lateMs < LATE_MS || this.program.status !== undefined) break;
    }
    if (failure !== undefined) throw failure;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Otherwise the system would remember the connections, and keep the port from the next server for a minute.
    for (const client of this.#clients) client.reset();
    await this.program[Symbol.asyncDispose]();
  }
}
