/**
 * Workers that died and will be started again: when, and how often each number has died of late. How long one
 * waits is `back-off.ts`; whether it is replaced at all, and by whom, is for `supervisor.ts`.
 */
import { recordDeath, restartDelayMs } from "./back-off.ts";

/** What a worker's death means for the next one of its number. */
export interface Death {
  /** How many there were of late, this one included. */
  readonly count: number;
  readonly replacedInMs: number;
}

export class Replacements {
  readonly #deaths: Map<number, readonly number[]> = new Map();
  readonly #timers: Map<number, NodeJS.Timeout> = new Map();

  /** How many wait to be started. */
  get count(): number {
    return this.#timers.size;
  }

  /** True while this number waits to be started. */
  has(number: number): boolean {
    return this.#timers.has(number);
  }

  /** A worker died at `nowMs`. */
  died(number: number, nowMs: number): Death {
    const deaths = recordDeath(this.#deaths.get(number) ?? [], nowMs);
    this.#deaths.set(number, deaths);
    return { count: deaths.length, replacedInMs: restartDelayMs(deaths) };
  }

  /** Calls `start` after a while; then the number waits no more. */
  schedule(number: number, delayMs: number, start: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(number);
      start();
    }, delayMs);
    this.#timers.set(number, timer);
  }

  /** Nobody is started any more. */
  cancel(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }
}
