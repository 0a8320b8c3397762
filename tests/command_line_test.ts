import { assertEquals, assertThrows } from "@std/assert";
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
};

const SERVE: Command = { name: "serve", operands: [], idleTimeout: 60_000 };

function assertUsageErrors(cases: [string[], string][]): void {
  for (const [args, message] of cases) {
    const error = assertThrows(() => parseCommandLine(args), UsageError);
    assertEquals(error.message, `${message}, see tcpcalc --help`);
  }
}

Deno.test("a command has its options, before, between and behind its operands", () => {
  const cases: [string[], Command][] = [
    [["serve"], SERVE],
    [["serve", "1"], { ...SERVE, operands: ["1"] }],
    [["serve", "1", "2"], { ...SERVE, operands: ["1", "2"] }],
    [
      ["--idle-timeout", "0", "serve", "1"],
      { ...SERVE, operands: ["1"], idleTimeout: 0 },
    ],
    [
      ["serve", "--idle-timeout=.5", "1"],
      { ...SERVE, operands: ["1"], idleTimeout: 500 },
    ],
    [["client"], CLIENT],
    [["client", "1", "abc"], { ...CLIENT, numbers: ["1", "abc"] }],
    [
      ["client", "1", "-q", "2", "--servers", "4,5", "3", "--timeout=1.5"],
      {
        ...CLIENT,
        numbers: ["1", "2", "3"],
        servers: [4, 5],
        timeout: 1500,
        quiet: true,
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

Deno.test("an argument that begins with a minus and is an integer is a number", () => {
  const numbers = ["-5", "-1_000", "-１", "-0", "-", "", " -5 ", "0x10"];
  assertEquals(parseCommandLine(["client", ...numbers]), {
    ...CLIENT,
    numbers,
  });
  assertEquals(parseCommandLine(["serve", "-78"]), {
    ...SERVE,
    operands: ["-78"],
  });
});

Deno.test("an operand stays as it was typed, whatever it could mean", () => {
  const numbers = ["1e3", "true", "007", "1=2", "client", "\ufeff1"];
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
    assertEquals(
      parseCommandLine(["client", `--servers=${value}`]),
      { ...CLIENT, servers },
      value,
    );
    assertEquals(
      parseCommandLine(["client", "--servers", value]),
      { ...CLIENT, servers },
      value,
    );
  }
});

Deno.test("help and version are there with and without a command", () => {
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

Deno.test("no command is a command line of its own", () => {
  assertEquals(parseCommandLine([]), { name: "none" });
  assertEquals(parseCommandLine(["--"]), { name: "none" });
});

Deno.test("an unknown command or option is named", () => {
  assertUsageErrors([
    [["srve"], 'Unknown command "srve"'],
    [[""], 'Unknown command ""'],
    [["-5"], 'Unknown command "-5"'],
    [["constructor"], 'Unknown command "constructor"'],
    [["srve", "--help"], 'Unknown command "srve"'],
    [["--frobnicate"], 'Unknown option "--frobnicate"'],
    [["client", "--frobnicate=1"], 'Unknown option "--frobnicate"'],
    [["client", "-x"], 'Unknown option "-x"'],
    [["client", "--q"], 'Unknown option "--q"'],
    [["--V=1"], 'Unknown option "--V"'],
    [["client", "-qx"], 'Unknown option "-qx"'],
    [["client", "--no-quiet"], 'Unknown option "--no-quiet"'],
    [["serve", "1", "--quiet"], 'Unknown option "--quiet" for serve'],
    [["serve", "--timeout=1"], 'Unknown option "--timeout" for serve'],
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
      ["serve", "--idle-timeout", "soon", "1"],
      `Invalid value "soon" for option "--idle-timeout": ${seconds}`,
    ],
    ...["", "1,", "a", "1;2", "1.5", "-9000", "56536"].map(
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

Deno.test("the help names every option and fits a terminal", () => {
  for (
    const option of [
      ...["--idle-timeout", "--servers", "--timeout", "--failover"],
      ...["-q, --quiet", "-h, --help", "-V, --version"],
    ]
  ) {
    assertEquals(HELP.split(`  ${option} `).length, 2, option);
  }
  const widths = HELP.split("\n").map((line) => line.length);
  assertEquals(widths.filter((width) => width > 100), []);
});
