import { assertEquals, assertRejects } from "@std/assert";
import { writeAll } from "../../io/write_all.ts";

Deno.test("what one write leaves goes to the next", async () => {
  const taken: number[][] = [];
  const output = {
    write(bytes: Uint8Array) {
      taken.push([...bytes]);
      return Promise.resolve(Math.min(2, bytes.length));
    },
  };
  await writeAll(output, new Uint8Array([1, 2, 3, 4, 5]));
  assertEquals(taken, [[1, 2, 3, 4, 5], [3, 4, 5], [5]]);
});

Deno.test("of nothing there is nothing to write", async () => {
  let writes = 0;
  await writeAll({ write: () => Promise.resolve(++writes) }, new Uint8Array(0));
  assertEquals(writes, 0);
});

Deno.test("a write that fails is the last", async () => {
  let writes = 0;
  const output = {
    write: () =>
      ++writes === 1
        ? Promise.resolve(1)
        : Promise.reject(new Deno.errors.BrokenPipe("gone")),
  };
  await assertRejects(
    () => writeAll(output, new Uint8Array(3)),
    Deno.errors.BrokenPipe,
  );
  assertEquals(writes, 2);
});
