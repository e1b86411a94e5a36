/**
 * Where the engine writes what it sends itself: heads, chunk lines, default responses. Pieces are laid one
 * behind another in a shared buffer, so that a hundred small writes cost a few buffers, and a head and a
 * small body become one slice.
 *
 * ```text
 *  buffer  [ head of A | body of A | head of B | … free … ]
 *                                              ^ at
 * ```
 */
import { assert } from "../base/assert.ts";
import type { BufferPool } from "../base/buffer-pool.ts";
import { copyBytes } from "../base/bytes.ts";
import type { Port } from "./port.ts";

const NO_BUFFER = -1;

/** What it needs of a port. */
type SendingPort = Pick<Port, "buffers" | "send">;

export class Outbox {
  readonly #port: SendingPort;
  readonly #pool: BufferPool;
  /** The buffer being filled; the outbox holds one reference of it. */
  #buffer = NO_BUFFER;
  #at = 0;
  #end = 0;

  constructor(port: SendingPort) {
    this.#port = port;
    this.#pool = port.buffers;
  }

  /** The buffer that the last `reserve` gave room in. */
  get buffer(): number {
    return this.#buffer;
  }

  /** How much room the last `reserve` gave: at least what was asked for. */
  get room(): number {
    return this.#end - this.#at;
  }

  /**
   * Room for `bytes`: the offset in memory to write at, or -1 if no buffer is free. Valid until the next
   * call.
   */
  reserve(bytes: number): number {
    assert(bytes <= this.#pool.bufferBytes, "reserves more than a buffer holds");
    if (this.#buffer !== NO_BUFFER && this.#end - this.#at >= bytes) return this.#at;
    const buffer = this.#pool.take();
    if (buffer === NO_BUFFER) return -1;
    if (this.#buffer !== NO_BUFFER) this.#pool.release(this.#buffer);
    this.#buffer = buffer;
    this.#at = this.#pool.startOf(buffer);
    this.#end = this.#at + this.#pool.bufferBytes;
    return this.#at;
  }

  /** Keeps what was written up to `end`, with a reference of `buffer` for the caller. */
  keep(end: number): void {
    assert(end >= this.#at && end <= this.#end, "keeps more than was reserved");
    this.#at = end;
    this.#pool.retain(this.#buffer);
  }

  /**
   * Copies `bytes[start..end)` and keeps it, with a reference of `buffer` for the caller: where it begins
   * now, or -1 if no buffer is free.
   */
  copy(bytes: Uint8Array, start: number, end: number): number {
    const at = this.reserve(end - start);
    if (at !== -1) this.keep(copyBytes(this.#pool.memory, at, bytes, start, end));
    return at;
  }

  /** Keeps what was written up to `end` and sends it. */
  send(connection: number, end: number): void {
    const start = this.#at;
    this.keep(end);
    this.#port.send(connection, this.#buffer, start, end);
  }

  /** Gives the buffer back when nothing is going on. */
  release(): void {
    if (this.#buffer !== NO_BUFFER) this.#pool.release(this.#buffer);
    this.#buffer = NO_BUFFER;
    this.#at = this.#end = 0;
  }
}
