/**
 * Bytes in the order in which they came, taken in pieces of any size. No limit of its own: who fills it keeps
 * one.
 */
export class ByteQueue {
  #parts: Uint8Array[] = [];
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  /** Keeps `bytes` itself, without a copy. */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#parts.push(bytes);
    this.#bytes += bytes.length;
  }

  /** Takes the first `count` bytes, which must be there. */
  take(count: number): Uint8Array {
    const taken = new Uint8Array(count);
    let at = 0;
    while (at < count) {
      const first = this.#parts[0]!;
      const piece = first.subarray(0, count - at);
      taken.set(piece, at);
      at += piece.length;
      if (piece.length === first.length) this.#parts.shift();
      else this.#parts[0] = first.subarray(piece.length);
    }
    this.#bytes -= count;
    return taken;
  }

  clear(): void {
    this.#parts = [];
    this.#bytes = 0;
  }
}
