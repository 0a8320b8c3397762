import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  type Command,
  HELP,
  parseCommandLine,
  UsageError,
} from "../command_line.ts";

const CLIENT: Command = {
  name: "client",
  numbers: [],
  servers: [1, 2, 3],
  timeout: 10_000,
  failover: false,
  quiet: false,
  trace: false,
};

const SERVE: Command = {
  name: "serve",
  operands: [],
  idleTimeout: 60_000,
  quiet: false,
  trace: false,
};

/** Operands that begin with a minus. */
const NEGATIVE = [
  ...["-5", "-0", "-1_000", "-１", "-𝟗", "-1.5", "-1e3", "-0x1", "-5=x"],
  ...[
    "-",
    "-½",
    "-²",
    "- 5",
    "-_5",
    "-+5",
    "-\n",
    "-−5",
    `-${"5".repeat(5000)}`,
  ],
];

function assertUsageErrors(cases: [string[], string][]): void {
  for (const [args, message] of cases) {
    const error = assertThrows(() => parseCommandLine(args), UsageError);
    assertEquals(error.message, `${message}, see --help`);
  }
}

Deno.test("options may stand before, between and after operands", () => {
  const cases: [string[], Command][] = [
    [["serve"], SERVE],
    [["serve", "1", "2"], { ...SERVE, operands: ["1", "2"] }],
    [
      ["--idle-timeout", "0", "serve", "1"],
      { ...SERVE, operands: ["1"], idleTimeout: 0 },
    ],
    [
      ["serve", "--idle-timeout=.5", "1", "-q"],
      { ...SERVE, operands: ["1"], idleTimeout: 500, quiet: true },
    ],
    [
      ["serve", "-5", "--idle-timeout=1.5"],
      { ...SERVE, operands: ["-5"], idleTimeout: 1500 },
    ],
    [
      ["serve", "--quiet", "1", "--trace"],
      { ...SERVE, operands: ["1"], quiet: true, trace: true },
    ],
    [["client"], CLIENT],
    [["client", "1", "abc"], { ...CLIENT, numbers: ["1", "abc"] }],
    [
      ["-q", "client", "1", "--trace", "2", "--servers", "4,5", "--timeout=1."],
      {
        ...CLIENT,
        numbers: ["1", "2"],
        servers: [4, 5],
        timeout: 1000,
        quiet: true,
        trace: true,
      },
    ],
    [
      ["client", "--failover", "--quiet"],
      { ...CLIENT, failover: true, quiet: true },
    ],
  ];
  for (const [args, command] of cases) {
    assertEquals(parseCommandLine(args), command, args.join(" "));
  }
});

Deno.test("the last of a repeated option counts", () => {
  assertEquals(
    parseCommandLine(["client", "--timeout=1", "--timeout", "2"]),
    { ...CLIENT, timeout: 2000 },
  );
});

Deno.test("a minus without a letter, or before a digit of any script, begins an operand", () => {
  for (const operand of NEGATIVE) {
    assertEquals(
      parseCommandLine(["serve", "-q", operand]),
      { ...SERVE, operands: [operand], quiet: true },
      operand,
    );
  }
  assertEquals(parseCommandLine(["client", ...NEGATIVE]), {
    ...CLIENT,
    numbers: NEGATIVE,
  });
});

Deno.test("an operand is kept as typed, whatever it looks like", () => {
  const numbers = [
    "1e3",
    "0x10",
    "true",
    "007",
    "1=2",
    "client",
    "",
    "\ufeff1",
  ];
  assertEquals(
    parseCommandLine(["client", "--failover", ...numbers]),
    { ...CLIENT, numbers, failover: true },
  );
});

Deno.test("everything after -- is an operand", () => {
  assertEquals(
    parseCommandLine(["client", "1", "--", "--quiet", "-q", "--", "-5"]),
    { ...CLIENT, numbers: ["1", "--quiet", "-q", "--", "-5"] },
  );
  assertEquals(parseCommandLine(["--", "client", "-x"]), {
    ...CLIENT,
    numbers: ["-x"],
  });
});

Deno.test("server numbers are integers of any form, each kept once", () => {
  const cases: [string, number[]][] = [
    ["7", [7]],
    ["3,1,2,1,3", [3, 1, 2]],
    [" 1 ,+2,-5,1_0,３", [1, 2, -5, 10, 3]],
    ["-8999,56535", [-8999, 56535]],
  ];
  for (const [value, servers] of cases) {
    for (const option of [[`--servers=${value}`], ["--servers", value]]) {
      assertEquals(
        parseCommandLine(["client", ...option]),
        { ...CLIENT, servers },
        value,
      );
    }
  }
});

Deno.test("help and version work with and without a command", () => {
  for (const command of [[], ["serve"], ["client"], ["serve", "1", "2"]]) {
    for (
      const [name, flags] of Object.entries({
        help: ["-h", "--help"],
        version: ["-V", "--version"],
      })
    ) {
      for (const flag of flags) {
        assertEquals(parseCommandLine([...command, flag]).name, name);
        assertEquals(parseCommandLine([flag, ...command]).name, name);
      }
    }
  }
  assertEquals(parseCommandLine(["-hV"]).name, "help");
});

Deno.test("a command line may lack a command", () => {
  for (const args of [[], ["--"], ["--quiet"]]) {
    assertEquals(parseCommandLine(args), { name: "none" });
  }
});

Deno.test("an unknown command is named", () => {
  assertUsageErrors(
    ["srve", "Serve", "", "-5", "constructor"].map((
      name,
    ) => [[name, "1"], `Unknown command "${name}"`]),
  );
  assertUsageErrors([[["srve", "--help"], 'Unknown command "srve"']]);
});

Deno.test("an unknown option is named as it was typed", () => {
  const options = [
    ...["--frobnicate", "--q", "--no-quiet", "---", "--__proto__", "--=x"],
    ...["-x", "-qx", "-é", "-x=1", "-q1", "-q=false"],
  ];
  for (const command of ["serve", "client"]) {
    assertUsageErrors(
      options.map((option) => [
        [command, option, "1"],
        `Unknown option "${option}"`,
      ]),
    );
  }
  assertUsageErrors([
    [["--frobnicate"], 'Unknown option "--frobnicate"'],
    [["client", "--frobnicate=1"], 'Unknown option "--frobnicate"'],
    [["--V=1"], 'Unknown option "--V"'],
  ]);
});

Deno.test("an option of the other command is named with the command", () => {
  assertUsageErrors([
    [["serve", "1", "--failover"], 'Unknown option "--failover" for serve'],
    [["serve", "--timeout=1"], 'Unknown option "--timeout" for serve'],
    [["--servers", "1", "serve"], 'Unknown option "--servers" for serve'],
    [
      ["client", "--idle-timeout", "1"],
      'Unknown option "--idle-timeout" for client',
    ],
  ]);
});

Deno.test("a bad option value is named with its option", () => {
  const seconds = "not a number of seconds from 0 to 2147483";
  const servers = "not server numbers from -8999 to 56535, separated by commas";
  assertUsageErrors([
    ...["", "abc", "-1", "1e3", "0x1", "1_0", "2147484", "Infinity", "."].map(
      (value): [string[], string] => [
        ["client", `--timeout=${value}`],
        `Invalid value "${value}" for option "--timeout": ${seconds}`,
      ],
    ),
    [
      ["client", "21", "--timeout"],
      `Invalid value "" for option "--timeout": ${seconds}`,
    ],
    [
      ["serve", "--idle-timeout", "-q", "1"],
      `Invalid value "-q" for option "--idle-timeout": ${seconds}`,
    ],
    ...["", "1,", "1,,2", "a", "1;2", "1.5", "-9000", "56536"].map(
      (value): [string[], string] => [
        ["client", `--servers=${value}`],
        `Invalid value "${value}" for option "--servers": ${servers}`,
      ],
    ),
    [["client", "--quiet=no"], 'Option "--quiet" takes no value'],
    [["--help=yes"], 'Option "--help" takes no value'],
  ]);
});

Deno.test("an error is one line, whatever was typed", () => {
  assertUsageErrors([
    [["a\nb\x1b[2J"], 'Unknown command "a\\nb\\x1b[2J"'],
    [["--a\nb=c\nd"], 'Unknown option "--a\\nb"'],
  ]);
});

Deno.test("the help names every option once and fits a terminal", () => {
  for (
    const option of [
      ...["--idle-timeout <seconds>", "--servers <numbers>"],
      ...["--timeout <seconds>", "--failover", "--trace"],
      ...["-h, --help", "-V, --version"],
    ]
  ) {
    assertEquals(HELP.split(`\n  ${option} `).length, 2, option);
  }
  // Each command has one of its own.
  assertEquals(HELP.split("\n  -q, --quiet ").length, 3);
  const widths = HELP.split("\n").map((line) => line.length);
  assertEquals(widths.filter((width) => width > 100), []);
});

Deno.test("the help has three examples, and they parse", () => {
  const [, examples] = /\nExamples:\n((?: {2}.+\n)+)/.exec(HELP)!;
  const commands = examples.matchAll(/\btcpcalc (.+?) {2,}/g)
    .map(([, args]) => parseCommandLine(args.split(" ")).name).toArray();
  assertEquals(commands, ["serve", "client", "client"]);
  assert(examples.includes("--trace"));
});
