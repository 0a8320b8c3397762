import { assert, assertEquals } from "@std/assert";
import { SOURCES } from "../support/lesson.ts";

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
