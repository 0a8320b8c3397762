/** A timer that is cheap to set and to clear, and that notices when the process has stood still.
 * @module */

/** A process that wakes up later than this has stood still, or its machine is busy. */
const LATE_MS = 20;

/** How long such a timer waits once more, at most: Deno delivers timers ahead of the reads that became ready. */
const MAX_GRACE_MS = 1_000;

/**
 * Calls a function once after a delay. Setting it again or clearing it is cheap: the pending wake-up stays, and keeps
 * the event loop alive. It avoids `setTimeout`, whose first call makes Deno 2.9 load Node's timers (4 ms, 4 MB).
 */
export class Timer {
  #onTimeout!: () => void;
  #grace = 0;
  /** Both in `performance.now` time; the wake-up is never later. */
  #due = Infinity;
  #wakeUp = Infinity;

  /** Whether a callback is pending. */
  get isSet(): boolean {
    return this.#due < Infinity;
  }

  /** Calls back once after so many milliseconds; if that is late, after as many more, a second at most. */
  set(ms: number, onTimeout: () => void): void {
    this.#onTimeout = onTimeout;
    this.#grace = Math.min(ms, MAX_GRACE_MS);
    this.#wait(ms);
  }

  /** Cancels the callback. */
  clear(): void {
    this.#due = Infinity;
  }

  #wait(ms: number): void {
    this.#due = performance.now() + ms;
    if (this.#due < this.#wakeUp) this.#wakeUpIn(ms);
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
    const grace = this.#grace;
    if (left > 0) {
      if (left < Infinity) this.#wakeUpIn(left);
    } else if (left < -LATE_MS && grace > 0) {
      this.#grace = 0;
      this.#wait(grace);
    } else {
      this.#due = Infinity;
      this.#onTimeout();
    }
  }
}
