/**
 * What is queued to be sent: for each connection a chain of slices of pool buffers, each with one reference.
 * It gives the bytes to write and takes note of what was written; it submits nothing.
 *
 * ```text
 *  first[c] → slice 7 → slice 2 → slice 9 ← last[c]     linked by next[], as free slices are
 * ```
 *
 * Rules of this file:
 *  1. A slice holds one reference of its buffer until its last byte was written, or the queue is dropped.
 *  2. Bytes leave in order, counted from the first slice: how they were grouped into operations is of no
 *     matter.
 *  3. A slice is counted as a buffer unless one of the two buffers queued last is its own: a chunk's
 *     lines and its data alternate between two.
 */
import { assert } from "../../base/assert.ts";
import type { BufferPool } from "../../base/buffer-pool.ts";

const NONE = -1;
const SLICES_AT_FIRST = 1_024;
/** Beyond any use: the engine bounds each connection's queue. */
const SLICES_MAX = 1 << 22;

export class SendQueues {
  /** The first slice of each connection's queue; -1 for none. */
  readonly first: Int32Array;
  readonly #last: Int32Array;
  readonly #unsent: Float64Array;
  readonly #buffers: Int32Array;
  /** The buffer that was queued last before the one of the last slice. */
  readonly #otherBuffer: Int32Array;
  readonly #pool: BufferPool;
  #buffer = new Int32Array(SLICES_AT_FIRST);
  #start = new Int32Array(SLICES_AT_FIRST);
  #end = new Int32Array(SLICES_AT_FIRST);
  #next = new Int32Array(SLICES_AT_FIRST);
  /** 1 for a slice that is counted as a buffer, else 0. */
  #counts = new Int32Array(SLICES_AT_FIRST);
  #freeSlice = NONE;

  constructor(connectionsMax: number, pool: BufferPool) {
    this.first = new Int32Array(connectionsMax).fill(NONE);
    this.#last = new Int32Array(connectionsMax).fill(NONE);
    this.#unsent = new Float64Array(connectionsMax);
    this.#buffers = new Int32Array(connectionsMax);
    this.#otherBuffer = new Int32Array(connectionsMax);
    this.#pool = pool;
    this.#linkFree(0, SLICES_AT_FIRST);
  }

  unsentBytes(connection: number): number {
    return this.#unsent[connection]!;
  }

  /** See `Port.unsentBuffers`. */
  unsentBuffers(connection: number): number {
    return this.first[connection] === NONE ? 0 : Math.max(1, this.#buffers[connection]!);
  }

  /** Takes one reference of `buffer`, and joins the slice to its neighbour where it continues it. */
  append(connection: number, buffer: number, start: number, end: number): void {
    const pool = this.#pool;
    if (start === end) return pool.release(buffer);
    this.#unsent[connection]! += end - start;
    const last = this.#last[connection]!;
    if (last !== NONE && this.#buffer[last] === buffer && this.#end[last] === start) {
      this.#end[last] = end;
      return pool.release(buffer);
    }
    const slice = this.#take(buffer, start, end);
    if (last === NONE) {
      this.first[connection] = slice;
      this.#otherBuffer[connection] = NONE;
      this.#count(connection, slice);
    } else {
      this.#next[last] = slice;
      if (this.#buffer[last] !== buffer) {
        if (this.#otherBuffer[connection] !== buffer) this.#count(connection, slice);
        this.#otherBuffer[connection] = this.#buffer[last]!;
      }
    }
    this.#last[connection] = slice;
  }

  /** Whether the queue is one slice, so that `firstStart` and `firstBytes` are all of it. */
  isSingle(connection: number): boolean {
    return this.first[connection] === this.#last[connection];
  }

  /** Where in the pool's memory the queue begins. */
  firstStart(connection: number): number {
    return this.#start[this.first[connection]!]!;
  }

  /** How many bytes the first slice has. */
  firstBytes(connection: number): number {
    const slice = this.first[connection]!;
    return this.#end[slice]! - this.#start[slice]!;
  }

  /** Writes up to `max` slices as pairs (start in the pool's memory, length) to `pairs`; gives how many. */
  gather(connection: number, pairs: Int32Array, max: number): number {
    let count = 0;
    for (let slice = this.first[connection]!; slice !== NONE && count < max; slice = this.#next[slice]!) {
      const start = this.#start[slice]!;
      pairs[count * 2] = start;
      pairs[count * 2 + 1] = this.#end[slice]! - start;
      count++;
    }
    return count;
  }

  /** Shows every slice, in order. */
  each(connection: number, visit: (buffer: number, start: number, end: number) => void): void {
    for (let slice = this.first[connection]!; slice !== NONE; slice = this.#next[slice]!)
      visit(this.#buffer[slice]!, this.#start[slice]!, this.#end[slice]!);
  }

  /** `byteLength` bytes from the front were written. */
  consume(connection: number, byteLength: number): void {
    this.#unsent[connection]! -= byteLength;
    assert(this.#unsent[connection]! >= 0, "wrote more than was queued");
    let slice = this.first[connection]!;
    for (let left = byteLength; left > 0;) {
      const available = this.#end[slice]! - this.#start[slice]!;
      if (left < available) {
        this.#start[slice]! += left;
        break;
      }
      left -= available;
      this.#buffers[connection]! -= this.#counts[slice]!;
      slice = this.#release(slice);
    }
    this.first[connection] = slice;
    if (slice === NONE) this.#last[connection] = NONE;
  }

  /** Forgets the whole queue and gives its references back. */
  drop(connection: number): void {
    let slice = this.first[connection]!;
    while (slice !== NONE) slice = this.#release(slice);
    this.first[connection] = NONE;
    this.#last[connection] = NONE;
    this.#unsent[connection] = 0;
    this.#buffers[connection] = 0;
  }

  #count(connection: number, slice: number): void {
    this.#counts[slice] = 1;
    this.#buffers[connection]!++;
  }

  #take(buffer: number, start: number, end: number): number {
    if (this.#freeSlice === NONE) this.#grow();
    const slice = this.#freeSlice;
    this.#freeSlice = this.#next[slice]!;
    this.#buffer[slice] = buffer;
    this.#start[slice] = start;
    this.#end[slice] = end;
    this.#next[slice] = NONE;
    this.#counts[slice] = 0;
    return slice;
  }

  /** Frees a slice; gives the one after it. */
  #release(slice: number): number {
    const next = this.#next[slice]!;
    this.#pool.release(this.#buffer[slice]!);
    this.#next[slice] = this.#freeSlice;
    this.#freeSlice = slice;
    return next;
  }

  #grow(): void {
    const count = this.#next.length;
    assert(count < SLICES_MAX, "queues more slices than any engine should");
    this.#buffer = grown(this.#buffer);
    this.#start = grown(this.#start);
    this.#end = grown(this.#end);
    this.#next = grown(this.#next);
    this.#counts = grown(this.#counts);
    this.#linkFree(count, count * 2);
  }

  #linkFree(from: number, to: number): void {
    for (let slice = to - 1; slice >= from; slice--) {
      this.#next[slice] = this.#freeSlice;
      this.#freeSlice = slice;
    }
  }
}

function grown(array: Int32Array): Int32Array<ArrayBuffer> {
  const twice = new Int32Array(array.length * 2);
  twice.set(array);
  return twice;
}
