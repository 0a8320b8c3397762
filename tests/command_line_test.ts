import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  type Command,
  HELP,
  parseCommandLine,
  UsageError,
} from "../command_line.ts";

/** What `tcpcalc client` asks for, except for these. */
function client(
  options: Partial<Command & { name: "client" }> = {},
): Command {
  return {
    name: "client",
    numbers: [],
    servers: [1, 2, 3],
    timeout: 10_000,
    failover: false,
    quiet: false,
    trace: false,
    ...options,
  };
}

/** What `tcpcalc serve` asks for, except for these. */
function serve(options: Partial<Command & { name: "serve" }> = {}): Command {
  return {
    name: "serve",
    operands: [],
    idleTimeout: 60_000,
    quiet: false,
    trace: false,
    ...options,
  };
}

/** Operands that begin with a minus. */
const NEGATIVE = [
  ...["-5", "-0", "-1_000", "-１", "-𝟗", "-1.5", "-1e3", "-0x1", "-5=x", "-"],
  ...["-½", "-²", "- 5", "-_5", "-+5", "-\n", "-−5", `-${"5".repeat(5000)}`],
];

/** What looks like something else than an operand. */
const ODD = ["1e3", "0x10", "true", "007", "1=2", "client", "", "\ufeff1"];

/** What command lines ask for, by what they show. Where a word has blanks, its words are an array. */
const COMMANDS: Record<string, [string | string[], Command][]> = {
  "options may stand before, between and after operands": [
    ["serve", serve()],
    ["serve 1 2", serve({ operands: ["1", "2"] })],
    ["--idle-timeout 0 serve 1", serve({ operands: ["1"], idleTimeout: 0 })],
    ["serve --idle-timeout=.5 -q", serve({ idleTimeout: 500, quiet: true })],
    ["serve --quiet --trace", serve({ quiet: true, trace: true })],
    ["client", client()],
    ["client 1 abc", client({ numbers: ["1", "abc"] })],
    ["client --failover --quiet", client({ failover: true, quiet: true })],
    [
      "-q client 1 --trace 2",
      client({ numbers: ["1", "2"], quiet: true, trace: true }),
    ],
    [
      "client --servers 4,5 1 --timeout=1.",
      client({ numbers: ["1"], servers: [4, 5], timeout: 1000 }),
    ],
  ],
  "the last of a repeated option counts": [
    ["client --timeout=1 --timeout 2", client({ timeout: 2000 })],
  ],
  "a minus without a letter, or before a digit of any script, begins an operand":
    [
      ...NEGATIVE.map((operand): [string[], Command] => [
        ["serve", "-q", operand],
        serve({ operands: [operand], quiet: true }),
      ]),
      [["client", ...NEGATIVE], client({ numbers: NEGATIVE })],
    ],
  "an operand is kept as typed, whatever it looks like": [
    [["client", "-q", ...ODD], client({ numbers: ODD, quiet: true })],
  ],
  "everything after -- is an operand": [
    [
      "client 1 -- --quiet -q -- -5",
      client({ numbers: ["1", "--quiet", "-q", "--", "-5"] }),
    ],
    ["-- client -x", client({ numbers: ["-x"] })],
  ],
  "server numbers are integers of any form, each kept once": [
    ["client --servers 7", client({ servers: [7] })],
    ["client --servers=3,1,2,1,3", client({ servers: [3, 1, 2] })],
    ["client --servers -8999,56535", client({ servers: [-8999, 56535] })],
    [
      ["client", "--servers", " 1 ,+2,-5,1_0,３"],
      client({ servers: [1, 2, -5, 10, 3] }),
    ],
  ],
  "help and version work with and without a command": [
    ["-h", { name: "help" }],
    ["--help client", { name: "help" }],
    ["serve 1 2 -h", { name: "help" }],
    ["-hV", { name: "help" }],
    ["-V", { name: "version" }],
    ["--version serve", { name: "version" }],
    ["client -V 1", { name: "version" }],
  ],
  "a command line may lack a command": [
    [[], { name: "none" }],
    ["--", { name: "none" }],
    ["--quiet", { name: "none" }],
  ],
};

function words(line: string | string[]): string[] {
  return typeof line === "string" ? line.split(" ") : line;
}

/** The name of a test for a command line. */
function nameFor(name: string, line: string | string[]): string {
  return `${name}: ${JSON.stringify(words(line).join(" ").slice(0, 50))}`;
}

for (const [name, cases] of Object.entries(COMMANDS)) {
  for (const [line, command] of cases) {
    Deno.test(nameFor(name, line), () => {
      assertEquals(parseCommandLine(words(line)), command);
    });
  }
}

function invalid(option: string, value: string): string {
  const needed = option === "servers"
    ? "not server numbers from -8999 to 56535, separated by commas"
    : "not a number of seconds from 0 to 2147483";
  return `Invalid value "${value}" for option "--${option}": ${needed}`;
}

/** A command line, and its error. */
type Wrong = [line: string | string[], message: string];

/** Command lines in which a value is wrong, with the same message. */
function each(values: string[], wrong: (value: string) => Wrong): Wrong[] {
  return values.map(wrong);
}

const UNKNOWN = [
  ...["--frobnicate", "--q", "--no-quiet", "---", "--__proto__", "--=x"],
  ...["--5", "-x", "-qx", "-é", "-x=1", "-q1", "-q=false"],
];

/** The errors of command lines, by what they show. */
const ERRORS: Record<string, Wrong[]> = {
  "an unknown command is named": [
    ...each(
      ["srve", "Serve", "", "-5", "constructor"],
      (name) => [`${name} 1`, `Unknown command "${name}"`],
    ),
    ["srve --help", 'Unknown command "srve"'],
  ],
  "an unknown option is named as it was typed": [
    ...each(UNKNOWN, (it) => [`serve ${it} 1`, `Unknown option "${it}"`]),
    ...each(UNKNOWN, (it) => [`client ${it} 1`, `Unknown option "${it}"`]),
    ["--frobnicate", 'Unknown option "--frobnicate"'],
    ["client --frobnicate=1", 'Unknown option "--frobnicate"'],
    ["--V=1", 'Unknown option "--V"'],
  ],
  "an option of the other command is named with the command": [
    ["serve 1 --failover", 'Unknown option "--failover" for serve'],
    ["serve --timeout=1", 'Unknown option "--timeout" for serve'],
    ["--servers 1 serve", 'Unknown option "--servers" for serve'],
    ["client --idle-timeout 1", 'Unknown option "--idle-timeout" for client'],
  ],
  "a bad option value is named with its option": [
    ...each(
      ["", "abc", "-1", "1e3", "0x1", "1_0", "2147484", "Infinity", "."],
      (value) => [`client --timeout=${value}`, invalid("timeout", value)],
    ),
    ...each(
      ["", "1,", "1,,2", "a", "1;2", "1.5", "-9000", "56536"],
      (value) => [`client --servers=${value}`, invalid("servers", value)],
    ),
    ["serve --idle-timeout -q 1", invalid("idle-timeout", "-q")],
    ["client 21 --timeout", invalid("timeout", "")],
    ["client --quiet=no", 'Option "--quiet" takes no value'],
    ["--help=yes", 'Option "--help" takes no value'],
  ],
  "an error is one line, whatever was typed": [
    ["a\nb\x1b[2J", 'Unknown command "a\\nb\\x1b[2J"'],
    ["--a\nb=c\nd", 'Unknown option "--a\\nb"'],
  ],
};

for (const [name, cases] of Object.entries(ERRORS)) {
  for (const [line, message] of cases) {
    Deno.test(nameFor(name, line), () => {
      const parse = () => parseCommandLine(words(line));
      const error = assertThrows(parse, UsageError);
      assertEquals(error.message, `${message}, see --help`);
    });
  }
}

Deno.test("the help names every option once and fits a terminal of 80 columns", () => {
  const options = [
    ...["--idle-timeout <seconds>", "--servers <numbers>"],
    ...["--timeout <seconds>", "--failover", "--trace"],
    ...["-h, --help", "-V, --version"],
  ];
  for (const option of options) {
    assertEquals(HELP.split(`\n  ${option} `).length, 2, option);
  }
  // Each command has one of its own.
  assertEquals(HELP.split("\n  -q, --quiet ").length, 3);
  assertEquals(HELP.split("\n").filter((line) => line.length > 80), []);
});

Deno.test("the help has three examples, and they parse", () => {
  const [, examples] = /\nExamples:\n((?: {2}.+\n)+)/.exec(HELP)!;
  const commands = examples.matchAll(/\btcpcalc (.+?)(?: {2,}|\n)/g)
    .map(([, args]) => parseCommandLine(args.split(" ")).name).toArray();
  assertEquals(commands, ["serve", "client", "client"]);
  assert(examples.includes("--trace"));
});
