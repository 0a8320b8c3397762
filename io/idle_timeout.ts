/** Closes connections that stay idle for too long.
 * @module */

import { Timer } from "./timer.ts";

/**
 * While other connections are read, those that are due wait for so many milliseconds, so many times at most: under
 * load Deno delivers ready reads late, and a connection that has sent something is not idle.
 */
const WAIT_MS = 20;
const MAX_WAITS = 50;

/** A connection, since when it is idle by `performance.now`, its neighbours in the list, and whether it has left. */
export type IdleEntry<T> = {
  readonly conn: T;
  readonly since: number;
  previous?: IdleEntry<T>;
  next?: IdleEntry<T>;
  removed: boolean;
};

/**
 * Connections that all have the same time to send something. One timer serves all, as the first to come is
 * the first to be due. A linked list, as any can leave at any moment: a `Map` would cost a tenth of a request.
 */
export class IdleTimeout<T extends { close(): void }> {
  readonly #timeout: number;
  #first: IdleEntry<T> | undefined;
  #last: IdleEntry<T> | undefined;
  readonly #timer = new Timer();
  /** Whether a connection was read since the last sweep. */
  #isBusy = false;
  #waits = 0;

  /** Creates an empty list. The timeout is in milliseconds; 0 means for ever. */
  constructor(timeout: number) {
    this.#timeout = timeout;
  }

  /** Adds a connection that is idle as of now. */
  add(conn: T): IdleEntry<T> {
    const entry: IdleEntry<T> = {
      conn,
      since: performance.now(),
      previous: this.#last,
      next: undefined,
      removed: false,
    };
    if (this.#last === undefined) this.#first = entry;
    else this.#last.next = entry;
    this.#last = entry;
    if (!this.#timer.isSet) this.#schedule();
    return entry;
  }

  /** Removes a connection. Returns whether it was there: if not, it has timed out, and is already closed. */
  remove(entry: IdleEntry<T>): boolean {
    if (entry.removed) return false;
    entry.removed = true;
    this.#isBusy = true;
    if (entry.previous === undefined) this.#first = entry.next;
    else entry.previous.next = entry.next;
    if (entry.next === undefined) this.#last = entry.previous;
    else entry.next.previous = entry.previous;
    // An entry that awaits garbage collection must not keep its neighbours alive.
    entry.previous = entry.next = undefined;
    return true;
  }

  /** Closes the connection that has been idle for longest, if for so many milliseconds. Returns whether it has. */
  closeLongest(ms: number): boolean {
    const first = this.#first;
    if (first === undefined || first.since > performance.now() - ms) {
      return false;
    }
    this.remove(first);
    first.conn.close();
    return true;
  }

  /** Closes all connections in the list. */
  closeAll(): void {
    this.#timer.clear();
    while (this.closeLongest(-Infinity));
  }

  readonly #sweep = (): void => {
    const due = performance.now() - this.#timeout;
    const isDue = this.#first !== undefined && this.#first.since <= due;
    if (isDue && this.#isBusy && this.#waits < MAX_WAITS) {
      this.#isBusy = false;
      this.#waits++;
      this.#timer.set(WAIT_MS, this.#sweep);
      return;
    }
    this.#waits = 0;
    while (this.closeLongest(this.#timeout));
    this.#schedule();
  };

  #schedule(): void {
    if (this.#first === undefined || this.#timeout === 0) return;
    const wait = this.#first.since + this.#timeout - performance.now();
    this.#timer.set(Math.max(wait, 0), this.#sweep);
  }
}
