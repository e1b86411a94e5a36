/**
 * Whose bytes are read on while receivers are slow: how many buffers may wait for one receiver, and, when
 * there is less than one for each, whose turn it is. It counts buffers and not bytes, because a slice of one
 * byte holds its buffer whole.
 *
 * ```text
 *  all buffers  [ hold somebody's bytes | room for bodies ÷ flows = one's share | kept for heads ]
 *                                       ╰────────────── unused ──────────────────────────────────╯
 * ```
 *
 * Rules of this file:
 *  1. A receiver that holds more than its share of what is unused is congested: its source pauses until it
 *     took some. As buffers become few, shares become small, so that no number of slow receivers takes all.
 *  2. When a share is less than a buffer, sources take turns: each asks for one piece, in the order in which
 *     they came to wait, no more at a time than there is room for.
 *  3. Some buffers are kept from bodies. Heads take no turns, nor do the first bytes of a body, for which the
 *     receiver's socket has room: what is small is answered while what is large waits.
 */
import type { BufferPool } from "../base/buffer-pool.ts";
import type { EngineLimits } from "./limits.ts";
import type { Port } from "./port.ts";

export class Reading {
  readonly #port: Port;
  readonly #turnCame: (source: number) => void;
  readonly #buffers: BufferPool;
  readonly #limits: EngineLimits;
  readonly #kept: number;
  /** Sources that wait for their turn, first come first. */
  readonly #waiting = new Set<number>();
  /** Turns given since `#roundEndsAt - bodyRoundMs`. */
  #given = 0;
  #roundEndsAt = -Infinity;
  /** Exchanges and tunnels that may hold buffers. */
  flows = 0;

  /** `turnCame` is called for each source whose turn it is. */
  constructor(port: Port, limits: EngineLimits, turnCame: (source: number) => void) {
    this.#port = port;
    this.#turnCame = turnCame;
    this.#buffers = port.buffers;
    this.#limits = limits;
    this.#kept = Math.floor(port.buffers.count * limits.keptBuffersShare);
  }

  /** Whether there is less than a buffer for each. */
  get isScarce(): boolean {
    return this.flows > this.#room;
  }

  /** Whether a buffer can be taken for a body without touching what is kept for heads. */
  get hasRoom(): boolean {
    return this.#room > 0;
  }

  /** Whether so many buffers are too many to wait for one peer, now. */
  exceedsShare(buffers: number): boolean {
    if (buffers > this.#limits.unsentBuffersMax) return true;
    return buffers > 0 && buffers * this.flows > this.#room;
  }

  /** Whether what goes to `connection` should stop coming, because its peer does not take it. */
  isCongested(connection: number): boolean {
    return this.exceedsShare(this.#port.unsentBuffers(connection));
  }

  /**
   * Bytes of `source` were queued for `receiver`: pauses the source where more would be too much.
   * `bodyBytes`: how much of the body there was so far.
   */
  follow(source: number, receiver: number, bodyBytes: number): void {
    if (this.isCongested(receiver)) return this.#port.pause(source);
    if (!this.#takesTurns(bodyBytes)) return;
    this.#port.pause(source);
    this.wait(source);
  }

  /** `source` waits for its turn. */
  wait(source: number): void {
    this.#waiting.add(source);
  }

  /** More is wanted of `source`, and its receiver is not congested: at once, or when it is its turn. */
  readOn(source: number, bodyBytes: number): void {
    if (this.#takesTurns(bodyBytes)) this.wait(source);
    else this.#port.receive(source);
  }

  /** A request that came before the last was answered takes its turn, too: true if it has to wait for it. */
  mustWait(source: number): boolean {
    if (this.isScarce) this.wait(source);
    return this.isScarce;
  }

  /** What `source` sends next is no body, or not for a slow receiver: it takes no turn. */
  readNow(source: number): void {
    this.forget(source);
    this.#port.receive(source);
  }

  /** Whether `source` would be read on if there was memory. */
  isWaiting(source: number): boolean {
    return this.#waiting.size > 0 && this.#waiting.has(source);
  }

  /** `source` is closed, or serves another purpose. */
  forget(source: number): void {
    if (this.#waiting.size > 0) this.#waiting.delete(source);
  }

  /** Gives as many turns as there is room for; call at the end of each turn of the loop. */
  giveTurns(now: number): void {
    if (this.#waiting.size === 0) return;
    if (now >= this.#roundEndsAt) {
      this.#given = 0;
      this.#roundEndsAt = now + this.#limits.bodyRoundMs;
    }
    const most = this.#room;
    for (const source of this.#waiting) {
      if (this.#given >= most) return;
      this.#given++;
      this.#waiting.delete(source);
      this.#turnCame(source);
    }
  }

  /** When `giveTurns` must be called at the latest. */
  get nextTurn(): number {
    return this.#waiting.size === 0 ? Infinity : this.#roundEndsAt;
  }

  /** Buffers that bodies may still take; below zero when they took some of those that are kept. */
  get #room(): number {
    return this.#buffers.unusedCount - this.#kept;
  }

  #takesTurns(bodyBytes: number): boolean {
    return this.isScarce && bodyBytes > this.#limits.promptBytesMax;
  }
}
