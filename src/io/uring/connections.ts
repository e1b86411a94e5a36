/**
 * The table of connections: one row of typed arrays each, their numbers, and the list of those with something
 * to submit. It knows no ring and tells no events.
 *
 * Rules of this file:
 *  1. A number is free, or belongs to one connection until the kernel holds none of its operations any more.
 *  2. The number freed last is given out first: its row is in the cache.
 *  3. Numbers from outside are checked here and nowhere else.
 */
import { assert } from "../../base/assert.ts";
import { IDLE } from "./receive-state.ts";

const FREE = 0;
export const CONNECTING = 1;
export const OPEN = 2;
/** Told as failed; waits for the engine to close it. */
export const FAILED = 3;
/** Closed by the engine; waits for the kernel's last completion. */
export const CLOSING = 4;
/** To be detached; waits for the kernel's last completion, and tells what it brings. */
export const DETACHING = 5;
/** The kernel holds none of its operations, and is asked for none. */
export const DETACHED = 6;

/** Our direction: open; to be ended when the queue is empty; ended. */
export const WRITABLE = 0;
export const FINISHING = 1;
export const FINISHED = 2;

/**
 * What one receive may give before it is asked again. It grows while the engine keeps up and falls back at a
 * pause: large bodies move in large pieces, and a slow reader holds few buffers.
 */
export const RECEIVE_LIMIT_BYTES_MIN = 65_536;
export const RECEIVE_LIMIT_BYTES_MAX = 262_144;

/** Operations that the kernel holds, as bits. */
export const CONNECT_BIT = 1;
export const RECEIVE_BIT = 2;
export const SEND_BIT = 4;
/** The wait for room to send. */
export const ROOM_BIT = 8;

export class Connections {
  readonly max: number;
  readonly fd: Int32Array;
  readonly phase: Uint8Array;
  readonly receiving: Uint8Array;
  readonly receiveLimitBytes: Int32Array;
  readonly writing: Uint8Array;
  readonly operations: Uint8Array;
  /** 1: the kernel resets it when this process dies, and we have to undo that before it ends well. */
  readonly resetsOnExit: Uint8Array;
  /** Those that were quiet when they were to be detached: it is told in the same turn, or the next. */
  readonly quiet: number[] = [];
  readonly #free: Int32Array;
  #freeCount: number;
  readonly #touched: Int32Array;
  readonly #isTouched: Uint8Array;
  #touchedCount = 0;

  constructor(max: number) {
    this.max = max;
    this.fd = new Int32Array(max).fill(-1);
    this.phase = new Uint8Array(max);
    this.receiving = new Uint8Array(max);
    this.receiveLimitBytes = new Int32Array(max);
    this.writing = new Uint8Array(max);
    this.operations = new Uint8Array(max);
    this.resetsOnExit = new Uint8Array(max);
    this.#free = Int32Array.from({ length: max }, (_, index) => max - 1 - index);
    this.#freeCount = max;
    this.#touched = new Int32Array(max);
    this.#isTouched = new Uint8Array(max);
  }

  get freeCount(): number {
    return this.#freeCount;
  }

  /** Numbers that are not free. */
  get openCount(): number {
    return this.max - this.#freeCount;
  }

  /** Gives a free number to `fd`; -1 when there is none. */
  take(fd: number, phase: typeof CONNECTING | typeof OPEN): number {
    if (this.#freeCount === 0) return -1;
    const connection = this.#free[--this.#freeCount]!;
    this.fd[connection] = fd;
    this.phase[connection] = phase;
    this.receiving[connection] = IDLE;
    this.receiveLimitBytes[connection] = RECEIVE_LIMIT_BYTES_MIN;
    this.writing[connection] = WRITABLE;
    this.operations[connection] = 0;
    this.resetsOnExit[connection] = 0;
    return connection;
  }

  /** Frees the number of a closed connection, unless the kernel still works on it. */
  freeWhenQuiet(connection: number): void {
    assert(this.phase[connection] === CLOSING, "frees a connection that is not closed");
    if (this.operations[connection] !== 0) return;
    this.phase[connection] = FREE;
    this.fd[connection] = -1;
    this.#free[this.#freeCount++] = connection;
  }

  /** Closes the descriptor of every connection that still has one; nobody may name any of them after it. */
  closeAll(close: (fd: number) => void): void {
    for (let connection = 0; connection < this.max; connection++) {
      const isOpen = this.phase[connection] !== FREE && this.phase[connection] !== CLOSING;
      if (isOpen) close(this.fd[connection]!);
      this.phase[connection] = FREE;
    }
  }

  /** Stops us unless the engine may name this connection: its own, and not closed. */
  check(connection: number): void {
    const phase = this.phase[connection]!;
    assert(phase === OPEN || isOwned(phase), "names a connection that is not open");
  }

  /** Stops us unless it was told to be detached. */
  checkDetached(connection: number): void {
    assert(this.phase[connection] === DETACHED, "asks of a connection what needs it detached");
  }

  /** Remembers that this connection has something to submit at the end of the turn. */
  touch(connection: number): void {
    if (this.#isTouched[connection] === 1) return;
    this.#isTouched[connection] = 1;
    this.#touched[this.#touchedCount++] = connection;
  }

  /** The next touched connection, forgotten with it; -1 when there is none. */
  nextTouched(): number {
    if (this.#touchedCount === 0) return -1;
    const connection = this.#touched[--this.#touchedCount]!;
    this.#isTouched[connection] = 0;
    return connection;
  }
}

/** Whether the engine may name a connection in this phase. */
function isOwned(phase: number): boolean {
  return phase !== FREE && phase !== CLOSING && phase <= DETACHED;
}
