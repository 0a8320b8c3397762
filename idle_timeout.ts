/**
 * Closes connections that say nothing for too long.
 *
 * @module
 */

/** What {@linkcode idleTimeout} returns: the connections that have said nothing yet. */
export interface IdleConnections<T> {
  /** Starts a connection's time. */
  add(conn: T): void;
  /**
   * Ends a connection's time. Returns whether it was still running: if not, the connection is closed,
   * and whoever asks must not close it again.
   */
  remove(conn: T): boolean;
  /** Closes all that are left. */
  closeAll(): void;
}

/**
 * Keeps an eye on connections that have yet to say something. To close one ends the read that is
 * pending on it with an error.
 *
 * All have the same time, so the one that came first is due first, and a single timer, set for it,
 * serves however many there are: a request costs an entry in a map, no timer and no promise.
 *
 * @example Usage
 * ```ts
 * import { idleTimeout } from "./idle_timeout.ts";
 * import { assert } from "@std/assert";
 *
 * const idle = idleTimeout<{ close(): void }>(60_000);
 * const conn = { close() {} };
 * idle.add(conn);
 * assert(idle.remove(conn));
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
  // A map keeps the order of insertion, which is the order in which they are due.
  const since = new Map<T, number>();
  let timer: ReturnType<typeof setTimeout> | undefined;

  function close(conn: T): void {
    since.delete(conn);
    conn.close();
  }

  function sweep(): void {
    timer = undefined;
    const now = performance.now();
    for (const [conn, start] of since) {
      const left = start + timeout - now;
      if (left > 0) {
        timer = setTimeout(sweep, left);
        return;
      }
      close(conn);
    }
  }

  return {
    add(conn) {
      since.set(conn, performance.now());
      if (timer === undefined && timeout > 0) {
        timer = setTimeout(sweep, timeout);
      }
    },
    remove(conn) {
      return since.delete(conn);
    },
    closeAll() {
      clearTimeout(timer);
      timer = undefined;
      for (const conn of since.keys()) close(conn);
    },
  };
}
