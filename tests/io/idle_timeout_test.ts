import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { idleTimeout } from "../../io/idle_timeout.ts";

/** How long a connection may say nothing where a test waits for it, in milliseconds. */
const TIMEOUT = 100;

/** What there is to close. */
interface Connection {
  close(): void;
  /** When it was closed, in milliseconds since it was made. */
  closed: Promise<number>;
  isClosed: boolean;
}

function connection(): Connection {
  const made = performance.now();
  const { promise, resolve } = Promise.withResolvers<number>();
  return {
    close() {
      assert(!this.isClosed, "closed a second time");
      this.isClosed = true;
      resolve(performance.now() - made);
    },
    closed: promise,
    isClosed: false,
  };
}

Deno.test("a connection that says nothing is closed when its time is up", async () => {
  const idle = idleTimeout<Connection>(TIMEOUT);
  const conn = connection();
  const wait = idle.add(conn);
  assert(await conn.closed >= TIMEOUT);
  assertEquals(idle.remove(wait), false);
});

Deno.test("each connection has its own time", async () => {
  const idle = idleTimeout<Connection>(TIMEOUT);
  const first = connection();
  idle.add(first);
  await first.closed;
  const second = connection();
  idle.add(second);
  assert(await second.closed >= TIMEOUT);
  const third = connection();
  idle.add(third);
  await delay(TIMEOUT / 2);
  const fourth = connection();
  idle.add(fourth);
  // Timers are run in the order in which they are due, however late all of them are.
  const late = delay(1.3 * TIMEOUT);
  await third.closed;
  assert(await Promise.race([fourth.closed, late.then(() => 0)]) >= TIMEOUT);
  await late;
});

Deno.test("a connection that said something is left alone, and its neighbours are not", async () => {
  const idle = idleTimeout<Connection>(TIMEOUT);
  const conns = Array.from({ length: 5 }, connection);
  const waits = conns.map(idle.add);
  for (const index of [2, 0, 4]) assert(idle.remove(waits[index]));
  await Promise.all([conns[1].closed, conns[3].closed]);
  assertEquals(
    conns.map(({ isClosed }) => isClosed),
    [false, true, false, true, false],
  );
  assertEquals(waits.map(idle.remove), Array(5).fill(false));
});

Deno.test("no connection is closed, and no timer set, where the time is for ever", () => {
  const idle = idleTimeout<Connection>(0);
  const conn = connection();
  const wait = idle.add(conn);
  assert(idle.remove(wait));
  assertEquals(conn.isClosed, false);
});

Deno.test("all that are left can be closed at once", () => {
  for (const timeout of [0, 60_000]) {
    const idle = idleTimeout<Connection>(timeout);
    const conns = [connection(), connection(), connection()];
    const [first, second] = conns.map(idle.add);
    idle.remove(first);
    idle.closeAll();
    assertEquals(
      conns.map(({ isClosed }) => isClosed),
      [false, true, true],
    );
    assertEquals(idle.remove(second), false);
    idle.closeAll();
  }
});
