/**
 * A head that comes in pieces. The usual head comes whole and is read where it lies; the first piece of
 * another is copied here, so that a slow peer holds a few bytes and not a buffer. Read again only when a line
 * has ended, so that a head sent byte by byte costs its lines, not its bytes, times its length.
 */
import type { Head } from "../http/head.ts";
import { INCOMPLETE, violationNumber } from "../http1/violations.ts";

export interface HeadLimits {
  readonly headBytesMax: number;
  readonly targetBytesMax: number;
}

export type HeadReader = (
  head: Head,
  bytes: Uint8Array,
  start: number,
  end: number,
  targetBytesMax: number,
) => number;

const HEAD_TOO_LARGE = violationNumber("H1_HEAD_TOO_LARGE");
const CR = 0x0d;
const LF = 0x0a;
const PIECE_BYTES_MIN = 256;
const NOTHING = new Uint8Array(0);

export class PartialHead {
  #bytes: Uint8Array = NOTHING;
  #length = 0;

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  /** True once it holds more than empty lines: before a request, those are nothing (RFC 9112 section 2.2). */
  get hasBegun(): boolean {
    for (let at = 0; at < this.#length; at++) {
      if (this.#bytes[at] !== CR && this.#bytes[at] !== LF) return true;
    }
    return false;
  }

  /**
   * Reads the head that goes on in (or begins with) `memory[at..end)`. Gives where it ends in `memory`,
   * `INCOMPLETE` when all bytes were taken and more are needed, or a violation. The views of `head` stay
   * valid until `clear`.
   */
  read(
    reader: HeadReader,
    head: Head,
    memory: Uint8Array,
    at: number,
    end: number,
    limits: HeadLimits,
  ): number {
    if (this.#length === 0) {
      const result = reader(head, memory, at, end, limits.targetBytesMax);
      if (result > 0) return result - at > limits.headBytesMax ? HEAD_TOO_LARGE : result;
      if (result !== INCOMPLETE) return result;
      return this.#append(memory, at, end, limits.headBytesMax) ? HEAD_TOO_LARGE : INCOMPLETE;
    }
    const before = this.#length;
    const isFull = this.#append(memory, at, end, limits.headBytesMax);
    const lineEnded =
      this.#bytes.indexOf(LF, before) !== -1 && this.#bytes.indexOf(LF, before) < this.#length;
    // A head that is too large is read once more: if it is its target that is too long, the answer is
    // another.
    if (!lineEnded && !isFull) return INCOMPLETE;
    const result = reader(head, this.#bytes, 0, this.#length, limits.targetBytesMax);
    if (result === INCOMPLETE) return isFull ? HEAD_TOO_LARGE : INCOMPLETE;
    return result < 0 ? result : at + result - before;
  }

  /** What came of it so far: a view, valid until the next call. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Forgets the head: it was read, or its connection is over. */
  clear(): void {
    this.#bytes = NOTHING;
    this.#length = 0;
  }

  /** Takes as much as the limit allows; true if there was more. */
  #append(memory: Uint8Array, at: number, end: number, bytesMax: number): boolean {
    const taken = Math.min(end - at, bytesMax - this.#length);
    const needed = this.#length + taken;
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.min(bytesMax, Math.max(PIECE_BYTES_MIN, needed * 2)));
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
    }
    this.#bytes.set(memory.subarray(at, at + taken), this.#length);
    this.#length = needed;
    return taken < end - at;
  }
}
