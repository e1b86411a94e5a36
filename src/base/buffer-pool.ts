/**
 * The memory that connections read into and write from: one region, cut into buffers of one size, counted by
 * reference. It knows nothing of sockets. An I/O implementation gives it the region (mapped memory for the
 * kernel, a plain array elsewhere); the engine takes, retains and releases buffers by number, so that nothing
 * is allocated per request.
 *
 * ```text
 *  memory  [ buffer 0 ....... | gap | buffer 1 ....... | gap | … ]
 *            ^ startOf(0)             ^ startOf(1) = stride
 * ```
 *
 * Rules of this file:
 *  1. A buffer is free (0 references) or held (1 or more). Who adds a reference releases it once.
 *  2. The last one released is the first one taken: its cache lines are warm.
 *  3. The gap keeps heads of different buffers out of the same cache sets (a power-of-two stride maps them
 *     all on few).
 */
import { assert } from "./assert.ts";

const GAP_BYTES = 192;

export class BufferPool {
  readonly memory: Uint8Array;
  readonly bufferBytes: number;
  readonly count: number;
  readonly #stride: number;
  readonly #references: Int32Array;
  readonly #free: Int32Array;
  #freeCount: number;
  /** How many of those taken were taken only to be received into: the I/O says so. */
  offeredCount = 0;

  /** `memory` must hold at least `BufferPool.bytesFor(count, bufferBytes)` bytes. */
  constructor(memory: Uint8Array, options: { count: number; bufferBytes: number }) {
    assert(
      options.count > 0 && options.bufferBytes > 0,
      "a pool has at least one buffer of at least one byte",
    );
    assert(
      memory.length >= BufferPool.bytesFor(options.count, options.bufferBytes),
      "memory too small for its buffers",
    );
    this.memory = memory;
    this.count = options.count;
    this.bufferBytes = options.bufferBytes;
    this.#stride = options.bufferBytes + GAP_BYTES;
    this.#references = new Int32Array(options.count);
    this.#free = Int32Array.from({ length: options.count }, (_, index) => options.count - 1 - index);
    this.#freeCount = options.count;
  }

  static bytesFor(count: number, bufferBytes: number): number {
    return count * (bufferBytes + GAP_BYTES);
  }

  /** How many buffers can still be taken. */
  get freeCount(): number {
    return this.#freeCount;
  }

  /** How many are free or wait to be received into: nobody's bytes are in them. */
  get unusedCount(): number {
    return this.#freeCount + this.offeredCount;
  }

  /** Takes a free buffer with one reference; -1 when there is none. */
  take(): number {
    if (this.#freeCount === 0) return -1;
    const buffer = this.#free[--this.#freeCount]!;
    this.#references[buffer] = 1;
    return buffer;
  }

  /** Adds a reference to a held buffer. */
  retain(buffer: number): void {
    assert(this.#references[buffer]! > 0, "retains a buffer that nobody holds");
    this.#references[buffer]!++;
  }

  /** Gives one reference back; the last one frees the buffer. */
  release(buffer: number): void {
    const left = --this.#references[buffer]!;
    assert(left >= 0, "releases a buffer that nobody holds");
    if (left === 0) this.#free[this.#freeCount++] = buffer;
  }

  /** How many references hold this buffer. */
  references(buffer: number): number {
    return this.#references[buffer]!;
  }

  /** Where a buffer begins in `memory`. */
  startOf(buffer: number): number {
    return buffer * this.#stride;
  }
}
