/**
 * The buffers that the kernel may fill: a ring of pool buffers, shared by all connections, so that an idle
 * one holds none (io_uring_register(2), IORING_REGISTER_PBUF_RING).
 *
 * Rules of this file:
 *  1. Few are offered at first, and more only when they were too few: few buffers touch few cache lines.
 *  2. Offered buffers are at most half of the pool, and a reserve is left to the engine: it needs buffers to
 *     write with.
 *  3. The kernel takes them in the order in which they were offered. `follower` relies on it for receives
 *     over several.
 */
import { assert } from "../../base/assert.ts";
import type { BufferPool } from "../../base/buffer-pool.ts";
import { fail, ok, type Result } from "../../base/result.ts";
import { mapRegion, scratch, type Region } from "../../sys/arena.ts";
import { systemFault } from "../../sys/errno.ts";
import { BUFFER_GROUP } from "./operations.ts";
import type { Ring } from "./ring.ts";

const REGISTER_PBUF_RING = 22;
const SLOTS_MAX = 32_768;
const OFFERED_AT_FIRST = 64;
/** The kernel names buffers in 16 bits. */
const BUFFERS_MAX = 65_536;
/** One buffer in so many is never offered while it is among the last free ones. */
const RESERVE_SHARE = 8;
/** The ring's tail lies in the unused last 16 bits of its first entry. */
const TAIL = 7;

export class ProvidedBuffers {
  readonly #pool: BufferPool;
  readonly #memory: Region;
  readonly #words: Int32Array;
  readonly #halves: Uint16Array;
  readonly #mask: number;
  readonly #slotOf: Uint16Array;
  readonly #bufferAt: Uint16Array;
  readonly #reserve: number;
  readonly #targetMax: number;
  #target: number;
  #hasRunOut = false;
  #offered = 0;
  #tail = 0;

  /** Not for callers: `registerBuffers` makes it. */
  constructor(pool: BufferPool, memory: Region, ring: Region, slots: number) {
    this.#pool = pool;
    this.#memory = memory;
    this.#words = ring.words;
    this.#halves = new Uint16Array(ring.words.buffer, ring.words.byteOffset, slots * 8);
    this.#mask = slots - 1;
    this.#slotOf = new Uint16Array(pool.count);
    this.#bufferAt = new Uint16Array(slots);
    this.#reserve = Math.floor(pool.count / RESERVE_SHARE);
    this.#targetMax = Math.max(1, Math.min(slots, Math.floor(pool.count / 2)));
    this.#target = Math.min(OFFERED_AT_FIRST, this.#targetMax);
    this.refill();
  }

  /** How many the kernel can still fill, as far as we were told. */
  get offered(): number {
    return this.#offered;
  }

  /** The kernel filled (or wasted) one; its reference is the caller's now. */
  taken(): void {
    this.#offered--;
    assert(this.#offered >= 0, "the kernel filled a buffer that was not offered");
  }

  /** The buffer that was offered right after this one. */
  follower(buffer: number): number {
    return this.#bufferAt[(this.#slotOf[buffer]! + 1) & this.#mask]!;
  }

  /** The kernel found none: the next `refill` offers twice as many, and so do those after it. */
  ranOut(): void {
    this.#hasRunOut = true;
  }

  /** Offers buffers until there are enough, or the pool has no more to spare. */
  refill(): void {
    if (this.#hasRunOut) this.#target = Math.min(this.#target * 2, this.#targetMax);
    this.#hasRunOut = false;
    const pool = this.#pool;
    if (this.#offered < this.#target) {
      while (this.#offered < this.#target && pool.freeCount > this.#reserve) {
        this.#offer(pool.take());
      }
      this.#halves[TAIL] = this.#tail;
    }
    pool.offeredCount = this.#offered;
  }

  /** Takes all of them back, once the ring is closed. */
  releaseAll(): void {
    for (; this.#offered > 0; this.#offered--) {
      this.#pool.release(this.#bufferAt[(this.#tail - this.#offered) & this.#mask]!);
    }
  }

  #offer(buffer: number): void {
    const slot = this.#tail & this.#mask;
    const address = this.#memory.addressOf(this.#pool.startOf(buffer), this.#pool.bufferBytes);
    this.#words[slot * 4] = address | 0;
    this.#words[slot * 4 + 1] = (address / 4_294_967_296) | 0;
    this.#words[slot * 4 + 2] = this.#pool.bufferBytes;
    this.#halves[slot * 8 + 6] = buffer;
    this.#slotOf[buffer] = slot;
    this.#bufferAt[slot] = buffer;
    this.#tail = (this.#tail + 1) & 0xffff;
    this.#offered++;
  }
}

/** Registers a ring of buffers of `pool`, whose memory is `memory`. Fails with words for the operator. */
export function registerBuffers(
  ring: Ring,
  pool: BufferPool,
  memory: Region,
): Result<ProvidedBuffers, string> {
  assert(pool.count <= BUFFERS_MAX, `the kernel can name ${BUFFERS_MAX} buffers at most`);
  const slots = Math.min(SLOTS_MAX, 2 ** Math.ceil(Math.log2(pool.count)));
  const mapped = mapRegion(slots * 16);
  if (!mapped.ok) return fail(mapped.error.message);
  const address = mapped.value.addressOf(0, slots * 16);
  const words = scratch.words;
  words.fill(0, 0, 10);
  words[0] = address | 0;
  words[1] = Math.floor(address / 2 ** 32);
  words[2] = slots;
  words[3] = BUFFER_GROUP;
  const result = ring.register(REGISTER_PBUF_RING, scratch.addressOf(0, 40), 1);
  if (result < 0) return fail(systemFault(-result, "io_uring_register of buffers").message);
  return ok(new ProvidedBuffers(pool, memory, mapped.value, slots));
}
