/** Runs `python3`, and asks it how it behaves.
 * @module */

import { runCommand, type RunningServer, startListening } from "./program.ts";

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

/** What this function of `testdata/oracle.py` returns for each argument, `null` for a `ValueError`. */
export async function askPython<Result>(
  name: string,
  args: unknown[],
): Promise<Result[]> {
  // On Windows it would not read UTF-8 by itself. JSON escapes lone surrogates.
  const command = ["-X", "utf8", `${TESTDATA}/oracle.py`, name];
  const end = await runCommand(pythonCommand(...command), JSON.stringify(args));
  if (end.code !== 0) throw new Error(end.stderr);
  return JSON.parse(end.stdout);
}

/** Those of the characters for which a function of `testdata/oracle.py` returns true. */
export async function charactersThat(
  name: string,
  characters: string[],
): Promise<string[]> {
  const answers = await askPython<boolean>(name, characters);
  return characters.filter((_, index) => answers[index]);
}

/** Every assigned character, except private ones, that the Unicode versions of both V8 and this Python have. */
export function knownCharacters(): Promise<string[]> {
  const assigned = Array.from(
    { length: 0x110000 },
    (_, codePoint) => String.fromCodePoint(codePoint),
  ).filter((character) => /[^\p{Cn}\p{Co}\p{Cs}]/u.test(character));
  return charactersThat("known", assigned);
}

/** Starts a server that replies, if there is a reply, and then resets each connection. */
export function startResetting(...reply: string[]): Promise<RunningServer> {
  return startListening(pythonCommand(`${TESTDATA}/reset.py`, ...reply));
}

/** The seed for random draws: that in the environment variable `TCPCALC_SEED`, or a new one each time. */
export function drawSeed(): number {
  const seed = Deno.env.get("TCPCALC_SEED");
  return seed ? Number(seed) : Math.floor(Math.random() * 2 ** 31);
}
