/** Bytes that wait in the pool's buffers: a list of slices that costs no object for each. */
import type { BufferPool } from "../../base/buffer-pool.ts";

/** Numbers of a slice in a list: its buffer, where it starts, where it ends. */
const SLICE_NUMBERS = 3;

/** Slices of pool buffers in order, each with one reference. Mostly empty, or with one or two. */
export class SliceList {
  readonly #numbers: number[] = [];
  #first = 0;
  #end = 0;
  /** Bytes in all slices. */
  byteLength = 0;

  get isEmpty(): boolean {
    return this.#first === this.#end;
  }

  get count(): number {
    return (this.#end - this.#first) / SLICE_NUMBERS;
  }

  get buffer(): number {
    return this.#numbers[this.#first]!;
  }

  get start(): number {
    return this.#numbers[this.#first + 1]!;
  }

  get endOfFirst(): number {
    return this.#numbers[this.#first + 2]!;
  }

  /** Takes one reference of `buffer`, and joins the slice to the last one where it continues it. */
  push(pool: BufferPool, buffer: number, start: number, end: number): void {
    const numbers = this.#numbers;
    if (start === end) return pool.release(buffer);
    this.byteLength += end - start;
    if (!this.isEmpty && numbers[this.#end - SLICE_NUMBERS] === buffer && numbers[this.#end - 1] === start) {
      numbers[this.#end - 1] = end;
      return pool.release(buffer);
    }
    numbers[this.#end] = buffer;
    numbers[this.#end + 1] = start;
    numbers[this.#end + 2] = end;
    this.#end += SLICE_NUMBERS;
  }

  /** `byteLength` bytes of the first slice are done with; gives its reference back with the last. */
  advance(pool: BufferPool, byteLength: number): void {
    this.byteLength -= byteLength;
    const start = this.start + byteLength;
    this.#numbers[this.#first + 1] = start;
    if (start < this.endOfFirst) return;
    pool.release(this.buffer);
    this.#drop();
  }

  /** Takes the first slice out, its reference with it. */
  shift(): { buffer: number; start: number; end: number } {
    const slice = { buffer: this.buffer, start: this.start, end: this.endOfFirst };
    this.byteLength -= slice.end - slice.start;
    this.#drop();
    return slice;
  }

  drop(pool: BufferPool): void {
    while (!this.isEmpty) this.advance(pool, this.endOfFirst - this.start);
  }

  #drop(): void {
    this.#first += SLICE_NUMBERS;
    if (this.isEmpty) this.#first = this.#end = 0;
  }
}
