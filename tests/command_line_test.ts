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

/** What is asked for, by what command lines: each name says what they show. */
const COMMANDS: Record<string, [string[], Command][]> = {
  "options may stand before, between and after operands": [
    [["serve"], serve()],
    [["serve", "1", "2"], serve({ operands: ["1", "2"] })],
    [
      ["--idle-timeout", "0", "serve", "1"],
      serve({ operands: ["1"], idleTimeout: 0 }),
    ],
    [
      ["serve", "--idle-timeout=.5", "1", "-q"],
      serve({ operands: ["1"], idleTimeout: 500, quiet: true }),
    ],
    [
      ["serve", "--quiet", "1", "--trace"],
      serve({ operands: ["1"], quiet: true, trace: true }),
    ],
    [["client"], client()],
    [["client", "1", "abc"], client({ numbers: ["1", "abc"] })],
    [
      ["-q", "client", "1", "--trace", "2", "--servers", "4,5", "--timeout=1."],
      client({
        numbers: ["1", "2"],
        servers: [4, 5],
        timeout: 1000,
        quiet: true,
        trace: true,
      }),
    ],
    [
      ["client", "--failover", "--quiet"],
      client({ failover: true, quiet: true }),
    ],
  ],
  "the last of a repeated option counts": [
    [["client", "--timeout=1", "--timeout", "2"], client({ timeout: 2000 })],
  ],
  "a minus without a letter, or before a digit of any script, begins an operand":
    [
      ...NEGATIVE.map((operand): [string[], Command] => [
        ["serve", "-q", operand],
        serve({ operands: [operand], quiet: true }),
      ]),
      [["client", ...NEGATIVE], client({ numbers: NEGATIVE })],
      [
        ["serve", "-5", "--idle-timeout=1.5"],
        serve({ operands: ["-5"], idleTimeout: 1500 }),
      ],
    ],
  "an operand is kept as typed, whatever it looks like": [
    [
      ["client", "--failover", ...ODD],
      client({ numbers: ODD, failover: true }),
    ],
  ],
  "everything after -- is an operand": [
    [
      ["client", "1", "--", "--quiet", "-q", "--", "-5"],
      client({ numbers: ["1", "--quiet", "-q", "--", "-5"] }),
    ],
    [["--", "client", "-x"], client({ numbers: ["-x"] })],
  ],
  "server numbers are integers of any form, each kept once": ([
    ["7", [7]],
    ["3,1,2,1,3", [3, 1, 2]],
    [" 1 ,+2,-5,1_0,３", [1, 2, -5, 10, 3]],
    ["-8999,56535", [-8999, 56535]],
  ] as [string, number[]][]).flatMap(([value, servers]) => [
    [["client", `--servers=${value}`], client({ servers })],
    [["client", "--servers", value], client({ servers })],
  ]),
  "help and version work with and without a command": [
    ...[[], ["serve"], ["client"], ["serve", "1", "2"]].flatMap((command) =>
      ["-h", "--help", "-V", "--version"].flatMap((flag) => {
        const name = flag.toLowerCase().includes("h") ? "help" : "version";
        const wanted: Command = { name };
        return [
          [[...command, flag], wanted],
          [[flag, ...command], wanted],
        ] as [string[], Command][];
      })
    ),
    [["-hV"], { name: "help" }],
  ],
  "a command line may lack a command": [
    [[], { name: "none" }],
    [["--"], { name: "none" }],
    [["--quiet"], { name: "none" }],
  ],
};

for (const [name, cases] of Object.entries(COMMANDS)) {
  Deno.test(name, () => {
    for (const [args, command] of cases) {
      assertEquals(parseCommandLine(args), command, args.join(" "));
    }
  });
}

const SECONDS = "not a number of seconds from 0 to 2147483";
const SERVERS = "not server numbers from -8999 to 56535, separated by commas";

function badValue(args: string[], option: string, value: string, not: string) {
  const error = `Invalid value "${value}" for option "--${option}": ${not}`;
  return [args, error] as [string[], string];
}

/** The errors of command lines: each name says what they show. */
const ERRORS: Record<string, [string[], string][]> = {
  "an unknown command is named": [
    ...["srve", "Serve", "", "-5", "constructor"].map((
      name,
    ): [string[], string] => [[name, "1"], `Unknown command "${name}"`]),
    [["srve", "--help"], 'Unknown command "srve"'],
  ],
  "an unknown option is named as it was typed": [
    ...["serve", "client"].flatMap((command) =>
      [
        ...["--frobnicate", "--q", "--no-quiet", "---", "--__proto__", "--=x"],
        ...["--5", "-x", "-qx", "-é", "-x=1", "-q1", "-q=false"],
      ].map((option): [string[], string] => [
        [command, option, "1"],
        `Unknown option "${option}"`,
      ])
    ),
    [["--frobnicate"], 'Unknown option "--frobnicate"'],
    [["client", "--frobnicate=1"], 'Unknown option "--frobnicate"'],
    [["--V=1"], 'Unknown option "--V"'],
  ],
  "an option of the other command is named with the command": [
    [["serve", "1", "--failover"], 'Unknown option "--failover" for serve'],
    [["serve", "--timeout=1"], 'Unknown option "--timeout" for serve'],
    [["--servers", "1", "serve"], 'Unknown option "--servers" for serve'],
    [
      ["client", "--idle-timeout", "1"],
      'Unknown option "--idle-timeout" for client',
    ],
  ],
  "a bad option value is named with its option": [
    ...["", "abc", "-1", "1e3", "0x1", "1_0", "2147484", "Infinity", "."].map(
      (value) =>
        badValue(["client", `--timeout=${value}`], "timeout", value, SECONDS),
    ),
    badValue(["client", "21", "--timeout"], "timeout", "", SECONDS),
    badValue(
      ["serve", "--idle-timeout", "-q", "1"],
      "idle-timeout",
      "-q",
      SECONDS,
    ),
    ...["", "1,", "1,,2", "a", "1;2", "1.5", "-9000", "56536"].map((value) =>
      badValue(["client", `--servers=${value}`], "servers", value, SERVERS)
    ),
    [["client", "--quiet=no"], 'Option "--quiet" takes no value'],
    [["--help=yes"], 'Option "--help" takes no value'],
  ],
  "an error is one line, whatever was typed": [
    [["a\nb\x1b[2J"], 'Unknown command "a\\nb\\x1b[2J"'],
    [["--a\nb=c\nd"], 'Unknown option "--a\\nb"'],
  ],
};

for (const [name, cases] of Object.entries(ERRORS)) {
  Deno.test(name, () => {
    for (const [args, message] of cases) {
      const error = assertThrows(() => parseCommandLine(args), UsageError);
      assertEquals(error.message, `${message}, see --help`);
    }
  });
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
