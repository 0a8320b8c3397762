/** A timer for what is rarely late.
 * @module */

/**
 * Calls back when its time is up. Setting it anew and clearing it are cheap, as they leave a pending wake-up alone.
 * `AbortSignal.timeout` does the waiting: the first `setTimeout` has Deno 2.9 load Node's timers (20 ms, 4 MB).
 */
export class Timer {
  #onTimeout!: () => void;
  /** By `performance.now`, as is the wake-up, which is never later. */
  #due = Infinity;
  #wakeUp = Infinity;

  /** Whether it is to call back. */
  get isSet(): boolean {
    return this.#due < Infinity;
  }

  /** Has it call back, once, in so many milliseconds, and not for an earlier setting. */
  set(ms: number, onTimeout: () => void): void {
    this.#onTimeout = onTimeout;
    this.#due = performance.now() + ms;
    if (this.#due < this.#wakeUp) this.#wakeUpIn(ms);
  }

  /** Keeps it from calling back. */
  clear(): void {
    this.#due = Infinity;
  }

  #wakeUpIn(ms: number): void {
    const wakeUp = this.#wakeUp = performance.now() + ms;
    AbortSignal.timeout(Math.ceil(ms)).onabort = () => {
      // Otherwise an earlier one has taken its place.
      if (wakeUp === this.#wakeUp) this.#check();
    };
  }

  #check(): void {
    this.#wakeUp = Infinity;
    const left = this.#due - performance.now();
    if (left <= 0) {
      this.#due = Infinity;
      this.#onTimeout();
    } else if (left < Infinity) {
      this.#wakeUpIn(left);
    }
  }
}
