/**
 * One deadline for each of many ids, in arrays of a fixed size: setting, moving and clearing one allocates
 * nothing. It reads no clock and wakes nobody: who owns it asks `next` when to come, and comes with `expire`.
 *
 * A binary heap of ids, kept lazily, because deadlines of connections are nearly always moved to later: then
 * only `dueAt` changes, and the heap's entry, now too early, is put right when it comes up. (Measured: 3 to 8
 * ns for a change, so a timer wheel would gain nothing, and would have a granularity.) Times are milliseconds
 * on any one clock.
 *
 * ```text
 *  heap     [ 7 ][ 2 ][ 9 ] …     ids; each not later in the heap's order than those below it
 *  lookAt   id → when the heap looks at it, at or before dueAt
 *  dueAt    id → its deadline; Infinity = none
 * ```
 */
import { assert } from "./assert.ts";

const ABSENT = -1;

export class Deadlines {
  #dueAt: Float64Array;
  #lookAt: Float64Array;
  #heap: Int32Array;
  /** Where an id is in the heap, or `ABSENT`. */
  #places: Int32Array;
  #heapSize = 0;
  /** How many ids have a deadline. */
  #count = 0;
  /** The ids that one call of `expire` found. */
  #expired: Int32Array;
  #isExpiring = false;

  /** Ids are 0 to `capacity - 1`. */
  constructor(capacity: number) {
    this.#dueAt = new Float64Array(capacity).fill(Infinity);
    this.#lookAt = new Float64Array(capacity);
    this.#heap = new Int32Array(capacity);
    this.#places = new Int32Array(capacity).fill(ABSENT);
    this.#expired = new Int32Array(capacity);
  }

  get capacity(): number {
    return this.#heap.length;
  }

  /** Takes ids up to `capacity - 1` from now on, at the cost of copying. Not while it expires. */
  grow(capacity: number): void {
    assert(!this.#isExpiring && capacity >= this.capacity, "shrinks deadlines, or grows while it tells them");
    this.#dueAt = copied(this.#dueAt, new Float64Array(capacity).fill(Infinity));
    this.#lookAt = copied(this.#lookAt, new Float64Array(capacity));
    this.#heap = copied(this.#heap, new Int32Array(capacity));
    this.#places = copied(this.#places, new Int32Array(capacity).fill(ABSENT));
    this.#expired = new Int32Array(capacity);
  }

  /** How many ids have a deadline. */
  get count(): number {
    return this.#count;
  }

  /** The id's deadline; `Infinity` if it has none. */
  dueAt(id: number): number {
    return this.#dueAt[id]!;
  }

  /**
   * Gives the id this deadline, instead of any that it had. Later than the last one: a store. `whenMs` is
   * finite.
   */
  set(id: number, whenMs: number): void {
    assert(id < this.#heap.length && whenMs < Infinity, "sets a deadline for no id or no time");
    if (this.#dueAt[id] === Infinity) this.#count++;
    this.#dueAt[id] = whenMs;
    const place = this.#places[id]!;
    if (place !== ABSENT && this.#lookAt[id]! <= whenMs) return;
    this.#lookAt[id] = whenMs;
    this.#rise(place === ABSENT ? this.#heapSize++ : place, id);
  }

  /** Takes the id's deadline away, if it has one. */
  clear(id: number): void {
    if (this.#dueAt[id] === Infinity) return;
    this.#dueAt[id] = Infinity;
    this.#count--;
  }

  /**
   * When `expire` must be called at the latest: never later than the earliest deadline, and `Infinity` when
   * there is none. It may be earlier than any deadline (that of one which was moved); calling `expire` then
   * finds nothing and puts it right.
   */
  next(): number {
    return this.#count === 0 ? Infinity : this.#lookAt[this.#heap[0]!]!;
  }

  /**
   * Tells each id whose deadline is `nowMs` or earlier, the earliest first; it has none any more when it is
   * told. What is told may set and clear deadlines of any id: one set for `nowMs` or earlier is told in the
   * next call at the latest.
   */
  expire(nowMs: number, tell: (id: number) => void): void {
    assert(!this.#isExpiring, "expires deadlines while it tells them");
    const found = this.#collect(nowMs);
    if (found === 0) return;
    this.#isExpiring = true;
    for (let index = 0; index < found; index++) {
      const id = this.#expired[index]!;
      if (this.#dueAt[id]! > nowMs) continue;
      this.#dueAt[id] = Infinity;
      this.#count--;
      tell(id);
    }
    this.#isExpiring = false;
  }

  /** Takes from the heap what is due, and puts right what comes up too early. */
  #collect(nowMs: number): number {
    let found = 0;
    while (this.#heapSize > 0) {
      const id = this.#heap[0]!;
      if (this.#lookAt[id]! > nowMs) break;
      const dueAt = this.#dueAt[id]!;
      if (dueAt > nowMs && dueAt !== Infinity) {
        this.#lookAt[id] = dueAt;
        this.#sink(id);
        continue;
      }
      if (dueAt <= nowMs) this.#expired[found++] = id;
      this.#places[id] = ABSENT;
      const last = this.#heap[--this.#heapSize]!;
      if (this.#heapSize > 0) this.#sink(last);
    }
    return found;
  }

  /** Puts `id` at `place` or above, so far that what is over it is not later. */
  #rise(place: number, id: number): void {
    const lookAt = this.#lookAt[id]!;
    let at = place;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const other = this.#heap[above]!;
      if (this.#lookAt[other]! <= lookAt) break;
      this.#put(at, other);
      at = above;
    }
    this.#put(at, id);
  }

  /** Puts `id` at the top or below, so far that what is under it is not earlier. */
  #sink(id: number): void {
    const lookAt = this.#lookAt[id]!;
    let at = 0;
    for (;;) {
      let below = at * 2 + 1;
      if (below >= this.#heapSize) break;
      const right = below + 1;
      if (right < this.#heapSize && this.#lookAt[this.#heap[right]!]! < this.#lookAt[this.#heap[below]!]!)
        below = right;
      const other = this.#heap[below]!;
      if (this.#lookAt[other]! >= lookAt) break;
      this.#put(at, other);
      at = below;
    }
    this.#put(at, id);
  }

  #put(place: number, id: number): void {
    this.#heap[place] = id;
    this.#places[id] = place;
  }
}

/** `target` with `source` at its beginning. */
function copied<Numbers extends Float64Array | Int32Array>(source: Numbers, target: Numbers): Numbers {
  target.set(source);
  return target;
}
