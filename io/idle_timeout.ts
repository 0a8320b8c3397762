/** Closes connections that stay idle for too long.
 * @module */

import { Timer } from "./timer.ts";

/**
 * After a freeze the timer fires ahead of the reads that became ready during it. Connections that are due
 * are closed only after this many quiet turns of the event loop, this many milliseconds apart. Time alone
 * won't do: a frozen process or a busy machine lets it pass without a turn.
 */
const QUIET_TURNS = 10;
const TURN_MS = 1;

/** If so many connections come or are read in a turn, more of both may be ready. */
const BUSY_CONNECTIONS = 8;

/** How many turns to wait at most: under constant load none is quiet. */
const MAX_TURNS = 1_000;

/** A connection's place in the list of an {@linkcode IdleTimeout}. */
export interface IdleEntry<T> {
  /** The connection. */
  readonly conn: T;
  /** When it became idle, in milliseconds of `performance.now`. */
  readonly since: number;
  /** The neighbour that is due earlier. */
  previous?: IdleEntry<T>;
  /** The neighbour that is due later. */
  next?: IdleEntry<T>;
  /** Whether it has left the list. */
  removed: boolean;
}

/**
 * Connections that all have the same time to send something. One timer serves all, as the first to come is
 * the first to be due. A linked list, as any can leave at any moment: a `Map` would cost a tenth of a request.
 */
export class IdleTimeout<T extends { close(): void }> {
  readonly #timeout: number;
  #first: IdleEntry<T> | undefined;
  #last: IdleEntry<T> | undefined;
  readonly #timer = new Timer();
  /** Connections that became idle at this moment or earlier are due. */
  #due = -Infinity;
  /** How many connections have come or were read in this turn. */
  #active = 0;
  #quietTurns = 0;
  #turns = 0;

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
    this.#active++;
    if (this.#timeout > 0 && !this.#timer.isSet) {
      this.#timer.set(this.#timeout, this.#sweep);
    }
    return entry;
  }

  /** Removes a connection. Returns whether it was there: if not, it has timed out, and is already closed. */
  remove(entry: IdleEntry<T>): boolean {
    if (entry.removed) return false;
    entry.removed = true;
    if (entry.previous === undefined) this.#first = entry.next;
    else entry.previous.next = entry.next;
    if (entry.next === undefined) this.#last = entry.previous;
    else entry.next.previous = entry.previous;
    // An entry that awaits garbage collection must not keep its neighbours alive.
    entry.previous = entry.next = undefined;
    this.#active += entry.since <= this.#due ? BUSY_CONNECTIONS : 1;
    return true;
  }

  /** Closes all connections in the list. */
  closeAll(): void {
    this.#timer.clear();
    this.#closeDue(Infinity);
  }

  readonly #sweep = (): void => {
    this.#due = performance.now() - this.#timeout;
    this.#active = this.#quietTurns = this.#turns = 0;
    if (this.#isDue()) this.#timer.set(TURN_MS, this.#settle);
    else this.#schedule();
  };

  /** Closes what is due once the reads that were ready have been delivered. */
  readonly #settle = (): void => {
    this.#turns++;
    this.#quietTurns = this.#active < BUSY_CONNECTIONS
      ? this.#quietTurns + 1
      : 0;
    this.#active = 0;
    const isSettled = this.#quietTurns === QUIET_TURNS ||
      this.#turns === MAX_TURNS;
    if (!isSettled && this.#isDue()) {
      this.#timer.set(TURN_MS, this.#settle);
      return;
    }
    this.#closeDue(this.#due);
    this.#schedule();
  };

  #isDue(): boolean {
    return this.#first !== undefined && this.#first.since <= this.#due;
  }

  #closeDue(due: number): void {
    while (this.#first !== undefined && this.#first.since <= due) {
      const { conn } = this.#first;
      this.remove(this.#first);
      conn.close();
    }
  }

  #schedule(): void {
    if (this.#first === undefined) return;
    const wait = this.#first.since + this.#timeout - performance.now();
    this.#timer.set(Math.max(wait, 0), this.#sweep);
  }
}
