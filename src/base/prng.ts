/**
 * A small seeded generator of pseudo-random numbers, sfc32 (Chris Doty-Humphrey, PractRand): three words of
 * state and a counter, so that no cycle is shorter than 2^32. The same seed gives the same numbers,
 * everywhere. Not for secrets.
 */
import { assert } from "./assert.ts";

const UINT32_RANGE = 0x1_0000_0000;
const GOLDEN_RATIO = 0x9e37_79b9;
/** After so many rounds every bit of the seed has reached every bit of the state. */
const WARM_UP_ROUNDS = 15;

export class Prng {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** Only the low 53 bits of `seed` count; equal seeds give equal sequences. */
  constructor(seed: number) {
    assert(Number.isSafeInteger(seed), "a seed is a safe integer");
    this.#a = seed | 0;
    this.#b = Math.trunc(seed / UINT32_RANGE) | 0;
    this.#c = GOLDEN_RATIO | 0;
    for (let round = 0; round < WARM_UP_ROUNDS; round++) this.next32();
  }

  /** The next number: 0 to 2^32 - 1, each equally likely. */
  next32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** An integer from 0 to `bound - 1`; `bound` is 1 to 2^32. The bias is below `bound / 2^32`. */
  below(bound: number): number {
    return Math.floor((this.next32() / UINT32_RANGE) * bound);
  }

  /** An integer from `min` to `max`, both included. */
  between(min: number, max: number): number {
    return min + this.below(max - min + 1);
  }

  /** True with the given probability, 0 to 1. */
  chance(probability: number): boolean {
    return this.next32() < probability * UINT32_RANGE;
  }
}
