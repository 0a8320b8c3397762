/**
 * The command line: what the user asks for, checked.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { parseInteger } from "./python/integer.ts";
import { FIRST_PORT } from "./client.ts";
import { printable } from "./python/repr.ts";

/** The text of `--help`. */
export const HELP =
  `Doubles integers over TCP on 127.0.0.1, to learn sockets with.

Usage:
  tcpcalc serve [options] <server number>   listen on port 9000 + server number
  tcpcalc client [options] [number ...]     ask the servers; without numbers, prompt for them

Options of serve:
  --idle-timeout <seconds>   close a connection that says nothing (default 60, 0 = never)

Options of client:
  --servers <numbers>        the server numbers to draw from (default 1,2,3)
  --timeout <seconds>        time for one exchange (default 10, 0 = for ever)
  --failover                 try the other servers when one can't be reached
  -q, --quiet                print the bare answers only; errors go to standard error

Options of both:
  -h, --help                 print this text
  -V, --version              print the version

Every other argument that begins with a minus and is an integer is a number, and so is everything
after --.`;

/** The longest time that a timer can be set for: 2³¹ - 1 milliseconds, in seconds. */
const MAX_SECONDS = 2_147_483;

const VALUE_OPTIONS = ["idle-timeout", "servers", "timeout"] as const;
const FLAGS = ["failover", "help", "quiet", "version"] as const;

/** The options of each command, beside those of both. */
const OPTIONS_OF: Record<string, string[]> = {
  serve: ["idle-timeout"],
  client: ["failover", "quiet", "servers", "timeout"],
};

/**
 * Stands before an argument that is no option, for `parseArgs` to see nothing in it: no option in
 * `-5`, no value of a flag in `true`, no number in `0x10`. No argument can contain it.
 */
const MARK = "\0";

/** What `parseArgs` returns here. */
interface ParsedArgs {
  /** The command and its operands, marked. */
  _: string[];
  help: boolean;
  version: boolean;
  failover: boolean;
  quiet: boolean;
  servers?: string;
  timeout?: string;
  "idle-timeout"?: string;
}

/** What a command line asks for. Times are in milliseconds, 0 for ever. */
export type Command =
  | { name: "help" }
  | { name: "version" }
  | { name: "none" }
  | { name: "serve"; operands: string[]; idleTimeout: number }
  | {
    name: "client";
    numbers: string[];
    servers: number[];
    timeout: number;
    failover: boolean;
    quiet: boolean;
  };

/** A command line that asks for nothing that can be done. The message is one line. */
export class UsageError extends Error {
  /** The name of the class. */
  override name = "UsageError";
}

function usageError(problem: string): UsageError {
  return new UsageError(`${printable(problem)}, see tcpcalc --help`);
}

function unknownOption(arg: string): UsageError {
  return usageError(`Unknown option "${arg.replace(/=.*/s, "")}"`);
}

/** Marks every argument that is no option. */
function markOperands(args: string[]): string[] {
  const end = args.includes("--") ? args.indexOf("--") : args.length;
  let isValue = false;
  return args.map((arg, index) => {
    if (index === end) return arg;
    const isOption = index < end && !isValue && arg.startsWith("-") &&
      parseInteger(arg) === undefined;
    isValue = isOption && VALUE_OPTIONS.some((name) => arg === `--${name}`);
    return isOption ? arg : MARK + arg;
  });
}

function unmark(arg: string): string {
  return arg.startsWith(MARK) ? arg.slice(MARK.length) : arg;
}

function parseOptions(args: string[]): ParsedArgs {
  // To the parser "--q" is "-q": an alias of "--quiet" like any other.
  const single = args.find((arg) => /^--[^=](=|$)/u.test(arg));
  if (single !== undefined) throw unknownOption(single);
  const parsed = parseArgs(args, {
    alias: { help: "h", quiet: "q", version: "V" },
    boolean: FLAGS,
    string: VALUE_OPTIONS,
    unknown(arg: string, key?: string) {
      if (key === undefined) return;
      throw unknownOption(arg);
    },
  }) as ParsedArgs;
  for (const flag of FLAGS) {
    const hasValue = typeof parsed[flag] !== "boolean" ||
      args.some((arg) => arg.startsWith(`--${flag}=`));
    if (hasValue) throw usageError(`Option "--${flag}" takes no value`);
  }
  for (const option of VALUE_OPTIONS) {
    const value = parsed[option];
    if (value !== undefined) parsed[option] = unmark(value);
  }
  return parsed;
}

/** Reads a time in seconds, and returns it in milliseconds. */
function parseSeconds(
  parsed: ParsedArgs,
  option: "idle-timeout" | "timeout",
  preset: number,
): number {
  const text = parsed[option] ?? String(preset);
  const seconds = /^(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : NaN;
  if (seconds <= MAX_SECONDS) return 1000 * seconds;
  throw usageError(
    `Invalid value "${text}" for option "--${option}": not a number of seconds from 0 to ${MAX_SECONDS}`,
  );
}

/** Reads a list of server numbers, each of which is kept once. */
function parseServers(value: string): number[] {
  const servers = value.split(",").map((text) => {
    const server = Number(parseInteger(text) ?? NaN);
    const port = FIRST_PORT + server;
    if (port >= 1 && port <= 65535) return server;
    throw usageError(
      `Invalid value "${value}" for option "--servers": not server numbers from ${
        1 - FIRST_PORT
      } to ${65535 - FIRST_PORT}, separated by commas`,
    );
  });
  return [...new Set(servers)];
}

/**
 * Reads the arguments of the program: a command, its operands, and options before, between or behind
 * them. The operands of `serve` are not looked into, as what is wrong with them is told in the words
 * of the Python server.
 *
 * @example Usage
 * ```ts
 * import { parseCommandLine } from "./command_line.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parseCommandLine(["serve", "-5", "--idle-timeout=1.5"]), {
 *   name: "serve",
 *   operands: ["-5"],
 *   idleTimeout: 1500,
 * });
 * ```
 *
 * @param args The arguments, without the program's name.
 * @returns What they ask for.
 * @throws {UsageError} For an unknown command or option, or a bad option value.
 */
export function parseCommandLine(args: string[]): Command {
  const parsed = parseOptions(markOperands(args));
  const [name, ...operands] = parsed._.map(unmark);
  if (name !== undefined && !Object.hasOwn(OPTIONS_OF, name)) {
    throw usageError(`Unknown command "${name}"`);
  }
  if (parsed.help) return { name: "help" };
  if (parsed.version) return { name: "version" };
  if (name === undefined) return { name: "none" };
  for (const option of Object.values(OPTIONS_OF).flat()) {
    const given = parsed[option as keyof ParsedArgs] ?? false;
    if (given !== false && !OPTIONS_OF[name].includes(option)) {
      throw usageError(`Unknown option "--${option}" for ${name}`);
    }
  }
  if (name === "serve") {
    const idleTimeout = parseSeconds(parsed, "idle-timeout", 60);
    return { name, operands, idleTimeout };
  }
  return {
    name: "client",
    numbers: operands,
    servers: parseServers(parsed.servers ?? "1,2,3"),
    timeout: parseSeconds(parsed, "timeout", 10),
    failover: parsed.failover,
    quiet: parsed.quiet,
  };
}
