/** Closes connections that stay idle for too long.
 * @module */

import { Timer } from "./timer.ts";

/**
 * While connections come or are read, those that are due may wait for so long: Deno can be that late to deliver a
 * read that is ready, and a connection that has sent something is not idle.
 */
const MAX_GRACE_MS = 4_000;

/** How long nothing may come or be read until that is over. */
const QUIET_MS = 100;

/** A connection in the list. `since` is when it became idle, in `performance.now` time. */
export type IdleEntry<T> = {
  readonly conn: T;
  readonly since: number;
  previous: IdleEntry<T>;
  next: IdleEntry<T>;
};

/**
 * Connections that all have the same time to send something. One timer serves all, as the first to come is
 * the first to be due. A linked list, as any can leave at any moment: a `Map` would cost a tenth of a request.
 */
export class IdleTimeout<T extends { close(): void }> {
  readonly #timeout: number;
  /** Closes the list to a ring. What has left is a ring of its own. */
  readonly #head = {} as IdleEntry<T>;
  readonly #timer = new Timer();
  /** Whether a connection came or was read since the last sweep. */
  #isBusy = false;

  /** Creates an empty list. The timeout is in milliseconds; 0 means for ever. */
  constructor(timeout: number) {
    this.#timeout = timeout;
    this.#head.previous = this.#head.next = this.#head;
  }

  /** Adds a connection that is idle as of now. */
  add(conn: T): IdleEntry<T> {
    const head = this.#head;
    const { previous } = head;
    const entry = { conn, since: performance.now(), previous, next: head };
    previous.next = head.previous = entry;
    this.#isBusy = true;
    if (!this.#timer.isSet) this.#schedule();
    return entry;
  }

  /** Removes a connection. Returns whether it was there: if not, it has timed out, and is already closed. */
  remove(entry: IdleEntry<T>): boolean {
    if (entry.next === entry) return false;
    entry.previous.next = entry.next;
    entry.next.previous = entry.previous;
    entry.previous = entry.next = entry;
    this.#isBusy = true;
    return true;
  }

  /** Closes the connection that has been idle for longest, if for so many milliseconds. Returns whether it has. */
  closeOldest(ms: number): boolean {
    const { next: first } = this.#head;
    const due = performance.now() - ms;
    if (first === this.#head || first.since > due) return false;
    this.remove(first);
    first.conn.close();
    return true;
  }

  /** Closes all connections in the list. */
  closeAll(): void {
    this.#timer.clear();
    while (this.closeOldest(-Infinity));
  }

  readonly #sweep = (): void => {
    const grace = this.#isBusy ? MAX_GRACE_MS : 0;
    while (this.closeOldest(this.#timeout + grace));
    this.#isBusy = false;
    this.#schedule();
  };

  #schedule(): void {
    const { next: first } = this.#head;
    if (first === this.#head || this.#timeout === 0) return;
    const wait = first.since + this.#timeout - performance.now();
    this.#timer.set(Math.max(wait, QUIET_MS), this.#sweep);
  }
}
