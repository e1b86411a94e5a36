/**
 * How many connections may be on their way to the other worker at one time. Each of them stands still until
 * the other has it, and all that went with it have to be packed, sent and read first. So few go at first,
 * where neither worker has done this before; more as long as they are quick, and only so many more as would
 * still be; and fewer when they are not.
 */
import type { EngineLimits } from "../limits.ts";

export type PaceLimits = Pick<EngineLimits, "handOverFrozenMin" | "handOverFrozenMax" | "handOverFrozenMs">;

export class Pace {
  readonly #limits: PaceLimits;
  #max: number;

  constructor(limits: PaceLimits) {
    this.#limits = limits;
    this.#max = limits.handOverFrozenMin;
  }

  /** So many may be on their way now. */
  get max(): number {
    return this.#max;
  }

  /** So many have arrived; the slowest of them stood still for so long. None, if all were refused. */
  arrived(count: number, stoodMs: number): void {
    if (count === 0) return;
    const { handOverFrozenMin: least, handOverFrozenMax: most, handOverFrozenMs: msMax } = this.#limits;
    if (stoodMs > msMax) this.#max = Math.max(least, this.#max >> 1);
    else {
      // What runs for the first time takes long for each: twice as many would stand still twice as long.
      const inTime = Math.floor((count * msMax) / stoodMs);
      this.#max = Math.min(most, this.#max + count, Math.max(this.#max, inTime));
    }
  }
}
