import { assert, assertEquals } from "@std/assert";
import { IdleTimeout } from "../../io/idle_timeout.ts";
import { FakeTime } from "../support/time.ts";

/** How long a connection may be idle, in milliseconds. */
const TIMEOUT = 2_000;

/** How long one that comes or is read may keep another open beyond that, and how long many may, in milliseconds. */
const WAIT = 100;
const MAX_OVERTIME = 4_000;

/** Something to close, once. */
class Closable {
  isClosed = false;

  close(): void {
    assert(!this.isClosed, "closed twice");
    this.isClosed = true;
  }
}

/** Adds so many connections. */
function addTo(idle: IdleTimeout<Closable>, count: number) {
  const conns = Array.from({ length: count }, () => new Closable());
  return {
    entries: conns.map((conn) => idle.add(conn)),
    closed: () => conns.map(({ isClosed }) => isClosed),
  };
}

Deno.test("a connection is closed when its own time is up, and not before", async () => {
  using time = new FakeTime();
  const idle = new IdleTimeout<Closable>(TIMEOUT);
  const first = addTo(idle, 1);
  await time.advance(TIMEOUT / 2);
  const second = addTo(idle, 1);
  await time.advance(TIMEOUT / 2 - 1);
  assertEquals(first.closed(), [false]);
  await time.advance(1 + WAIT);
  assertEquals([...first.closed(), ...second.closed()], [true, false]);
  await time.advance(TIMEOUT / 2);
  assertEquals(second.closed(), [true]);
  // The list was empty.
  const third = addTo(idle, 1);
  await time.advance(TIMEOUT - 1);
  assertEquals(third.closed(), [false]);
  await time.advance(1 + WAIT);
  assertEquals(third.closed(), [true]);
});

Deno.test("a connection that was removed stays open, and its neighbours do not", async () => {
  using time = new FakeTime();
  const idle = new IdleTimeout<Closable>(TIMEOUT);
  const { entries, closed } = addTo(idle, 5);
  for (const index of [2, 0, 4]) assert(idle.remove(entries[index]));
  assert(!idle.remove(entries[0]));
  await time.advance(TIMEOUT + MAX_OVERTIME);
  assertEquals(closed(), [false, true, false, true, false]);
});

Deno.test("those that are left can be closed at once, and the list used again", async () => {
  for (const timeout of [0, TIMEOUT]) {
    using time = new FakeTime();
    const idle = new IdleTimeout<Closable>(timeout);
    const { entries, closed } = addTo(idle, 3);
    assertEquals(time.signals, timeout > 0 ? 1 : 0, "no time, no timer");
    idle.remove(entries[0]);
    idle.closeAll();
    assertEquals(closed(), [false, true, true]);
    assert(!idle.remove(entries[1]));
    idle.closeAll();
    const late = addTo(idle, 1);
    await time.advance(TIMEOUT + WAIT);
    assertEquals(late.closed(), [timeout > 0]);
  }
});

Deno.test("after a freeze, what has arrived is read before anything is closed", async () => {
  using time = new FakeTime();
  const idle = new IdleTimeout<Closable>(TIMEOUT);
  const { entries, closed } = addTo(idle, 5);
  time.freeze(2 * TIMEOUT);
  // Each turn of the event loop delivers some.
  for (const entry of entries.slice(0, 3)) {
    await time.advance(300);
    assert(idle.remove(entry));
  }
  await time.advance(1_000);
  assertEquals(closed(), [false, false, false, true, true]);
});

Deno.test("while others are read, one that is due waits, 4 s at most", async () => {
  for (
    const [reads, overtime] of [[0, 0], [5, 5 * WAIT], [9_999, MAX_OVERTIME]]
  ) {
    using time = new FakeTime();
    const idle = new IdleTimeout<Closable>(TIMEOUT);
    for (let round = 0; round < 2; round++) {
      const { closed } = addTo(idle, 1);
      await time.advance(TIMEOUT - 1);
      let elapsed = -1;
      for (; !closed()[0]; elapsed++) {
        if (elapsed < WAIT * (reads - 1)) {
          idle.remove(addTo(idle, 1).entries[0]);
        }
        await time.advance(1);
      }
      assert(elapsed >= overtime && elapsed <= overtime + WAIT, `${elapsed}`);
    }
  }
});
