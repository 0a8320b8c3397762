/** Asks `python3` how it behaves.
 * @module */

import { TextLineStream } from "@std/streams/text-line-stream";

/** The functions of `testdata/oracle.py`: what each takes and returns. */
interface Functions {
  integer: [string, string | null];
  known: [string, string];
  spaces: [string, string];
  digits: [string, string];
  escape: [string, string];
  decode: [string, string | null];
  escape_bytes: [string, string];
  os_error: [
    string,
    { number: number; message: string; text: string; line: string },
  ];
  listen: [number, string | null];
  exchange: [[port: number, seconds: number], string | null];
  reset: [string | null, number];
}

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
  const script = `${import.meta.dirname}/../testdata/terminal.py`;
  return pythonCommand(script, ...command);
}

/** How many arguments Python gets in one line. */
const BATCH = 10_000;

/** A running Python. Disposing of it ends it. */
export interface Oracle extends AsyncDisposable {
  /** What the function returns for each argument, `null` where it raises a `ValueError`. */
  ask<Name extends keyof Functions>(
    name: Name,
    args: Functions[Name][0][],
  ): Promise<Functions[Name][1][]>;
}

/** Starts a Python that answers questions, one after the other. */
export function startOracle(): Oracle {
  const script = `${import.meta.dirname}/../testdata/oracle.py`;
  // On Windows it would not read UTF-8 by itself.
  const [file, ...args] = pythonCommand("-X", "utf8", script);
  const child = new Deno.Command(file, {
    args,
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const questions = child.stdin.getWriter();
  const splitter: TransformStream<string, string> = new TextLineStream();
  const answers = child.stdout
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(splitter)
    .getReader();
  const encoder = new TextEncoder();

  async function askBatch(name: string, args: unknown[]): Promise<unknown[]> {
    // JSON has no raw line ends, and escapes lone surrogates.
    await questions.write(encoder.encode(JSON.stringify([name, args]) + "\n"));
    const { value } = await answers.read();
    if (value === undefined) throw new Error("python3 gave no answer");
    return JSON.parse(value);
  }

  return {
    async ask<Name extends keyof Functions>(
      name: Name,
      args: Functions[Name][0][],
    ) {
      const results = [];
      for (let start = 0; start < args.length; start += BATCH) {
        const batch = args.slice(start, start + BATCH);
        results.push(...await askBatch(name, batch));
      }
      return results as Functions[Name][1][];
    },
    async [Symbol.asyncDispose]() {
      await questions.close();
      await answers.cancel();
      await child.status;
    },
  };
}

/**
 * Every assigned character, except private ones, that both V8 and this Python know: each has its own
 * Unicode version.
 */
export async function knownCharacters(python: Oracle): Promise<string[]> {
  const assigned = Array.from(
    { length: 0x110000 },
    (_, codePoint) => String.fromCodePoint(codePoint),
  ).filter((character) => /[^\p{Cn}\p{Co}\p{Cs}]/u.test(character));
  const [known] = await python.ask("known", [assigned.join("")]);
  return [...known];
}

/** The seed for random draws: that in the environment variable `TCPCALC_SEED`, or a new one each time. */
export function drawSeed(): number {
  const seed = Deno.env.get("TCPCALC_SEED");
  return seed ? Number(seed) : Math.floor(Math.random() * 2 ** 31);
}
