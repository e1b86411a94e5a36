/**
 * What will happen in the simulated world, by virtual time. Happenings of the same moment come in an order
 * drawn from the seed: that is how connections overtake each other. It knows nothing of connections; who must
 * not overtake itself has only one happening waiting at a time.
 */
import type { Prng } from "../../src/base/prng.ts";

interface Happening {
  readonly atMs: number;
  readonly tie: number;
  readonly happen: () => void;
}

/** A binary heap: the earliest happening is at index 0. */
export class Schedule {
  readonly #prng: Prng;
  readonly #heap: Happening[] = [];

  constructor(prng: Prng) {
    this.#prng = prng;
  }

  get size(): number {
    return this.#heap.length;
  }

  /** When the next happening is due; `Infinity` when none is waiting. */
  get nextMs(): number {
    return this.#heap[0]?.atMs ?? Infinity;
  }

  at(atMs: number, happen: () => void): void {
    const heap = this.#heap;
    let index = heap.push({ atMs, tie: this.#prng.next32(), happen }) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!before(heap[index]!, heap[parent]!)) break;
      [heap[index], heap[parent]] = [heap[parent]!, heap[index]!];
      index = parent;
    }
  }

  /** Takes the earliest happening if it is due by `nowMs`. */
  takeDue(nowMs: number): (() => void) | undefined {
    const first = this.#heap[0];
    if (first === undefined || first.atMs > nowMs) return undefined;
    const last = this.#heap.pop()!;
    if (this.#heap.length > 0) this.#sink(last);
    return first.happen;
  }

  #sink(item: Happening): void {
    const heap = this.#heap;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      if (left >= heap.length) break;
      const right = left + 1;
      const child = right < heap.length && before(heap[right]!, heap[left]!) ? right : left;
      if (!before(heap[child]!, item)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = item;
  }
}

function before(one: Happening, other: Happening): boolean {
  return one.atMs === other.atMs ? one.tie < other.tie : one.atMs < other.atMs;
}
