/**
 * A port around a port: connections that are secured speak TLS outside, and plain bytes with whoever owns
 * them; all others pass through. It knows records and buffers, not why a connection is secured or by which
 * certificate.
 *
 * ```text
 *  inner port ── received ──► feed, read ──► received    the plain bytes take the place of the ciphertext
 *  inner port ◄── send ── take ◄── write ◄── send        at the end of a turn: what was sent in it is one record
 * ```
 *
 * Rules of this file:
 *  1. `connected` is told (again) when a handshake is complete; before it nothing plain is passed on or
 *     taken.
 *  2. An end without `close_notify` is a cut: `failed`, never `ended`.
 *  3. A machine is only worked on while `WORK_BUFFERS` buffers are free, so that every call runs to its end;
 *     otherwise the connection waits, and is not read.
 */
import { assert } from "../../base/assert.ts";
import type { Address } from "../../base/address.ts";
import type { BufferPool } from "../../base/buffer-pool.ts";
import { CLOSED, TAKE_BYTES_MIN, type TlsMachine } from "../../tls/machine.ts";
import { Outbox } from "../outbox.ts";
import type { IoFault, Port, PortEvents } from "../port.ts";
import { SecuredConnection } from "./secured-connection.ts";

/**
 * What one call can need: received bytes and a record begun before are at most two buffers more than the one
 * they came in, a record that is written at most two more than the one being filled, and a handshake's
 * messages with the longest chain of certificates not more than all of them.
 */
const WORK_BUFFERS = 6;
/** A record holds at most this much (RFC 8446 section 5.1). */
const RECORD_BYTES_MAX = 16_384;

export class SecurePort implements Port, PortEvents {
  readonly buffers: BufferPool;
  readonly connectionsMax: number;
  readonly #inner: Port;
  readonly #outbox: Outbox;
  readonly #secured: (SecuredConnection | undefined)[];
  #events: PortEvents | undefined;
  readonly #touched: SecuredConnection[] = [];
  readonly #starved: SecuredConnection[] = [];
  /** What one call decrypted: buffers, and how far each is filled. */
  readonly #plainBuffers: number[] = [];
  readonly #plainEnds: number[] = [];

  constructor(inner: Port) {
    this.#inner = inner;
    this.buffers = inner.buffers;
    this.connectionsMax = inner.connectionsMax;
    this.#outbox = new Outbox(inner);
    this.#secured = Array.from({ length: inner.connectionsMax }, () => undefined);
  }

  /** Before the first event: who is told. */
  bind(events: PortEvents): void {
    this.#events = events;
  }

  /**
   * From now on `connection` speaks TLS by `machine`, which is the port's to free. `connected` follows when
   * the handshake is complete, or `failed`; `machine` tells what was agreed on, or why not. False: no buffer
   * is free to begin with; the machine is freed.
   */
  secure(connection: number, machine: TlsMachine): boolean {
    assert(this.#secured[connection] === undefined, "secures a connection twice");
    if (!this.#hasWorkBuffers) {
      machine.free();
      return false;
    }
    const secured = new SecuredConnection(connection, machine);
    this.#secured[connection] = secured;
    this.#sendTaken(secured);
    this.#inner.receive(connection);
    return true;
  }

  // What the engine asks.

  accept(listener: number): void {
    this.#inner.accept(listener);
  }

  stopAccepting(listener: number): void {
    this.#inner.stopAccepting(listener);
  }

  abandonListener(listener: number): void {
    this.#inner.abandonListener(listener);
  }

  connect(address: Address): number {
    return this.#inner.connect(address);
  }

  receive(connection: number): void {
    const secured = this.#secured[connection];
    if (secured !== undefined) {
      secured.wantsBytes = true;
      if (!secured.cipher.isEmpty) return;
    }
    this.#inner.receive(connection);
  }

  pause(connection: number): void {
    const secured = this.#secured[connection];
    if (secured !== undefined) secured.wantsBytes = false;
    this.#inner.pause(connection);
  }

  send(connection: number, buffer: number, start: number, end: number): void {
    const secured = this.#secured[connection];
    if (secured === undefined) return this.#inner.send(connection, buffer, start, end);
    assert(secured.writing === "open", "sends after shutdown");
    if (secured.phase === "failed") return this.buffers.release(buffer);
    secured.plain.push(this.buffers, buffer, start, end);
    this.#touch(secured);
  }

  unsentBytes(connection: number): number {
    const plain = this.#secured[connection]?.plain.byteLength ?? 0;
    return plain + this.#inner.unsentBytes(connection);
  }

  unsentBuffers(connection: number): number {
    const plain = this.#secured[connection]?.plain.count ?? 0;
    return plain + this.#inner.unsentBuffers(connection);
  }

  resetOnExit(connection: number): void {
    // A cut shows by itself where an end has to be said (`close_notify`).
    if (this.#secured[connection] === undefined) this.#inner.resetOnExit(connection);
  }

  shutdown(connection: number): void {
    const secured = this.#secured[connection];
    if (secured === undefined) return this.#inner.shutdown(connection);
    if (secured.writing !== "open") return;
    secured.writing = "ending";
    this.#touch(secured);
  }

  close(connection: number): void {
    this.#forget(connection);
    this.#inner.close(connection);
  }

  reset(connection: number): void {
    this.#forget(connection);
    this.#inner.reset(connection);
  }

  // What the inner port tells.

  turnStarts(now: number): void {
    this.#events!.turnStarts(now);
    const starved = this.#starved.splice(0);
    for (const secured of starved) {
      secured.isStarved = false;
      if (this.#secured[secured.connection] === secured) this.#goOn(secured);
    }
  }

  accepted(listener: number, connection: number, ip: string, port: number): void {
    this.#events!.accepted(listener, connection, ip, port);
  }

  acceptingStopped(listener: number): void {
    this.#events!.acceptingStopped(listener);
  }

  connected(connection: number): void {
    this.#events!.connected(connection);
  }

  received(connection: number, buffer: number, start: number, end: number): void {
    const secured = this.#secured[connection];
    if (secured === undefined) return this.#events!.received(connection, buffer, start, end);
    if (secured.phase === "failed" || secured.phase === "ended") return this.buffers.release(buffer);
    if (secured.cipher.isEmpty && this.#hasWorkBuffers) return this.#decrypt(secured, buffer, start, end);
    secured.cipher.push(this.buffers, buffer, start, end);
    this.#inner.pause(connection);
    this.#starve(secured);
  }

  sent(connection: number): void {
    const secured = this.#secured[connection];
    if (secured === undefined || secured.phase !== "handshake") this.#events!.sent(connection);
  }

  ended(connection: number): void {
    const secured = this.#secured[connection];
    if (secured === undefined || (secured.phase === "failed" && secured.writing !== "open"))
      return this.#events!.ended(connection);
    if (secured.phase === "ended" || secured.phase === "failed") return;
    secured.phase = "failed";
    this.#events!.failed(connection, "reset");
  }

  failed(connection: number, fault: IoFault): void {
    const secured = this.#secured[connection];
    if (secured?.phase === "failed") return;
    if (secured !== undefined) secured.phase = "failed";
    this.#events!.failed(connection, fault);
  }

  turnEnds(): number {
    const deadline = this.#events!.turnEnds();
    for (const secured of this.#touched.splice(0)) {
      secured.isTouched = false;
      if (this.#secured[secured.connection] === secured) this.#encrypt(secured);
    }
    return deadline;
  }

  get #hasWorkBuffers(): boolean {
    return this.buffers.freeCount >= WORK_BUFFERS;
  }

  /** Decrypts in the buffer that the bytes came in, and passes on what is plain. Takes over its reference. */
  #decrypt(secured: SecuredConnection, buffer: number, start: number, end: number): void {
    const { machine, connection } = secured;
    machine.feed(start, end);
    const outcome = this.#readAll(machine, buffer);
    this.#sendTaken(secured);
    if (secured.phase === "handshake" && machine.session !== undefined) {
      secured.phase = "open";
      this.#events!.connected(connection);
    }
    const buffers = this.#plainBuffers.splice(0);
    const ends = this.#plainEnds.splice(0);
    for (const [index, plain] of buffers.entries()) {
      if (this.#secured[connection] !== secured) this.buffers.release(plain);
      else this.#events!.received(connection, plain, this.buffers.startOf(plain), ends[index]!);
    }
    if (this.#secured[connection] !== secured || outcome >= 0) return;
    if (outcome === CLOSED) {
      secured.phase = "ended";
      this.#events!.ended(connection);
    } else {
      secured.phase = "failed";
      this.#events!.failed(connection, "other");
    }
  }

  /** Fills `buffer`, then others, with all that is plain; gives how it ended. */
  #readAll(machine: TlsMachine, buffer: number): number {
    const pool = this.buffers;
    let target = this.#ownBuffer(buffer);
    let start = pool.startOf(target);
    let at = start;
    for (;;) {
      const left = start + pool.bufferBytes - at;
      const count = left > 0 ? machine.read(at, left) : 0;
      at += Math.max(0, count);
      if (count > 0) continue;
      if (left > 0 || at === start) {
        if (at > start) this.#keepPlain(target, at);
        else pool.release(target);
        return count;
      }
      this.#keepPlain(target, at);
      target = pool.take();
      assert(target !== -1, "more plain bytes than there were encrypted");
      at = start = pool.startOf(target);
    }
  }

  #keepPlain(buffer: number, end: number): void {
    this.#plainBuffers.push(buffer);
    this.#plainEnds.push(end);
  }

  /** The buffer itself where nobody else looks into it; else another one. */
  #ownBuffer(buffer: number): number {
    if (this.buffers.references(buffer) === 1) return buffer;
    this.buffers.release(buffer);
    const other = this.buffers.take();
    assert(other !== -1, "works without buffers");
    return other;
  }

  #encrypt(secured: SecuredConnection): void {
    const { machine, plain, connection } = secured;
    if (secured.phase === "handshake") return;
    if (secured.phase === "failed") plain.drop(this.buffers);
    while (!plain.isEmpty) {
      if (!this.#hasWorkBuffers) return this.#starve(secured);
      const byteLength = Math.min(plain.endOfFirst - plain.start, RECORD_BYTES_MAX);
      machine.write(plain.start, plain.start + byteLength);
      this.#sendTaken(secured);
      plain.advance(this.buffers, byteLength);
    }
    if (secured.writing !== "ending") return;
    secured.writing = "ended";
    machine.shutdown();
    this.#sendTaken(secured);
    this.#inner.shutdown(connection);
  }

  /** Sends what the machine has to say. */
  #sendTaken(secured: SecuredConnection): void {
    for (;;) {
      const at = this.#outbox.reserve(TAKE_BYTES_MIN);
      assert(at !== -1, "works without buffers");
      const count = secured.machine.take(at, this.#outbox.room);
      if (count === 0) return;
      this.#outbox.send(secured.connection, at + count);
    }
  }

  /** Buffers may be free again: first what came in, then what goes out. */
  #goOn(secured: SecuredConnection): void {
    while (!secured.cipher.isEmpty && this.#hasWorkBuffers) {
      const { buffer, start, end } = secured.cipher.shift();
      this.#decrypt(secured, buffer, start, end);
      if (this.#secured[secured.connection] !== secured) return;
    }
    if (!secured.cipher.isEmpty) return this.#starve(secured);
    if (secured.wantsBytes && secured.phase !== "failed") this.#inner.receive(secured.connection);
    if (!secured.plain.isEmpty || secured.writing === "ending") this.#touch(secured);
  }

  #touch(secured: SecuredConnection): void {
    if (secured.isTouched) return;
    secured.isTouched = true;
    this.#touched.push(secured);
  }

  #starve(secured: SecuredConnection): void {
    if (secured.isStarved) return;
    secured.isStarved = true;
    this.#starved.push(secured);
  }

  #forget(connection: number): void {
    this.#secured[connection]?.end(this.buffers);
    this.#secured[connection] = undefined;
  }
}
