/** Tries out the server of an exercise.
 * @module */

/** How long a server may take for anything, in milliseconds. */
const PATIENCE_MS = 3_000;

/** How long it may take to start, in milliseconds. */
const START_PATIENCE_MS = 20_000;

const HOSTNAME = "127.0.0.1";

/** What a solution still lacks, as a sentence for its author. */
export class Unsolved extends Error {}

/** Waits some milliseconds. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Resolves as the promise does, or to `undefined` if that takes too long. */
async function patiently<T>(
  promise: Promise<T>,
  ms = PATIENCE_MS,
): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

/** Shows bytes in a sentence: as text, or as numbers unless all are printable ASCII. */
function shown(bytes: Uint8Array): string {
  if (bytes.every((byte) => byte === 0x0a || (byte >= 0x20 && byte < 0x7f))) {
    const text = JSON.stringify(new TextDecoder().decode(bytes));
    return text.length > 60 ? `${text.slice(0, 60)}…` : text;
  }
  const some = bytes.length > 12 ? ", …" : "";
  return `the ${bytes.length} bytes [${bytes.slice(0, 12).join(", ")}${some}]`;
}

function toBytes(message: string | Uint8Array): Uint8Array<ArrayBuffer> {
  return typeof message === "string"
    ? new TextEncoder().encode(message)
    : new Uint8Array(message);
}

/** A client of the server on trial. */
export class Client implements Disposable {
  readonly #conn: Deno.TcpConn;
  readonly #server: Trial;
  readonly #who: string;
  #sent = "nothing";

  /** Creates a client from a connection to the server. */
  constructor(conn: Deno.TcpConn, server: Trial, who: string) {
    conn.setNoDelay();
    this.#conn = conn;
    this.#server = server;
    this.#who = who;
  }

  /** Sends each piece on its own. */
  async send(...pieces: (string | Uint8Array)[]): Promise<void> {
    this.#sent = pieces.map((piece) => shown(toBytes(piece))).join(
      " and then ",
    );
    for (const [index, piece] of pieces.entries()) {
      if (index > 0) await pause(20);
      const bytes = toBytes(piece);
      try {
        for (let size = 0; size < bytes.length;) {
          size += await this.#conn.write(bytes.subarray(size));
        }
      } catch {
        // What the server replied, if anything, says more.
        return;
      }
    }
  }

  /** Reads as many bytes as the reply should have, and compares. */
  async expect(reply: string | Uint8Array): Promise<void> {
    const expected = toBytes(reply);
    const [bytes, end] = await this.#read(expected.length);
    if (String(bytes) === String(expected)) return;
    const got = bytes.length > 0 ? `${shown(bytes)}${end}` : `no reply${end}`;
    throw await this.#server.unsolved(
      `${this.#who} sent ${this.#sent}. It should get ${
        shown(expected)
      } and got ${got}.`,
    );
  }

  /** Expects the server to close the connection, without a reply. */
  async expectClosed(): Promise<void> {
    const [bytes, end] = await this.#read(1);
    if (bytes.length === 0 && end.includes("closed")) return;
    throw await this.#server.unsolved(
      `${this.#who} sent ${this.#sent}. The server should close the connection after a second, and did not within ${
        PATIENCE_MS / 1000
      } seconds.`,
    );
  }

  /** Reads at least this many bytes if it can. Returns them, and what cut them short. */
  async #read(length: number): Promise<[Uint8Array, string]> {
    const buffer = new Uint8Array(length + 1024);
    let size = 0;
    let end = "";
    while (size < length && end === "") {
      const read = this.#conn.read(buffer.subarray(size)).catch(() => null);
      const count = await patiently(read);
      if (count === undefined) end = ` within ${PATIENCE_MS / 1000} seconds`;
      else if (count === null) end = " before the connection was closed";
      else size += count;
    }
    return [buffer.subarray(0, size), end];
  }

  [Symbol.dispose](): void {
    this.#conn.close();
  }
}

/** The server on trial. */
export class Trial implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #stderr: Promise<string>;
  readonly #port: number;

  private constructor(
    child: Deno.ChildProcess,
    stderr: Promise<string>,
    port: number,
  ) {
    this.#child = child;
    this.#stderr = stderr;
    this.#port = port;
  }

  /** Starts a server from its file, on a free port. */
  static async start(file: string): Promise<Trial> {
    const listener = Deno.listen({ hostname: HOSTNAME, port: 0 });
    const { port } = listener.addr;
    listener.close();
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "--no-prompt",
        `--allow-net=${HOSTNAME}`,
        file,
        String(port - 9000),
      ],
      env: { NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const stderr = new Response(child.stderr).text();
    const [stdout, rest] = child.stdout.tee();
    // Unread output would hold up the server.
    rest.pipeTo(new WritableStream()).catch(() => {});
    const trial = new Trial(child, stderr, port);
    const reader = stdout.getReader();
    const first = await patiently(reader.read(), START_PATIENCE_MS);
    reader.cancel();
    if (first?.value !== undefined) return trial;
    const unsolved = await trial.unsolved(
      "The server should start, and say where it is listening.",
    );
    await trial[Symbol.asyncDispose]();
    throw unsolved;
  }

  /** Connects to the server, under the name that the sentences use. */
  async connect(who = "A client"): Promise<Client> {
    const options = {
      hostname: HOSTNAME,
      port: this.#port,
      signal: AbortSignal.timeout(PATIENCE_MS),
    };
    try {
      return new Client(await Deno.connect(options), this, who);
    } catch {
      throw await this.unsolved(`${who} could not connect.`);
    }
  }

  /** One exchange on a connection of its own. */
  async ask(message: string, reply: string, who?: string): Promise<void> {
    using client = await this.connect(who);
    await client.send(message);
    await client.expect(reply);
  }

  /** Says what is wrong and, if the server has ended, how. */
  async unsolved(message: string): Promise<Unsolved> {
    const ended = await Promise.race([this.#child.status, pause(200)]);
    if (ended === undefined) return new Unsolved(message);
    const [line] = (await this.#stderr).split("\n");
    const how = line === "" ? "by itself" : `with this: ${line}`;
    return new Unsolved(`${message}\nThe server has ended ${how}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has already ended.
    }
    await this.#child.status;
    await this.#stderr;
  }
}
