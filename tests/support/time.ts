/** Time that passes when the test says so.
 * @module */

import { setImmediate } from "node:timers";

const { setTimeout: realSetTimeout, clearTimeout: realClearTimeout } =
  globalThis;
const realTimeoutSignal = AbortSignal.timeout;

/** Lets everything happen that takes no time, such as promises and what they lead to. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

interface Timer {
  due: number;
  fire: () => void;
  isSignal: boolean;
}

/** Longer than it takes the sanitizer to look. */
const LEAK_MS = 1_000;

/**
 * Stands in for `setTimeout`, `AbortSignal.timeout` and `performance.now` until it is disposed of. A timer
 * of `setTimeout` that is then left becomes a real one, which the sanitizer reports.
 */
export class FakeTime implements Disposable {
  #now = 0;
  #lastId = 0;
  readonly #timers = new Map<number, Timer>();

  constructor() {
    const setTimeout = (
      callback: (...args: unknown[]) => void,
      delay = 0,
      ...args: unknown[]
    ) => this.#add(() => callback(...args), delay, false);
    const clearTimeout = (id?: number) => this.#timers.delete(id ?? 0);
    Object.assign(globalThis, { setTimeout, clearTimeout });
    AbortSignal.timeout = (delay) => {
      if (delay < 0) throw new TypeError("a time of less than 0 ms");
      const controller = new AbortController();
      const reason = new DOMException("Signal timed out.", "TimeoutError");
      this.#add(() => controller.abort(reason), delay, true);
      return controller.signal;
    };
    performance.now = () => this.#now;
  }

  /** How many timers of `setTimeout` are set. */
  get timers(): number {
    return this.#timers.size - this.signals;
  }

  /** How many signals of `AbortSignal.timeout` are still to abort. */
  get signals(): number {
    return [...this.#timers.values()].filter(({ isSignal }) => isSignal).length;
  }

  /** Lets time pass, in milliseconds. Every timer fires when it is due. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (let due; (due = this.#nextDue()) <= end;) {
      this.#now = Math.max(this.#now, due);
      this.#fireNext();
      await settle();
    }
    this.#now = end;
  }

  /**
   * Lets time pass, in milliseconds, as for a process that is stopped and continued: timers that are due
   * fire late, and ahead of everything else that has happened meanwhile.
   */
  freeze(ms: number): void {
    this.#now += ms;
    for (const [id, { due, fire }] of [...this.#timers]) {
      if (due <= this.#now && this.#timers.delete(id)) fire();
    }
  }

  [Symbol.dispose](): void {
    Object.assign(globalThis, {
      setTimeout: realSetTimeout,
      clearTimeout: realClearTimeout,
    });
    AbortSignal.timeout = realTimeoutSignal;
    // The real one is the prototype's.
    delete (performance as Partial<Performance>).now;
    if (this.timers > 0) realSetTimeout(() => {}, LEAK_MS);
  }

  #add(fire: () => void, delay: number, isSignal: boolean): number {
    const due = this.#now + Math.max(delay, 0);
    this.#timers.set(++this.#lastId, { due, fire, isSignal });
    return this.#lastId;
  }

  #nextDue(): number {
    return Math.min(...[...this.#timers.values()].map(({ due }) => due));
  }

  #fireNext(): void {
    const next = this.#nextDue();
    const [id, timer] = [...this.#timers].find(([, { due }]) => due === next)!;
    this.#timers.delete(id);
    timer.fire();
  }
}
