/** Runs `python3`, and asks it how it behaves.
 * @module */

const TESTDATA = `${import.meta.dirname}/../testdata`;

let executable: string | undefined;

/**
 * The path of the interpreter, or "" if there is none. `python3` may be a version manager's script, which
 * takes five times as long to start.
 */
export function findPython(): string {
  if (executable !== undefined) return executable;
  try {
    const { stdout } = new Deno.Command("python3", {
      args: ["-S", "-c", "import sys; print(sys.executable)"],
    }).outputSync();
    executable = new TextDecoder().decode(stdout).trim();
  } catch {
    executable = "";
  }
  return executable;
}

/** The command that runs Python without what is installed for it, so that it starts in half the time. */
export function pythonCommand(...args: string[]): string[] {
  return [findPython(), "-S", ...args];
}

/** The command that runs another on a terminal, where standard output and standard error are one screen. */
export function onTerminal(command: string[]): string[] {
  return pythonCommand(`${TESTDATA}/terminal.py`, ...command);
}

/** How many arguments Python gets in one line. */
const BATCH = 10_000;

/** A Python that answers questions, one after the other. Disposing of it ends it. */
export class Oracle implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #questions;
  readonly #answers;
  #unread = "";

  constructor() {
    // On Windows it would not read UTF-8 by itself.
    const [file, ...args] = pythonCommand(
      "-X",
      "utf8",
      `${TESTDATA}/oracle.py`,
    );
    this.#child = new Deno.Command(file, {
      args,
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#questions = this.#child.stdin.getWriter();
    this.#answers = this.#child.stdout
      .pipeThrough(new TextDecoderStream())
      .getReader();
  }

  /** What this function of `testdata/oracle.py` returns for each argument, `null` for a `ValueError`. */
  async ask<Result>(name: string, args: unknown[]): Promise<Result[]> {
    const results: Result[] = [];
    for (let start = 0; start < args.length; start += BATCH) {
      // JSON has no raw line ends, and escapes lone surrogates.
      const question = JSON.stringify([name, args.slice(start, start + BATCH)]);
      await this.#questions.write(new TextEncoder().encode(`${question}\n`));
      results.push(...JSON.parse(await this.#nextLine()));
    }
    return results;
  }

  async #nextLine(): Promise<string> {
    while (!this.#unread.includes("\n")) {
      const { value } = await this.#answers.read();
      if (value === undefined) throw new Error("python3 gave no answer");
      this.#unread += value;
    }
    const [line, ...rest] = this.#unread.split("\n");
    this.#unread = rest.join("\n");
    return line;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#questions.close();
    await this.#answers.cancel();
    await this.#child.status;
  }
}

/** Starts a Python that answers questions. */
export const startOracle = () => new Oracle();

/** Every assigned character, except private ones, that the Unicode versions of both V8 and this Python have. */
export async function knownCharacters(python: Oracle): Promise<string[]> {
  const assigned = Array.from(
    { length: 0x110000 },
    (_, codePoint) => String.fromCodePoint(codePoint),
  ).filter((character) => /[^\p{Cn}\p{Co}\p{Cs}]/u.test(character));
  const [known] = await python.ask<string>("known", [assigned.join("")]);
  return [...known];
}

/** The seed for random draws: that in the environment variable `TCPCALC_SEED`, or a new one each time. */
export function drawSeed(): number {
  const seed = Deno.env.get("TCPCALC_SEED");
  return seed ? Number(seed) : Math.floor(Math.random() * 2 ** 31);
}
