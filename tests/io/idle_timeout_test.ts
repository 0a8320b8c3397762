import { assert, assertEquals } from "@std/assert";
import { IdleTimeout } from "../../io/idle_timeout.ts";
import { FakeTime } from "../support/time.ts";

/** How long a connection may be idle, in milliseconds. */
const TIMEOUT = 2_000;

/** How long ready reads may take to be delivered, in milliseconds. */
const SETTLE = 10;

/** How long clients that keep coming may put that off, in milliseconds. */
const MAX_SETTLE = 1_000;

/** How many have to come in a millisecond for that. */
const MANY = 8;

/** Something to close, once. */
class Closable {
  isClosed = false;

  close(): void {
    assert(!this.isClosed, "closed twice");
    this.isClosed = true;
  }
}

/** Adds so many connections. Returns them, their entries, and which of them are closed. */
function addTo(idle: IdleTimeout<Closable>, count: number) {
  const conns = Array.from({ length: count }, () => new Closable());
  return {
    conns,
    entries: conns.map((conn) => idle.add(conn)),
    closed: () => conns.map(({ isClosed }) => isClosed),
  };
}

Deno.test("an idle connection is closed when its time is up, and not before", async () => {
  using time = new FakeTime();
  const idle = new IdleTimeout<Closable>(TIMEOUT);
  const { conns: [conn], entries: [entry] } = addTo(idle, 1);
  await time.advance(TIMEOUT - 1);
  assert(!conn.isClosed);
  await time.advance(1 + SETTLE);
  assert(conn.isClosed);
  assert(!idle.remove(entry));
});

Deno.test("each connection has its own time", async () => {
  using time = new FakeTime();
  const idle = new IdleTimeout<Closable>(TIMEOUT);
  const first = addTo(idle, 1);
  await time.advance(TIMEOUT / 2);
  const second = addTo(idle, 1);
  await time.advance(TIMEOUT / 2 + SETTLE);
  assertEquals([first.closed(), second.closed()], [[true], [false]]);
  await time.advance(TIMEOUT / 2);
  assertEquals(second.closed(), [true]);
  // The timer starts again after the list was empty.
  const third = addTo(idle, 1);
  await time.advance(TIMEOUT - 1);
  assertEquals(third.closed(), [false]);
  await time.advance(1 + SETTLE);
  assertEquals(third.closed(), [true]);
});

Deno.test("a connection that was removed stays open, and its neighbours do not", async () => {
  using time = new FakeTime();
  const idle = new IdleTimeout<Closable>(TIMEOUT);
  const { entries, closed } = addTo(idle, 5);
  for (const index of [2, 0, 4]) assert(idle.remove(entries[index]));
  assert(!idle.remove(entries[0]));
  await time.advance(TIMEOUT + SETTLE);
  assertEquals(closed(), [false, true, false, true, false]);
});

Deno.test("a connection has its full time after an earlier one has left", async () => {
  using time = new FakeTime();
  const idle = new IdleTimeout<Closable>(TIMEOUT);
  const first = addTo(idle, 1);
  await time.advance(TIMEOUT / 2);
  const second = addTo(idle, 1);
  idle.remove(first.entries[0]);
  await time.advance(TIMEOUT - 1);
  assertEquals(second.closed(), [false]);
  await time.advance(1 + SETTLE);
  assertEquals(second.closed(), [true]);
  assertEquals(time.signals, 0);
});

Deno.test("no timer is set if the time is unlimited", () => {
  using time = new FakeTime();
  const idle = new IdleTimeout<Closable>(0);
  const { conns: [conn], entries: [entry] } = addTo(idle, 1);
  assertEquals(time.signals, 0);
  assert(idle.remove(entry));
  assert(!conn.isClosed);
});

Deno.test("what is left can be closed at once", async () => {
  using time = new FakeTime();
  for (const timeout of [0, TIMEOUT]) {
    for (const elapsed of [0, TIMEOUT]) {
      const idle = new IdleTimeout<Closable>(timeout);
      const { entries, closed } = addTo(idle, 3);
      // When the time is up, those that are due are about to be closed.
      await time.advance(elapsed);
      idle.remove(entries[0]);
      idle.closeAll();
      assertEquals(closed(), [false, true, true]);
      assert(!idle.remove(entries[1]));
      idle.closeAll();
    }
  }
});

Deno.test("a list can be used again after its connections were closed", async () => {
  using time = new FakeTime();
  const idle = new IdleTimeout<Closable>(TIMEOUT);
  addTo(idle, 1);
  idle.closeAll();
  const { closed } = addTo(idle, 1);
  await time.advance(TIMEOUT + SETTLE);
  assertEquals(closed(), [true]);
});

Deno.test("after a freeze, ready reads are delivered before anything is closed", async () => {
  using time = new FakeTime();
  const idle = new IdleTimeout<Closable>(TIMEOUT);
  const { entries, closed } = addTo(idle, 5);
  time.freeze(2 * TIMEOUT);
  const late = addTo(idle, 1);
  // However long they take, as each turn of the event loop delivers some.
  for (const entry of entries.slice(0, 3)) {
    assert(idle.remove(entry));
    await time.advance(SETTLE);
    assert(!closed().includes(true));
  }
  await time.advance(SETTLE);
  assertEquals(closed(), [false, false, false, true, true]);
  await time.advance(TIMEOUT);
  assertEquals(late.closed(), [true]);
});

Deno.test("nothing is closed if all that was due has become active", async () => {
  using time = new FakeTime();
  const idle = new IdleTimeout<Closable>(TIMEOUT);
  const { entries } = addTo(idle, 2);
  time.freeze(TIMEOUT);
  for (const entry of entries) idle.remove(entry);
  const late = addTo(idle, 1);
  await time.advance(TIMEOUT - 1);
  assertEquals(late.closed(), [false]);
  await time.advance(1 + SETTLE);
  assertEquals(late.closed(), [true]);
});

Deno.test("after a freeze, connections from the backlog are read before one of them is closed", async () => {
  using time = new FakeTime();
  const idle = new IdleTimeout<Closable>(SETTLE / 2);
  const { entries, closed } = addTo(idle, 1);
  for (let i = 0; i < 10; i++) {
    await time.advance(SETTLE / 2);
    entries.push(...addTo(idle, MANY).entries);
  }
  assertEquals(closed(), [false]);
  // In any order, as the system does not report them in order.
  while (entries.length > 0) {
    await time.advance(SETTLE / 2);
    for (const entry of entries.splice(-MANY)) assert(idle.remove(entry));
  }
  await time.advance(SETTLE);
});

Deno.test("a second freeze while ready reads are delivered costs no client its answer", async () => {
  using time = new FakeTime();
  const idle = new IdleTimeout<Closable>(TIMEOUT);
  const { entries } = addTo(idle, 2 * MANY);
  time.freeze(TIMEOUT);
  for (const entry of entries.splice(-MANY)) assert(idle.remove(entry));
  time.freeze(TIMEOUT);
  for (const entry of entries) assert(idle.remove(entry));
  await time.advance(SETTLE);
});

/** How long an idle connection stays open beyond its time, in milliseconds, if so many come and go in each. */
async function overtime(count: number): Promise<number> {
  using time = new FakeTime();
  const idle = new IdleTimeout<Closable>(TIMEOUT);
  const { conns: [conn] } = addTo(idle, 1);
  await time.advance(TIMEOUT);
  let elapsed = 0;
  for (; !conn.isClosed && elapsed <= MAX_SETTLE; elapsed++) {
    for (const entry of addTo(idle, count).entries) idle.remove(entry);
    await time.advance(1);
  }
  return elapsed;
}

Deno.test("a few other clients don't keep an idle connection open", async () => {
  assertEquals(await overtime(1), SETTLE);
});

Deno.test("however many clients come, an idle connection is closed in the end", async () => {
  assertEquals(await overtime(MANY), MAX_SETTLE);
});
