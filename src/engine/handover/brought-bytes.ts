/**
 * Bytes that came with a record, in buffers of this worker's own, until somebody takes them.
 */
import type { BufferPool } from "../../base/buffer-pool.ts";
import { decodeBase64 } from "../../base/base64.ts";

interface Slice {
  readonly buffer: number;
  readonly start: number;
  readonly end: number;
}

export class BroughtBytes {
  readonly #buffers: BufferPool;
  readonly #slices: readonly Slice[];

  private constructor(buffers: BufferPool, slices: readonly Slice[]) {
    this.#buffers = buffers;
    this.#slices = slices;
  }

  /** Lays each text's bytes (base64; absent means none) into buffers; `undefined` if they do not suffice. */
  static bringAll(
    buffers: BufferPool,
    texts: readonly (string | undefined)[],
  ): readonly BroughtBytes[] | undefined {
    const all = texts.map((text) => (text === undefined ? new Uint8Array(0) : decodeBase64(text)));
    const needed = all.reduce((sum, bytes) => sum + Math.ceil(bytes.length / buffers.bufferBytes), 0);
    if (needed > buffers.freeCount) return undefined;
    return all.map((bytes) => new BroughtBytes(buffers, slicesOf(buffers, bytes)));
  }

  /** Hands all of it over, in order, each slice with one reference of its buffer. Once. */
  each(take: (buffer: number, start: number, end: number) => void): void {
    for (const { buffer, start, end } of this.#slices) take(buffer, start, end);
  }

  /** Nobody takes them. */
  drop(): void {
    for (const { buffer } of this.#slices) this.#buffers.release(buffer);
  }
}

function slicesOf(buffers: BufferPool, bytes: Uint8Array): readonly Slice[] {
  const slices: Slice[] = [];
  for (let from = 0; from < bytes.length; from += buffers.bufferBytes) {
    const piece = bytes.subarray(from, from + buffers.bufferBytes);
    const buffer = buffers.take();
    const start = buffers.startOf(buffer);
    buffers.memory.set(piece, start);
    slices.push({ buffer, start, end: start + piece.length });
  }
  return slices;
}
