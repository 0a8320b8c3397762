import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import picture from "../../docs/exchange.svg" with { type: "text" };
import page from "../../lesson/README.md" with { type: "text" };
import { type Block, blocksOf, Terminals } from "../support/console.ts";
import { lessonPath, SOURCES } from "../support/lesson.ts";
import { linuxTest, programTest, signalTest } from "../support/permissions.ts";
import { freePort, run, startServer } from "../support/program.ts";

/** Which program of the pair a section walks through. */
const PROGRAMS: Record<string, string> = {
  "The server": "server",
  "The client": "client",
};

const SUFFIXES: Record<string, string> = { python: "py", ts: "ts" };

const blocks = blocksOf(page);

for (const [name, source] of Object.entries(SOURCES)) {
  Deno.test(`the lesson's ${name} is under 45 lines`, () => {
    assert(source.split("\n").length - 1 < 45);
  });
}

/** The headings of a program's steps, as `1. Imports`. */
function steps(name: string): string[] {
  return SOURCES[name].match(/(?<=^ *(?:#|\/\/) )\d+\. [^:\n]+/gm)!;
}

for (const [name, count] of [["server", 9], ["client", 11]] as const) {
  Deno.test(`both ${name}s of the lesson have the same ${count} steps`, () => {
    assertEquals(
      steps(`${name}.py`).map(parseFloat),
      Array.from({ length: count }, (_, index) => index + 1),
    );
    assertEquals(steps(`${name}.ts`), steps(`${name}.py`));
  });
}

/** A block of a file's lines, with the indentation that they have in the file. */
function asInFile(source: string, block: string): string {
  for (const indentation of ["", "  ", "    ", "        "]) {
    const indented = block.replace(/^(?=.)/gm, indentation);
    if (source.includes(`\n${indented}`) || source.startsWith(indented)) {
      return indented;
    }
  }
  throw new Error(`no such lines:\n${block}`);
}

function withoutBlankLines(text: string): string {
  return text.replace(/^\n/gm, "");
}

Deno.test("the lesson shows the four programs whole, line by line", () => {
  const shown: Record<string, string> = {};
  for (const { language, headings, text } of blocks) {
    const suffix = SUFFIXES[language];
    if (suffix === undefined) continue;
    const name = `${PROGRAMS[headings[1]]}.${suffix}`;
    shown[name] = (shown[name] ?? "") + asInFile(SOURCES[name], text);
  }
  assertEquals(Object.keys(shown).sort(), Object.keys(SOURCES).sort());
  for (const [name, text] of Object.entries(shown)) {
    assertEquals(withoutBlankLines(text), withoutBlankLines(SOURCES[name]));
  }
});

Deno.test("the lesson's headings are those of the programs' steps", () => {
  for (const { language, headings, text } of blocks) {
    if (SUFFIXES[language] === undefined) continue;
    const [, step] = /^ *(?:#|\/\/) (\d+\. [^:\n]+)/m.exec(text)!;
    assertEquals(step, headings[2]);
  }
});

Deno.test("the lesson's commands are typed the same in every shell", () => {
  for (const { language, text } of blocks) {
    if (language !== "console") continue;
    for (const [, command] of text.matchAll(/^\$ (.*)/gm)) {
      assertMatch(command, /^(python3|deno) [\w ./:=-]+$/);
    }
  }
});

/** Types the commands of a section into its terminals. */
async function replaySection(blocks: Block[], isLast = false): Promise<void> {
  await using terminals = new Terminals();
  try {
    for (const { caption, text } of blocks) {
      const [, terminal] = /^Terminal (\d)\b.*:$/.exec(caption)!;
      await terminals.replay(terminal, text);
    }
  } catch (error) {
    // For a minute Python can't have a port of old connections, which can't be told from here: others are tried.
    const hasFailedToStart = /-.*Traceback[^]*\+.*Server.*listening/;
    if (isLast || !hasFailedToStart.test(String(error))) throw error;
    await replaySection(blocks, true);
  }
}

linuxTest(
  "the lesson's commands print what it shows",
  async (t) => {
    const sections = Map.groupBy(
      blocks.filter(({ language }) => language === "console"),
      ({ headings }) => headings.slice(1).join(", "),
    );
    // Most commands wait for something. What a step leaves behind is found at the end of the test.
    const together = {
      sanitizeOps: false,
      sanitizeResources: false,
      sanitizeExit: false,
    };
    await Promise.all(
      sections.entries().map(([name, blocks]) =>
        t.step({ name, fn: () => replaySection(blocks), ...together })
      ),
    );
  },
);

/** The lines of a trace, without the times and with `<port>` for the ports of server and client. */
function callsIn(trace: string): string[] {
  return trace.trimEnd()
    .replace(/^\d\d:\d\d:\d\d\.\d{3} {2}/gm, "")
    .replace(/(?<=127\.0\.0\.1:)\d+/g, "<port>")
    .split("\n");
}

/** Traces one exchange and one refusal. Returns the calls of each side. */
async function traceAll(): Promise<Record<string, string[]>> {
  await using server = await startServer({ args: ["--trace"] });
  const closed = freePort();
  const [asked, refused] = await Promise.all(
    [server.port, closed].map((port) =>
      run(["client", `--servers=${port - 9000}`, "--trace", "21"])
    ),
  );
  const { stderr } = await server.stop();
  const client = callsIn(asked.stderr + refused.stderr);
  return { server: callsIn(stderr), client };
}

signalTest("the lesson's traces are what --trace shows", async () => {
  const traced = await traceAll();
  const traces = blocks.filter(({ language }) => language === "text");
  assert(traces.length > 0);
  for (const { headings, text } of traces) {
    const calls = traced[PROGRAMS[headings[1]]].join("\n");
    assertStringIncludes(`\n${calls}\n`, `\n${callsIn(text).join("\n")}\n`);
  }
});

signalTest("the lesson's picture has the calls of one exchange", async () => {
  const traced = await traceAll();
  for (const [side, name] of [["left", "client"], ["right", "server"]]) {
    const texts = new RegExp(`class="${side}".*>(.+)</text>`, "g");
    const drawn = Array.from(picture.matchAll(texts), ([, text]) => text);
    // The last one is that of the refusal, or of the listener.
    const calls = traced[name].slice(0, -1).map((call) =>
      call.replace(/ +\S*<port>.*?(?= {2}|$)/, "").replace(/\d+ bytes {2}/, "")
    );
    assertEquals(drawn, [name, ...calls]);
  }
});

programTest(
  "the lesson's links lead to files that contain what it names",
  async () => {
    for (const [, path] of page.matchAll(/\]\((?!https:)([^)#]+)\)/g)) {
      await Deno.stat(lessonPath(path));
    }
    const named = page.matchAll(
      /`([A-Za-z_]+)`,?\s+in\s+\[[^\]]+\]\(([^)]+)\)/g,
    );
    for (const [, name, path] of named) {
      assertStringIncludes(await Deno.readTextFile(lessonPath(path)), name);
    }
  },
);
