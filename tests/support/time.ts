/** Time that passes when the test says so.
 * @module */

import { setImmediate } from "node:timers";

const real = {
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
  timeoutSignal: AbortSignal.timeout,
};

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
    Object.assign(globalThis, {
      setTimeout: (fire: () => void, delay = 0) => this.#add(fire, delay),
      clearTimeout: (id: number) => this.#timers.delete(id),
    });
    AbortSignal.timeout = (delay) => {
      if (delay < 0) throw new TypeError("a time of less than 0 ms");
      const controller = new AbortController();
      const reason = new DOMException("Signal timed out.", "TimeoutError");
      this.#add(() => controller.abort(reason), delay, true);
      return controller.signal;
    };
    performance.now = () => this.#now;
  }

  /** How many signals of `AbortSignal.timeout` are still to abort. */
  get signals(): number {
    return [...this.#timers.values()].filter(({ isSignal }) => isSignal).length;
  }

  /** Lets time pass, in milliseconds. Every timer fires when it is due. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    while (true) {
      const due = Math.min(...this.#timers.values().map(({ due }) => due));
      if (due > end) break;
      this.#now = Math.max(this.#now, due);
      this.#fire(
        this.#timers.entries().find(([, timer]) => timer.due === due)!,
      );
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
    for (const entry of [...this.#timers]) {
      if (entry[1].due <= this.#now) this.#fire(entry);
    }
  }

  [Symbol.dispose](): void {
    const { timeoutSignal, ...globals } = real;
    Object.assign(globalThis, globals);
    AbortSignal.timeout = timeoutSignal;
    // The real one is the prototype's.
    delete (performance as Partial<Performance>).now;
    if (this.#timers.size > this.signals) setTimeout(() => {}, LEAK_MS);
  }

  #add(fire: () => void, delay: number, isSignal = false): number {
    const due = this.#now + Math.max(delay, 0);
    this.#timers.set(++this.#lastId, { due, fire, isSignal });
    return this.#lastId;
  }

  #fire([id, { fire }]: [number, Timer]): void {
    if (this.#timers.delete(id)) fire();
  }
}
