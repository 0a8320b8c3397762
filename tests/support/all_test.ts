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

/** What a module imports for its effect. */
async function importsOf(path: string): Promise<string[]> {
  const source = await Deno.readTextFile(new URL(path, TESTS));
  return source.matchAll(/^import "(.+)";$/gm).map(([, path]) => path)
    .toArray();
}

programTest("plain deno test and its task run every test module", async () => {
  const parts = [...Deno.readDirSync(new URL("all", TESTS))]
    .map(({ name }) => `./all/${name}`).sort();
  assertEquals(await importsOf("all.ts"), parts);

  const imported = await Promise.all(parts.map(importsOf));
  assertEquals(
    imported.flat().map((path) => path.replace(/^\.\.\//, "./")).sort(),
    testModules().sort(),
  );
});
