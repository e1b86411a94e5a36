/**
 * Received bytes that cannot be taken yet, in order. It owns one reference of each buffer that they lie in.
 * Bounded by its owner, who stops reading.
 *
 * While buffers are few, they are *set aside*: copied out of the pool, in just the bytes that they are, so
 * that a client that waits, or makes others wait, holds no buffer. Before they are taken they are brought
 * back.
 */
import { assert } from "../base/assert.ts";
import type { BufferPool } from "../base/buffer-pool.ts";
import { copyBytes } from "../base/bytes.ts";

export interface PendingLimits {
  readonly pendingBytesMax: number;
  readonly pendingPiecesMax: number;
}

interface Piece {
  /** `NO_BUFFER` while it is set aside. */
  buffer: number;
  start: number;
  end: number;
  aside: Uint8Array;
}

const NO_BUFFER = -1;
const NOTHING = new Uint8Array(0);
const NONE: Piece[] = [];

export class PendingInput {
  /** Most sessions never have any: they share one empty list. */
  #pieces: Piece[] = NONE;
  #bytes = 0;

  get isEmpty(): boolean {
    return this.#pieces.length === 0;
  }

  /** How many pieces there are; each holds a buffer, or a part of one. */
  get pieces(): number {
    return this.#pieces.length;
  }

  /** True when no more should be read: a piece of one byte keeps a buffer as well as a large one. */
  isFull(limits: PendingLimits): boolean {
    return this.#bytes > limits.pendingBytesMax || this.#pieces.length >= limits.pendingPiecesMax;
  }

  /** The first piece's buffer. Only after `bringBack`, as `start` and `end`. */
  get buffer(): number {
    return this.#first.buffer;
  }

  get start(): number {
    return this.#first.start;
  }

  get end(): number {
    return this.#first.end;
  }

  /** Takes over one reference of `buffer`. */
  push(buffer: number, start: number, end: number): void {
    if (this.#pieces === NONE) this.#pieces = [];
    this.#pieces.push({ buffer, start, end, aside: NOTHING });
    this.#bytes += end - start;
  }

  /** Copies all of it out of the pool, and gives the buffers back. */
  setAside(buffers: BufferPool): void {
    for (const piece of this.#pieces) {
      if (piece.buffer === NO_BUFFER) continue;
      piece.aside = buffers.memory.slice(piece.start, piece.end);
      buffers.release(piece.buffer);
      piece.buffer = NO_BUFFER;
    }
  }

  /** How much of the first piece has to be brought back. */
  get asideBytes(): number {
    return this.#first.aside.length;
  }

  /** Sees that the first piece is in a buffer; false if none is free. */
  bringBack(buffers: BufferPool): boolean {
    return isInBuffer(this.#first, buffers);
  }

  /** The first piece was taken up to `at`. */
  advance(buffers: BufferPool, at: number): void {
    const first = this.#first;
    this.#bytes -= at - first.start;
    first.start = at;
    if (at < first.end) return;
    buffers.release(first.buffer);
    this.#pieces.shift();
    if (this.#pieces.length === 0) this.#pieces = NONE;
  }

  /** Shows all of it, in order; views are valid until the next call. */
  eachPiece(buffers: BufferPool, visit: (bytes: Uint8Array) => void): void {
    for (const { buffer, start, end, aside } of this.#pieces)
      visit(buffer === NO_BUFFER ? aside : buffers.memory.subarray(start, end));
  }

  /** Hands all pieces over, with their references; false if they cannot be brought back, and are dropped. */
  drain(buffers: BufferPool, take: (buffer: number, start: number, end: number) => void): boolean {
    if (!this.#pieces.every((piece) => isInBuffer(piece, buffers))) {
      this.drop(buffers);
      return false;
    }
    const pieces = this.#forget();
    for (const piece of pieces) take(piece.buffer, piece.start, piece.end);
    return true;
  }

  /** Nobody wants them any more. */
  drop(buffers: BufferPool): void {
    for (const { buffer } of this.#forget()) if (buffer !== NO_BUFFER) buffers.release(buffer);
  }

  #forget(): readonly Piece[] {
    const pieces = this.#pieces;
    this.#pieces = NONE;
    this.#bytes = 0;
    return pieces;
  }

  get #first(): Piece {
    const first = this.#pieces[0];
    assert(first !== undefined, "nothing is pending");
    return first;
  }
}

/** A piece of its own buffer: shared ones are for what is small. */
function isInBuffer(piece: Piece, buffers: BufferPool): boolean {
  if (piece.buffer !== NO_BUFFER) return true;
  const buffer = buffers.take();
  if (buffer === NO_BUFFER) return false;
  const start = buffers.startOf(buffer);
  piece.buffer = buffer;
  piece.start = start;
  piece.end = copyBytes(buffers.memory, start, piece.aside, 0, piece.aside.length);
  piece.aside = NOTHING;
  return true;
}
