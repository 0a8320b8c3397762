/** A timer that is cheap to set and to clear.
 * @module */

/**
 * Calls a function once after a delay. Setting it again or clearing it is cheap: a pending wake-up stays, and keeps
 * the process alive. It avoids `setTimeout`, whose first call makes Deno 2.9 load Node's timers (20 ms, 4 MB).
 */
export class Timer {
  #onTimeout!: () => void;
  /** Both in `performance.now` time; the wake-up is never later. */
  #due = Infinity;
  #wakeUp = Infinity;

  /** Whether a callback is pending. */
  get isSet(): boolean {
    return this.#due < Infinity;
  }

  /** Calls back once after so many milliseconds. Replaces an earlier setting. */
  set(ms: number, onTimeout: () => void): void {
    this.#onTimeout = onTimeout;
    this.#due = performance.now() + ms;
    if (this.#due < this.#wakeUp) this.#wakeUpIn(ms);
  }

  /** Cancels the callback. */
  clear(): void {
    this.#due = Infinity;
  }

  #wakeUpIn(ms: number): void {
    const wakeUp = this.#wakeUp = performance.now() + ms;
    AbortSignal.timeout(Math.ceil(ms)).onabort = () => {
      // If they differ, an earlier wake-up has replaced this one.
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
