/** The command line: what the user asks for, checked.
 * @module */

import { parseArgs } from "@std/cli/parse-args";
import type { ClientSettings } from "./client.ts";
import { FIRST_PORT, MAX_PORT, portOf } from "./io/network.ts";
import { parseInteger } from "./python/integer.ts";
import { escapeUnprintable } from "./python/repr.ts";
import type { ServerSettings } from "./server.ts";

/** The text of `--help`. */
export const HELP =
  `Doubles integers over TCP on 127.0.0.1: a server and a client to learn sockets.

Usage:
  tcpcalc serve [options] <server number>  listen on port 9000 + server number
  tcpcalc client [options] [number ...]    ask the servers; without numbers,
                                           prompt for them
Options of serve:
  --idle-timeout <seconds>  close a connection that stays idle (60, 0 = never)
  -q, --quiet               print nothing per connection

Options of client:
  --servers <numbers>       the server numbers to choose from (1,2,3)
  --timeout <seconds>       time for one exchange (10, 0 = for ever)
  --failover                try the other servers when one fails
  -q, --quiet               print bare answers; errors go to standard error

Options of both:
  --trace                   show every socket call on standard error
  -h, --help                print this text
  -V, --version             print the version

Numbers may begin with a minus: -5 is no option. Nor is anything after --.

Examples:
  tcpcalc serve 1                        answer on port 9001 until Ctrl-C
  tcpcalc client --servers 1 --trace 21  ask server 1, and show the calls
  seq 10 | tcpcalc client -q --failover  double ten numbers, if any server runs
`;

/** The longest time that a timer can be set for: 2³¹ - 1 milliseconds, in seconds. */
const MAX_SECONDS = 2_147_483;

const VALUE_OPTIONS = ["idle-timeout", "servers", "timeout"] as const;
const FLAGS = ["failover", "help", "quiet", "trace", "version"] as const;

const ALIASES = { help: "h", quiet: "q", version: "V" };

const LETTERS = new RegExp(`^-[${Object.values(ALIASES).join("")}]+$`);

const OPTIONS_OF: Record<string, string[]> = {
  serve: ["idle-timeout", "quiet", "trace"],
  client: ["failover", "quiet", "servers", "timeout", "trace"],
};

/** Keeps `parseArgs` from interpreting operands such as `-5`, `true` or `0x10`. No argument contains it. */
const MARK = "\0";

/** What a command line asks for. */
export type Command =
  | { name: "help" | "version" | "none" }
  | { name: "serve"; operands: string[]; trace: boolean } & ServerSettings
  | { name: "client"; numbers: string[]; trace: boolean } & ClientSettings;

/** An invalid command line. The message is one line. */
export class UsageError extends Error {
  /** The name of the class. */
  override name = "UsageError";
}

function usageError(problem: string): UsageError {
  return new UsageError(`${escapeUnprintable(problem)}, see --help`);
}

function unknownOption(arg: string, command?: string): UsageError {
  const option = arg.replace(/^(--[^=]+)=.*/s, "$1");
  const where = command === undefined ? "" : ` for ${command}`;
  return usageError(`Unknown option "${option}"${where}`);
}

/** Whether an argument begins with a minus and yet is an operand. */
function isNegative(arg: string): boolean {
  return /^-(?!-)/.test(arg) && (!/\p{L}/u.test(arg) || /^-\p{Nd}/u.test(arg));
}

function markOperands(args: string[]): string[] {
  const end = args.includes("--") ? args.indexOf("--") : args.length;
  let isValue = false;
  return args.map((arg, index) => {
    if (index === end) return arg;
    const isOption = index < end && !isValue && arg.startsWith("-") &&
      !isNegative(arg);
    isValue = isOption && VALUE_OPTIONS.some((name) => arg === `--${name}`);
    return isOption ? arg : MARK + arg;
  });
}

function unmark(arg: string | number): string {
  return String(arg).replace(MARK, "");
}

function parseOptions(args: string[]) {
  // The parser would take "--q" for "-q", and the 1 in "-q1" for its value.
  const misread = args.find((arg) =>
    /^--[^=](=|$)/u.test(arg) || /^-[^-]/.test(arg) && !LETTERS.test(arg)
  );
  if (misread !== undefined) throw unknownOption(misread);
  const parsed = parseArgs(args, {
    alias: ALIASES,
    boolean: FLAGS,
    string: VALUE_OPTIONS,
    unknown(arg, key) {
      if (key !== undefined) throw unknownOption(arg);
    },
  });
  for (const flag of FLAGS) {
    if (args.some((arg) => arg.startsWith(`--${flag}=`))) {
      throw usageError(`Option "--${flag}" takes no value`);
    }
  }
  for (const option of VALUE_OPTIONS) {
    const value = parsed[option];
    if (value !== undefined) parsed[option] = unmark(value);
  }
  return parsed;
}

type ParsedArgs = ReturnType<typeof parseOptions>;

/** Parses a time in seconds. Returns milliseconds. */
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

function parseServers(value: string): number[] {
  const servers = value.split(",").map((text) => {
    const server = parseInteger(text);
    const port = server === undefined ? undefined : portOf(server);
    // Nobody can be asked on port 0.
    if (port) return port - FIRST_PORT;
    throw usageError(
      `Invalid value "${value}" for option "--servers": not server numbers from ${
        1 - FIRST_PORT
      } to ${MAX_PORT - FIRST_PORT}, separated by commas`,
    );
  });
  return [...new Set(servers)];
}

/**
 * Parses a command, its operands, and options before, between or after them. The operands of `serve` are
 * left unchecked, as errors in them are reported in the Python server's words.
 * @param args The arguments, without the program's name.
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
  // None of the options of a single command has an alias: its name is what was typed.
  const foreign = [...VALUE_OPTIONS, ...FLAGS].find((option) =>
    (parsed[option] ?? false) !== false && !OPTIONS_OF[name].includes(option)
  );
  if (foreign !== undefined) throw unknownOption(`--${foreign}`, name);
  const { failover, quiet, trace } = parsed;
  if (name === "serve") {
    const idleTimeout = parseSeconds(parsed, "idle-timeout", 60);
    return { name, operands, idleTimeout, quiet, trace };
  }
  return {
    name: "client",
    numbers: operands,
    servers: parseServers(parsed.servers ?? "1,2,3"),
    timeout: parseSeconds(parsed, "timeout", 10),
    failover,
    quiet,
    trace,
  };
}
