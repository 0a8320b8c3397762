/** Replays what the Python pair was recorded doing, against any implementation of server and client.
 * @module */

import {
  closedPort,
  exchangeOnce,
  programCommand,
  runCommand,
  type Session,
  startSession,
} from "./program.ts";

/** What the Python server or client printed, answered and exited with. */
export interface Transcript {
  name: string;
  kind: string;
  /** The server's operands. */
  argv?: string[];
  /** What each client in turn sent to the server, as text or as bytes; `null` if none came. */
  sends?: (string | { hex: string })[] | null;
  /** What each client read. */
  replies?: string[];
  /** The client's standard input. */
  stdin?: string;
  /** The servers that ran for the client. */
  servers?: number[];
  stdout: string;
  /** The last line of standard error: a traceback's only line without a stack trace. */
  stderr_last: string;
  /** The exit status; `null` where the server ran on. */
  exit: number | null;
}

/** How to run an implementation. */
export interface Implementation {
  /** The command that runs the server with these operands. */
  server(operands: string[]): string[];
  /** The command that runs a client of the servers on these ports. */
  client(ports: number[]): string[];
  /** The exit status of a server that ran on until `SIGTERM`. */
  stopped: number;
}

/** The program. */
export const tcpcalc: Implementation = {
  server: (operands) => [...programCommand(), "serve", ...operands],
  client: (ports) => [
    ...programCommand(),
    "client",
    `--servers=${ports.map((port) => port - 9000)}`,
  ],
  stopped: 0,
};

/** What an implementation did where a transcript says what Python did. */
export interface Replay
  extends Pick<Transcript, "replies" | "stdout" | "exit"> {
  /** All of standard error. */
  stderr: string;
}

/** The first line that a server prints in a replay. */
const LISTENING = "Server is listening on 127.0.0.1:<port>\n";

const HOSTNAME = "127.0.0.1";

/** The zeros of the scripts that the operands are written in. */
const ZEROS = ["0", "٠", "０"];

/** The last line of a text, without its line end. */
export function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1)!;
}

/** The transcript's standard output, its port replaced as {@linkcode replay} does. */
export function withoutPort(stdout: string): string {
  return stdout.replace(
    /^Server is listening on 127\.0\.0\.1:[1-9]\d*\n/,
    LISTENING,
  );
}

/** Whether a port is free at this moment. */
function isFree(port: number): boolean {
  try {
    Deno.listen({ hostname: HOSTNAME, port }).close();
    return true;
  } catch {
    return false;
  }
}

/** The number of a server whose port is free, or was a moment ago; if asked for, one below 0. */
function freeServerNumber(isNegative: boolean): number {
  if (!isNegative) {
    using listener = Deno.listen({ hostname: HOSTNAME, port: 0 });
    return listener.addr.port - 9000;
  }
  // The system never chooses a port this low.
  while (true) {
    const number = -1 - Math.floor(Math.random() * 7_000);
    if (isFree(9000 + number)) return number;
  }
}

/** Writes a number in the form of an operand: ` 1_78 ` turns 23768 into ` 2_3768 `. */
function inFormOf(operand: string, number: number): string {
  const [digits] = operand.match(/[\p{Nd}_]+/u)!;
  const zero = ZEROS.find((zero) => {
    const distance = digits.codePointAt(0)! - zero.codePointAt(0)!;
    return distance >= 0 && distance < 10;
  })!;
  let written = String(number);
  if (digits.includes("_")) written = written.replace(/^./, "$&_");
  if (digits.startsWith("0")) written = "0" + written;
  written = written.replace(
    /\d/g,
    (digit) => String.fromCodePoint(zero.codePointAt(0)! + Number(digit)),
  );
  return operand.replace(digits, () => written);
}

/** A server that listens. */
export interface Serving {
  /** The port that it was told to listen on. */
  port: number;
  /** Its first line, with `<port>` for the port. */
  listening: string;
  /** Its process. */
  session: Session;
}

/** The address of a client's end, with `<peer port>` for the port. */
export function withoutPeerPorts(stdout: string): string {
  return stdout.replace(
    /\('127\.0\.0\.1', \d+\)/g,
    "('127.0.0.1', <peer port>)",
  );
}

/**
 * Starts a server, and resolves when it listens.
 *
 * @param implementation How to run it.
 * @param operand The form of its server number, which is that of a free port; `-9000` is kept as it is.
 */
export async function start(
  implementation: Implementation,
  operand = "1",
): Promise<Serving> {
  const isPort0 = operand === "-9000";
  while (true) {
    const number = isPort0 ? -9000 : freeServerNumber(operand.includes("-"));
    const session = startSession(
      implementation.server([inFormOf(operand, Math.abs(number))]),
    );
    const line = await session.until("\n");
    if (line !== "") {
      const port = 9000 + number;
      const listening = line.replace(`:${port}\n`, isPort0 ? "$&" : ":<port>\n")
        .replace(/:[1-9]\d*\n/, ":<port that the system chose>\n");
      return { port, listening, session };
    }
    // Another process may have taken the port in the meantime.
    const { stderr } = await session.end();
    if (!stderr.includes("Address already in use")) throw new Error(stderr);
  }
}

/** Sends a transcript's message, and returns the reply. */
async function send(
  port: number,
  message: string | { hex: string },
): Promise<string> {
  if (message === "") {
    using conn = await Deno.connect({ hostname: HOSTNAME, port });
    await conn.closeWrite();
    return await new Response(conn.readable).text();
  }
  return await exchangeOnce(
    port,
    typeof message === "string" ? message : Uint8Array.fromHex(message.hex),
  );
}

/** Sends the messages, each on a connection of its own, until the server is gone. */
async function sendAll(
  port: number,
  messages: NonNullable<Transcript["sends"]>,
): Promise<string[]> {
  const replies: string[] = [];
  for (const message of messages) {
    try {
      replies.push(await send(port, message));
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
      break;
    }
  }
  return replies;
}

async function replayServer(
  { argv = [], sends, exit }: Transcript,
  implementation: Implementation,
): Promise<Replay> {
  if (exit !== null && sends === null) {
    const { code, ...end } = await runCommand(implementation.server(argv));
    return { replies: [], ...end, exit: code };
  }
  const { port, listening, session } = await start(implementation, argv[0]);
  await using _ = session;
  const replies = await sendAll(port, sends ?? []);
  if (exit === null) session.child.kill("SIGTERM");
  const { code, stdout, stderr } = await session.end();
  return {
    replies,
    stdout: listening + withoutPeerPorts(stdout),
    stderr,
    exit: exit === null && code === implementation.stopped ? null : code,
  };
}

/** Servers that run. Disposing of them kills them. */
export interface Servers extends AsyncDisposable {
  /** Their ports. */
  ports: number[];
}

/** Starts servers, and resolves when all listen. */
export async function startAll(
  implementation: Implementation,
  count: number,
): Promise<Servers> {
  const servers = new AsyncDisposableStack();
  const ports = await Promise.all(Array.from({ length: count }, async () => {
    const { port, session } = await start(implementation);
    servers.use(session);
    return port;
  }));
  return {
    ports,
    [Symbol.asyncDispose]: () => servers.disposeAsync(),
  };
}

async function replayClient(
  { stdin, servers = [] }: Transcript,
  implementation: Implementation,
  running?: Servers,
): Promise<Replay> {
  await using stack = new AsyncDisposableStack();
  const { ports } = servers.length === 0
    ? { ports: [stack.use(await closedPort()).port] }
    : running ?? stack.use(await startAll(implementation, servers.length));
  const { code, stdout, stderr } = await runCommand(
    implementation.client(ports),
    stdin,
  );
  return {
    replies: undefined,
    stdout: stdout.replace(
      /(?<=Server 127\.0\.0\.1:)\d+/g,
      (port) => ports.includes(Number(port)) ? "<server port>" : port,
    ),
    stderr,
    exit: code,
  };
}

/**
 * Does to an implementation what was done to the Python pair, on free ports.
 *
 * @param transcript What it is expected to do. If `exit` is `null` a server is stopped at the end;
 * otherwise it has to end by itself.
 * @param implementation How to run it.
 * @param running The servers for a client, if they are not to be started.
 * @returns What it did: with `<port>`, `<server port>` and `<peer port>` in place of the ports.
 */
export function replay(
  transcript: Transcript,
  implementation: Implementation,
  running?: Servers,
): Promise<Replay> {
  return transcript.kind === "server"
    ? replayServer(transcript, implementation)
    : replayClient(transcript, implementation, running);
}
