/**
 * A port around a port: connections that are secured speak TLS outside, and plain bytes with whoever owns
 * them; all others pass through. It knows records and buffers, not why a connection is secured or by which
 * certificate.
 *
 * ```text
 *  inner port ── received ──► feed, read ──► received    from one buffer into another
 *  inner port ◄── send ── take ◄── write ◄── send        at the end of a turn, for all that was sent in it
 * ```
 *
 * Rules of this file:
 *  1. `connected` is told (again) when a handshake is complete; before it nothing plain is passed on or
 *     taken.
 *  2. An end without `close_notify` is a cut: `failed`, never `ended`.
 *  3. A machine is only worked on while so many buffers are free that every call runs to its end; otherwise
 *     the connection waits, and is not read.
 *  4. What its owner closes says so to its peer (`close_notify`, or the alert of a fault) before it is closed
 *     inside: its number is given out again only then, at most `FAREWELL_MS` later.
 */
import { assert } from "../../base/assert.ts";
import type { Address } from "../../base/address.ts";
import type { BufferPool } from "../../base/buffer-pool.ts";
import { CLOSED, type TlsMachine } from "../../tls/machine.ts";
import type { IoFault, Port, PortEvents } from "../port.ts";
import { MachineWork, RECORD_BYTES_MAX } from "./machine-work.ts";
import { SecuredConnection } from "./secured-connection.ts";

/** How long a peer may take to hear our last words, and to end its side. */
const FAREWELL_MS = 1_000;

export class SecurePort implements Port, PortEvents {
  readonly buffers: BufferPool;
  readonly connectionsMax: number;
  readonly #inner: Port;
  readonly #work: MachineWork;
  readonly #secured: (SecuredConnection | undefined)[];
  #events: PortEvents | undefined;
  #now = 0;
  /** Connections in farewell, the first to be over first: until when. */
  readonly #farewells = new Map<number, number>();
  readonly #touched: SecuredConnection[] = [];
  readonly #starved: SecuredConnection[] = [];

  constructor(inner: Port) {
    this.#inner = inner;
    this.buffers = inner.buffers;
    this.connectionsMax = inner.connectionsMax;
    this.#work = new MachineWork(inner);
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
    if (!this.#work.hasBuffers) {
      machine.free();
      return false;
    }
    this.#work.begin();
    const secured = new SecuredConnection(connection, machine);
    this.#secured[connection] = secured;
    this.#inner.receive(connection);
    return this.#work.sendAll(machine, connection);
  }

  // What the engine asks.

  accept(listener: number): void {
    this.#inner.accept(listener);
  }

  pauseAccepting(listener: number): void {
    this.#inner.pauseAccepting(listener);
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
    // `close_notify` would be missed, too, but not every client looks for it.
    this.#inner.resetOnExit(connection);
  }

  shutdown(connection: number): void {
    const secured = this.#secured[connection];
    if (secured === undefined) return this.#inner.shutdown(connection);
    if (secured.writing !== "open") return;
    secured.writing = "ending";
    this.#touch(secured);
  }

  close(connection: number): void {
    const secured = this.#secured[connection];
    if (secured !== undefined && this.#mayStillSpeak(secured)) return this.#sayFarewell(secured);
    this.#closeInner(connection);
  }

  /** The alert of a fault says as well as a reset that something is missing, and why. */
  reset(connection: number): void {
    const secured = this.#secured[connection];
    if (secured?.phase === "failed" && this.#mayStillSpeak(secured)) return this.#sayFarewell(secured);
    this.#forget(connection);
    this.#inner.reset(connection);
  }

  /** Whether `detach` may be asked: what a machine knows of its connection cannot be taken over yet. */
  canDetach(connection: number): boolean {
    return this.#secured[connection] === undefined;
  }

  detach(connection: number): void {
    assert(this.canDetach(connection), "detaches a connection that is secured");
    this.#inner.detach(connection);
  }

  eachUnsent(connection: number, visit: (buffer: number, start: number, end: number) => void): void {
    this.#inner.eachUnsent(connection, visit);
  }

  attach(connection: number): void {
    this.#inner.attach(connection);
  }

  release(connection: number): void {
    this.#inner.release(connection);
  }

  // What the inner port tells.

  turnStarts(now: number): void {
    this.#now = now;
    this.#events!.turnStarts(now);
    if (this.#farewells.size > 0) this.#endFarewells();
    if (this.#starved.length > 0) this.#feedStarved();
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
    if (secured.phase !== "handshake" && secured.phase !== "open") return this.buffers.release(buffer);
    if (secured.cipher.isEmpty && this.#work.hasBuffers) return this.#decrypt(secured, buffer, start, end);
    secured.cipher.push(this.buffers, buffer, start, end);
    this.#inner.pause(connection);
    this.#starve(secured);
  }

  sent(connection: number): void {
    const phase = this.#secured[connection]?.phase;
    if (phase !== "handshake" && phase !== "farewell") this.#events!.sent(connection);
  }

  ended(connection: number): void {
    const secured = this.#secured[connection];
    switch (secured?.phase) {
      case undefined:
        return this.#events!.ended(connection);
      case "farewell":
        return this.#closeInner(connection);
      case "handshake":
      case "open":
        if (secured!.cipher.isEmpty) return this.#fail(secured!, "reset");
        secured!.hasEnded = true;
        return;
      default:
    }
  }

  failed(connection: number, fault: IoFault): void {
    const secured = this.#secured[connection];
    if (secured === undefined) return this.#events!.failed(connection, fault);
    if (secured.phase === "farewell") return this.#closeInner(connection);
    if (secured.phase !== "failed") this.#fail(secured, fault);
  }

  detached(connection: number): void {
    this.#events!.detached(connection);
  }

  turnEnds(): number {
    const deadline = this.#events!.turnEnds();
    if (this.#touched.length > 0) this.#encryptTouched();
    // Buffers came back in this turn, and nobody else may ask for another one.
    if (this.#starved.length > 0 && this.#work.hasBuffers) return this.#now;
    if (this.#farewells.size === 0) return deadline;
    const [farewell = Infinity] = this.#farewells.values();
    return Math.min(deadline, farewell);
  }

  #endFarewells(): void {
    for (const [connection, until] of this.#farewells) {
      if (until > this.#now) break;
      this.#closeInner(connection);
    }
  }

  #feedStarved(): void {
    for (const secured of this.#starved.splice(0)) {
      secured.isStarved = false;
      if (this.#secured[secured.connection] === secured) this.#goOn(secured);
    }
  }

  /** Nobody is touched meanwhile: to encrypt tells no events. */
  #encryptTouched(): void {
    for (const secured of this.#touched) {
      secured.isTouched = false;
      if (this.#secured[secured.connection] === secured) this.#encrypt(secured);
    }
    this.#touched.length = 0;
  }

  /** Decrypts into other buffers, and passes on what is plain. Takes over the buffer's reference. */
  #decrypt(secured: SecuredConnection, buffer: number, start: number, end: number): void {
    const { machine, connection } = secured;
    machine.feed(start, end);
    const outcome = this.#work.readAll(machine);
    this.buffers.release(buffer);
    const isSaid = this.#work.sendAll(machine, connection);
    if (secured.phase === "handshake" && machine.session !== undefined && isSaid) {
      secured.phase = "open";
      this.#events!.connected(connection);
    }
    this.#passOn(secured);
    if (!this.#isOwned(secured)) return;
    if (!isSaid) this.#fail(secured, "no-resources");
    else if (outcome === CLOSED) this.#end(secured);
    else if (outcome < 0) this.#fail(secured, "other");
  }

  /** Tells what was read last. Whoever is told may close the connection meanwhile. */
  #passOn(secured: SecuredConnection): void {
    const { connection } = secured;
    const { buffers, ends } = this.#work;
    for (let index = 0; index < buffers.length; index++) {
      const plain = buffers[index]!;
      if (secured.phase === "open" && this.#isOwned(secured))
        this.#events!.received(connection, plain, this.buffers.startOf(plain), ends[index]!);
      else this.buffers.release(plain);
    }
    this.#work.forgetRead();
  }

  #isOwned(secured: SecuredConnection): boolean {
    return this.#secured[secured.connection] === secured && secured.phase !== "farewell";
  }

  #end(secured: SecuredConnection): void {
    secured.phase = "ended";
    this.#events!.ended(secured.connection);
  }

  #fail(secured: SecuredConnection, fault: IoFault): void {
    secured.phase = "failed";
    this.#events!.failed(secured.connection, fault);
  }

  #encrypt(secured: SecuredConnection): void {
    const { machine, plain, connection } = secured;
    if (secured.phase === "handshake") return;
    if (secured.phase === "failed") plain.drop(this.buffers);
    while (!plain.isEmpty) {
      if (!this.#work.hasBuffers) return this.#starve(secured);
      const byteLength = Math.min(plain.endOfFirst - plain.start, RECORD_BYTES_MAX);
      machine.write(plain.start, plain.start + byteLength);
      this.#work.sendAll(machine, connection);
      plain.advance(this.buffers, byteLength);
    }
    if (secured.writing !== "ending") return;
    secured.writing = "ended";
    machine.shutdown();
    this.#work.sendAll(machine, connection);
    this.#inner.shutdown(connection);
  }

  /** Buffers may be free again: first what came in, then what goes out. */
  #goOn(secured: SecuredConnection): void {
    while (!secured.cipher.isEmpty && this.#work.hasBuffers) {
      const { buffer, start, end } = secured.cipher.shift();
      this.#decrypt(secured, buffer, start, end);
      if (this.#secured[secured.connection] !== secured) return;
    }
    if (!secured.cipher.isEmpty) return this.#starve(secured);
    if (secured.hasEnded) {
      secured.hasEnded = false;
      this.ended(secured.connection);
      if (this.#secured[secured.connection] !== secured) return;
    }
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

  /** Whether there is something to say that its peer can still hear whole. */
  #mayStillSpeak(secured: SecuredConnection): boolean {
    if (secured.writing !== "open" || !this.#work.hasBuffers) return false;
    if (secured.phase === "failed") return secured.machine.fault !== undefined;
    const isSilent = secured.plain.isEmpty && this.#inner.unsentBytes(secured.connection) === 0;
    return isSilent && secured.machine.session !== undefined;
  }

  #sayFarewell(secured: SecuredConnection): void {
    const { connection, machine } = secured;
    machine.shutdown();
    this.#work.sendAll(machine, connection);
    secured.dropWaiting(this.buffers);
    secured.phase = "farewell";
    secured.writing = "ended";
    this.#inner.shutdown(connection);
    this.#inner.receive(connection);
    this.#farewells.set(connection, this.#now + FAREWELL_MS);
  }

  #closeInner(connection: number): void {
    this.#forget(connection);
    this.#inner.close(connection);
  }

  #forget(connection: number): void {
    this.#farewells.delete(connection);
    this.#secured[connection]?.end(this.buffers);
    this.#secured[connection] = undefined;
  }
}
