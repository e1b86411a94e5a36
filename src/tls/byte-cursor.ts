/**
 * Reads numbers and vectors of the TLS presentation language (RFC 8446 section 3) inside fixed bounds. What
 * lies outside is never read: it counts as zero, and `isOverrun` tells it, once, at the end.
 *
 * Rules of this file:
 *  1. No byte before `at` or from `end` on is looked at, whatever a length claims.
 *  2. An overrun stays: who reads a structure asks once when it is read, not after each field.
 */
import { assert } from "../base/assert.ts";

export class ByteCursor {
  readonly bytes: Uint8Array;
  readonly end: number;
  #at: number;
  #isOverrun = false;

  constructor(bytes: Uint8Array, start: number, end: number) {
    assert(0 <= start && start <= end && end <= bytes.length, "a cursor outside of its bytes");
    this.bytes = bytes;
    this.end = end;
    this.#at = start;
  }

  get at(): number {
    return this.#at;
  }

  /** Bytes that are left. */
  get left(): number {
    return this.end - this.#at;
  }

  /** True once more was asked for than was there. */
  get isOverrun(): boolean {
    return this.#isOverrun;
  }

  /** True if all was read and nothing more was asked for. */
  get isSpent(): boolean {
    return this.left === 0 && !this.#isOverrun;
  }

  uint8(): number {
    return this.#take(1) ? this.bytes[this.#at - 1]! : 0;
  }

  uint16(): number {
    return this.#take(2) ? (this.bytes[this.#at - 2]! << 8) | this.bytes[this.#at - 1]! : 0;
  }

  skip(count: number): void {
    this.#take(count);
  }

  /** The contents of a vector whose length is one byte. */
  vector8(): ByteCursor {
    return this.#vector(this.uint8());
  }

  /** The contents of a vector whose length is two bytes. */
  vector16(): ByteCursor {
    return this.#vector(this.uint16());
  }

  /** All that is left, as 16-bit numbers; an odd byte is an overrun. */
  uint16s(): Uint16Array {
    const numbers = new Uint16Array(this.left >> 1);
    for (let index = 0; index < numbers.length; index++) numbers[index] = this.uint16();
    if (this.left > 0) this.uint16();
    return numbers;
  }

  #vector(length: number): ByteCursor {
    const start = this.#at;
    return this.#take(length)
      ? new ByteCursor(this.bytes, start, start + length)
      : new ByteCursor(this.bytes, this.end, this.end);
  }

  #take(count: number): boolean {
    if (count > this.left) {
      this.#isOverrun = true;
      this.#at = this.end;
      return false;
    }
    this.#at += count;
    return true;
  }
}
