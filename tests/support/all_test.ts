import { assertEquals } from "@std/assert";
import { programTest } from "./permissions.ts";

const TESTS = new URL("..", import.meta.url);

/** The paths of the test modules in a directory and below it. */
function testModules(directory = "."): string[] {
  return [...Deno.readDirSync(new URL(directory, TESTS))].flatMap((entry) => {
    const path = `${directory}/${entry.name}`;
    if (entry.isDirectory) return testModules(path);
    return path.endsWith("_test.ts") ? [path] : [];
  });
}

programTest("plain deno test runs every test module", async () => {
  const source = await Deno.readTextFile(new URL("all.ts", TESTS));
  const imported = source.matchAll(/^import "(.+)";$/gm)
    .map(([, path]) => path).toArray();
  assertEquals(imported, testModules().sort());
});
