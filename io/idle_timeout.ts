/**
 * Closes connections that say nothing for too long.
 *
 * @module
 */

/** A connection's time to say something: its place in the queue of those that are due. */
export interface Wait<T> {
  /** The connection. */
  readonly conn: T;
  /** When its time began, in milliseconds of `performance.now`. */
  readonly since: number;
  /** The one that is due before it. */
  previous?: Wait<T>;
  /** The one that is due after it. */
  next?: Wait<T>;
  /** Whether it is over. */
  over: boolean;
}

/** What {@linkcode idleTimeout} returns: the connections that have said nothing yet. */
export interface IdleConnections<T> {
  /** Starts a connection's time. */
  add(conn: T): Wait<T>;
  /**
   * Ends a connection's time. Returns whether it was still running: if not, the connection is closed,
   * and whoever asks must not close it again.
   */
  remove(wait: Wait<T>): boolean;
  /** Closes all that are left. */
  closeAll(): void;
}

/**
 * Keeps an eye on connections that have yet to say something. To close one ends the read that is
 * pending on it with an error.
 *
 * All have the same time, so the one that came first is due first, and a single timer, set for it,
 * serves however many there are. They are a linked list, as each can leave at any time: a map from
 * connections costs a tenth of a whole request, in hashes and in its tables.
 *
 * @example Usage
 * ```ts
 * import { idleTimeout } from "./idle_timeout.ts";
 * import { assert } from "@std/assert";
 *
 * const idle = idleTimeout<{ close(): void }>(60_000);
 * const wait = idle.add({ close() {} });
 * assert(idle.remove(wait));
 * idle.closeAll();
 * ```
 *
 * @typeParam T What can be closed.
 * @param timeout How long a connection may say nothing, in milliseconds; 0 for ever.
 * @returns The connections, none at first.
 */
export function idleTimeout<T extends { close(): void }>(
  timeout: number,
): IdleConnections<T> {
  let first: Wait<T> | undefined;
  let last: Wait<T> | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function remove(wait: Wait<T>): boolean {
    if (wait.over) return false;
    wait.over = true;
    if (wait.previous === undefined) first = wait.next;
    else wait.previous.next = wait.next;
    if (wait.next === undefined) last = wait.previous;
    else wait.next.previous = wait.previous;
    // One that the garbage collector has yet to find must not keep its neighbours.
    wait.previous = wait.next = undefined;
    return true;
  }

  /** Closes those whose time began at this moment or before. */
  function closeSince(moment: number): void {
    while (first !== undefined && first.since <= moment) {
      const { conn } = first;
      remove(first);
      conn.close();
    }
  }

  function sweep(): void {
    timer = undefined;
    const now = performance.now();
    closeSince(now - timeout);
    if (first !== undefined) {
      timer = setTimeout(sweep, first.since + timeout - now);
    }
  }

  return {
    add(conn) {
      const since = performance.now();
      const wait = {
        conn,
        since,
        previous: last,
        next: undefined,
        over: false,
      };
      if (last === undefined) first = wait;
      else last.next = wait;
      last = wait;
      if (timer === undefined && timeout > 0) {
        timer = setTimeout(sweep, timeout);
      }
      return wait;
    },
    remove,
    closeAll() {
      clearTimeout(timer);
      timer = undefined;
      closeSince(Infinity);
    },
  };
}
