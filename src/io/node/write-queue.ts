/**
 * What one connection has queued to be sent over `net`: slices of pool buffers, each with one reference.
 */
import type { Socket } from "node:net";
import { assert } from "../../base/assert.ts";
import type { BufferPool } from "../../base/buffer-pool.ts";

/** At most so much is handed to Node at once, so that `sent` tells of progress on slow connections. */
const WRITE_BYTES_MAX = 65_536;

interface Slice {
  readonly buffer: number;
  start: number;
  end: number;
  /** Whether it is counted as a buffer: not if one of the two buffers queued last is its own. */
  readonly counts: 0 | 1;
}

export class WriteQueue {
  readonly #pool: BufferPool;
  readonly #memory: Buffer;
  readonly #slices: Slice[] = [];
  #unsentBytes = 0;
  #buffers = 0;
  /** The buffer that was queued last before the one of the last slice. */
  #otherBuffer = -1;
  #slicesInNode = 0;
  #bytesInNode = 0;

  /** `memory` is the pool's memory as Node's kind of bytes. */
  constructor(pool: BufferPool, memory: Buffer) {
    this.#pool = pool;
    this.#memory = memory;
  }

  get unsentBytes(): number {
    return this.#unsentBytes;
  }

  /** See `Port.unsentBuffers`. */
  get unsentBuffers(): number {
    return this.#slices.length === 0 ? 0 : Math.max(1, this.#buffers);
  }

  /** Whether a write is under way: the next one waits for it. */
  get isInNode(): boolean {
    return this.#slicesInNode > 0;
  }

  /**
   * Takes one reference of `buffer`; joins the slice to its neighbour where that is not yet in Node's hands.
   */
  append(buffer: number, start: number, end: number): void {
    if (start === end) return this.#pool.release(buffer);
    this.#unsentBytes += end - start;
    const last = this.#slices.at(-1);
    const isFree = this.#slices.length > this.#slicesInNode;
    if (last !== undefined && isFree && last.buffer === buffer && last.end === start) {
      last.end = end;
      return this.#pool.release(buffer);
    }
    const counts = this.#countOf(buffer, last?.buffer);
    this.#buffers += counts;
    this.#slices.push({ buffer, start, end, counts });
  }

  /**
   * Hands the front of the queue to Node in one write; `written` is called when it is done, never before this
   * returns.
   */
  write(socket: Socket, written: (error: Error | null | undefined) => void): void {
    assert(this.#slicesInNode === 0, "writes while a write is under way");
    const count = this.#countForOneWrite();
    this.#slicesInNode = count;
    if (count > 1) socket.cork();
    for (let index = 0; index < count; index++) {
      const { start, end } = this.#slices[index]!;
      const isLast = index === count - 1;
      const bytes = this.#memory.subarray(start, end);
      if (isLast) socket.write(bytes, written);
      else socket.write(bytes);
    }
    if (count > 1) socket.uncork();
  }

  /** What was handed to Node is written. */
  written(): void {
    this.#release(this.#slicesInNode);
    this.#unsentBytes -= this.#bytesInNode;
    this.#slicesInNode = 0;
    this.#bytesInNode = 0;
  }

  /**
   * Takes back what was handed to Node: the last `unwrittenBytes` of it were not written and never will be.
   * Gives whether any other byte was.
   */
  takeBack(unwrittenBytes: number): boolean {
    const writtenBytes = this.#bytesInNode - unwrittenBytes;
    assert(writtenBytes >= 0, "takes back more than was handed to Node");
    let count = 0;
    for (let left = writtenBytes; left > 0;) {
      const slice = this.#slices[count]!;
      const taken = Math.min(left, slice.end - slice.start);
      slice.start += taken;
      left -= taken;
      if (slice.start === slice.end) count++;
    }
    this.#release(count);
    this.#unsentBytes -= writtenBytes;
    this.#slicesInNode = 0;
    this.#bytesInNode = 0;
    return writtenBytes > 0;
  }

  /** Shows every slice, in order. */
  each(visit: (buffer: number, start: number, end: number) => void): void {
    for (const { buffer, start, end } of this.#slices) visit(buffer, start, end);
  }

  /** Forgets everything, once Node has let go of it. */
  drop(): void {
    for (const { buffer } of this.#slices) this.#pool.release(buffer);
    this.#slices.length = 0;
    this.#unsentBytes = 0;
    this.#buffers = 0;
    this.#slicesInNode = 0;
    this.#bytesInNode = 0;
  }

  /** The first `count` slices are written. */
  #release(count: number): void {
    for (const { buffer, counts } of this.#slices.splice(0, count)) {
      this.#pool.release(buffer);
      this.#buffers -= counts;
    }
  }

  #countOf(buffer: number, lastBuffer: number | undefined): 0 | 1 {
    if (lastBuffer === buffer) return 0;
    const counts = lastBuffer === undefined || this.#otherBuffer !== buffer ? 1 : 0;
    this.#otherBuffer = lastBuffer ?? -1;
    return counts;
  }

  #countForOneWrite(): number {
    let count = 0;
    let byteLength = 0;
    for (const { start, end } of this.#slices) {
      if (count > 0 && byteLength + end - start > WRITE_BYTES_MAX) break;
      byteLength += end - start;
      count++;
    }
    this.#bytesInNode = byteLength;
    return count;
  }
}
