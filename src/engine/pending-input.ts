/**
 * Received bytes that cannot be taken yet, in order, in the buffers they came in. It owns one reference of
 * each. Bounded by its owner, who stops reading.
 */
import { assert } from "../base/assert.ts";
import type { BufferPool } from "../base/buffer-pool.ts";

export interface PendingLimits {
  readonly pendingBytesMax: number;
  readonly pendingPiecesMax: number;
}

interface Piece {
  readonly buffer: number;
  start: number;
  readonly end: number;
}

const NONE: Piece[] = [];

export class PendingInput {
  /** Most sessions never have any: they share one empty list. */
  #pieces: Piece[] = NONE;
  #bytes = 0;

  get isEmpty(): boolean {
    return this.#pieces.length === 0;
  }

  /** True when no more should be read: a piece of one byte keeps a buffer as well as a large one. */
  isFull(limits: PendingLimits): boolean {
    return this.#bytes > limits.pendingBytesMax || this.#pieces.length >= limits.pendingPiecesMax;
  }

  /** The first piece's buffer. */
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
    this.#pieces.push({ buffer, start, end });
    this.#bytes += end - start;
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

  /** Hands all pieces over, with their references. */
  drain(take: (buffer: number, start: number, end: number) => void): void {
    const pieces = this.#pieces;
    this.#pieces = NONE;
    this.#bytes = 0;
    for (const piece of pieces) take(piece.buffer, piece.start, piece.end);
  }

  /** Nobody wants them any more. */
  drop(buffers: BufferPool): void {
    this.drain((buffer) => buffers.release(buffer));
  }

  get #first(): Piece {
    const first = this.#pieces[0];
    assert(first !== undefined, "nothing is pending");
    return first;
  }
}
