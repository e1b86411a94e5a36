/**
 * Mapped memory in pieces of one size, taken and released by number. It grows by a region at a time and never
 * shrinks, but pages of pieces that nobody needs for now are given back to the system.
 */
import { assert } from "../../base/assert.ts";
import { mapRegion, PAGE_BYTES, type Region } from "../arena.ts";
import * as libc from "../libc.ts";

const MADV_DONTNEED = 4;

export interface SlabOptions {
  readonly pieceBytes: number;
  readonly piecesPerRegion: number;
  /** Of how many free pieces the pages are kept. Only for pieces of whole pages. */
  readonly warmMax: number;
}

export class Slab {
  readonly #options: SlabOptions;
  readonly #regions: Region[] = [];
  readonly #free: number[] = [];

  constructor(options: SlabOptions) {
    this.#options = options;
  }

  /** How many pieces are taken. */
  get takenCount(): number {
    return this.#regions.length * this.#options.piecesPerRegion - this.#free.length;
  }

  /** A free piece. Its bytes are what the last owner left. */
  take(): number {
    if (this.#free.length === 0) this.#grow();
    return this.#free.pop()!;
  }

  release(piece: number): void {
    const { pieceBytes, warmMax } = this.#options;
    this.#free.push(piece);
    if (this.#free.length <= warmMax || pieceBytes % PAGE_BYTES !== 0) return;
    libc.madvise(this.addressOf(piece, 0, pieceBytes), pieceBytes, MADV_DONTNEED);
  }

  /** The memory that a piece lies in; it begins at `startOf(piece)`. */
  bytesOf(piece: number): Uint8Array {
    return this.#regionOf(piece).bytes;
  }

  startOf(piece: number): number {
    return (piece % this.#options.piecesPerRegion) * this.#options.pieceBytes;
  }

  /** The address of `length` bytes at `offset` in a piece. */
  addressOf(piece: number, offset: number, length: number): number {
    assert(offset >= 0 && offset + length <= this.#options.pieceBytes, "an address outside its piece");
    return this.#regionOf(piece).addressOf(this.startOf(piece) + offset, length);
  }

  #regionOf(piece: number): Region {
    const region = this.#regions[Math.floor(piece / this.#options.piecesPerRegion)];
    assert(region !== undefined, "a piece that is none");
    return region;
  }

  #grow(): void {
    const { pieceBytes, piecesPerRegion } = this.#options;
    const mapped = mapRegion(pieceBytes * piecesPerRegion);
    assert(mapped.ok, "no memory for records");
    const first = this.#regions.push(mapped.value) * piecesPerRegion - piecesPerRegion;
    for (let index = piecesPerRegion - 1; index >= 0; index--) this.#free.push(first + index);
  }
}
