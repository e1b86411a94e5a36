/**
 * What is done with a machine and the pool's buffers: everything plain is read out of it, and everything that
 * it has to say is sent. It knows no phases.
 *
 * Rules of this file:
 *  1. Nobody works while `hasBuffers` is false; then no call runs out of buffers, except that a handshake may
 *     have more to say (a megabyte of certificates) than there is memory for.
 *  2. A machine is left with nothing to read and nothing to take, whatever happens.
 */
import { assert } from "../../base/assert.ts";
import type { BufferPool } from "../../base/buffer-pool.ts";
import { TAKE_BYTES_MIN, type TlsMachine } from "../../tls/machine.ts";
import { Outbox } from "../outbox.ts";
import type { Port } from "../port.ts";

/** A record holds at most this much (RFC 8446 section 5.1). */
export const RECORD_BYTES_MAX = 16_384;
const NO_BUFFER = -1;

export class MachineWork {
  readonly #pool: BufferPool;
  readonly #outbox: Outbox;
  readonly #buffersMin: number;
  /** Where what cannot be sent is dropped. Taken once, before the first machine. */
  #spare = NO_BUFFER;
  /**
   * What the last `readAll` gave, until `forgetRead`: buffers, each with one reference, and how far each is
   * filled.
   */
  readonly buffers: number[] = [];
  readonly ends: number[] = [];

  /** `port`: where ciphertext is sent. */
  constructor(port: Port) {
    this.#pool = port.buffers;
    this.#outbox = new Outbox(port);
    // What came and a record begun before it are two records at most; what is written needs a buffer more
    // than its own.
    this.#buffersMin = 3 + Math.ceil((2 * RECORD_BYTES_MAX) / port.buffers.bufferBytes);
  }

  /** Whether a machine may be worked on. */
  get hasBuffers(): boolean {
    return this.#pool.freeCount >= this.#buffersMin;
  }

  /** Before the first machine, while `hasBuffers`. */
  begin(): void {
    if (this.#spare === NO_BUFFER) this.#spare = this.#pool.take();
  }

  /** Reads all that is plain into `buffers`; gives how it ended (see `TlsMachine.read`). */
  readAll(machine: TlsMachine): number {
    const pool = this.#pool;
    assert(this.buffers.length === 0, "reads while what was read before is still passed on");
    for (;;) {
      const target = pool.take();
      assert(target !== NO_BUFFER, "works without buffers");
      const start = pool.startOf(target);
      const end = start + pool.bufferBytes;
      let at = start;
      let count = 1;
      while (count > 0 && at < end) {
        count = machine.read(at, end - at);
        at += Math.max(0, count);
      }
      if (at === start) {
        pool.release(target);
        return count;
      }
      this.buffers.push(target);
      this.ends.push(at);
      if (count <= 0) return count;
    }
  }

  /** Who called `readAll` has passed on the references of all that it gave. */
  forgetRead(): void {
    empty(this.buffers);
    empty(this.ends);
  }

  /**
   * Sends what the machine has to say. False: there were too few buffers, and what is left of it is dropped.
   */
  sendAll(machine: TlsMachine, connection: number): boolean {
    for (;;) {
      const at = this.#outbox.reserve(TAKE_BYTES_MIN);
      if (at === NO_BUFFER) return this.#dropAll(machine) === 0;
      const count = machine.take(at, this.#outbox.room);
      if (count === 0) return true;
      this.#outbox.send(connection, at + count);
    }
  }

  /** Gives how many bytes were dropped. */
  #dropAll(machine: TlsMachine): number {
    const at = this.#pool.startOf(this.#spare);
    for (let dropped = 0; ;) {
      const count = machine.take(at, this.#pool.bufferBytes);
      if (count === 0) return dropped;
      dropped += count;
    }
  }
}

/** To set its length is a call into V8's runtime, which costs more than the whole list. */
export function empty(list: unknown[]): void {
  while (list.length > 0) list.pop();
}
