/**
 * The bytes of secured connections: opened as they come, sealed when the turn ends; and last words to peers
 * whose connection its owner has closed. It knows no connection that passes through, and not why one is
 * secured.
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
import { assert, assertNever } from "../../base/assert.ts";
import type { BufferPool } from "../../base/buffer-pool.ts";
import { CLOSED, type TlsMachine } from "../../tls/machine.ts";
import type { IoFault, Port, PortEvents } from "../port.ts";
import { empty, MachineWork, RECORD_BYTES_MAX } from "./machine-work.ts";
import { SecuredConnection } from "./secured-connection.ts";

/** How long a peer may take to hear our last words, and to end its side. */
const FAREWELL_MS = 1_000;

export class SecuredTraffic {
  /** By connection number; `undefined` for one that passes through. Changed here alone. */
  readonly connections: readonly (SecuredConnection | undefined)[];
  readonly #secured: (SecuredConnection | undefined)[];
  readonly #inner: Port;
  readonly #buffers: BufferPool;
  readonly #work: MachineWork;
  #events: PortEvents | undefined;
  /** Milliseconds of this turn: set before anybody is told of the turn. */
  now = 0;
  /** Connections in farewell, the first to be over first: until when. */
  readonly #farewells = new Map<number, number>();
  readonly #touched: SecuredConnection[] = [];
  readonly #starved: SecuredConnection[] = [];

  constructor(inner: Port) {
    this.#inner = inner;
    this.#buffers = inner.buffers;
    this.#work = new MachineWork(inner);
    this.#secured = Array.from({ length: inner.connectionsMax }, () => undefined);
    this.connections = this.#secured;
  }

  /** Before the first event: who is told. */
  bind(events: PortEvents): void {
    this.#events = events;
  }

  /** See `SecurePort.secure`. */
  begin(connection: number, machine: TlsMachine): boolean {
    assert(this.#secured[connection] === undefined, "secures a connection twice");
    if (!this.#work.hasBuffers) {
      machine.free();
      return false;
    }
    this.#work.begin();
    this.#secured[connection] = new SecuredConnection(connection, machine);
    this.#inner.receive(connection);
    return this.#work.sendAll(machine, connection);
  }

  // What the engine asks of a secured connection, as `Port` has it.

  receive(secured: SecuredConnection): void {
    secured.wantsBytes = true;
    if (secured.cipher.isEmpty) this.#inner.receive(secured.connection);
  }

  pause(secured: SecuredConnection): void {
    secured.wantsBytes = false;
    this.#inner.pause(secured.connection);
  }

  send(secured: SecuredConnection, buffer: number, start: number, end: number): void {
    assert(secured.writing === "open", "sends after shutdown");
    if (secured.phase === "failed") return this.#buffers.release(buffer);
    secured.plain.push(this.#buffers, buffer, start, end);
    this.#touch(secured);
  }

  shutdown(secured: SecuredConnection): void {
    if (secured.writing !== "open") return;
    secured.writing = "ending";
    this.#touch(secured);
  }

  close(secured: SecuredConnection): void {
    if (this.#mayStillSpeak(secured)) this.#sayFarewell(secured);
    else this.#closeInner(secured.connection);
  }

  /** The alert of a fault says as well as a reset that something is missing, and why. */
  reset(secured: SecuredConnection): void {
    if (secured.phase === "failed" && this.#mayStillSpeak(secured)) return this.#sayFarewell(secured);
    this.#forget(secured.connection);
    this.#inner.reset(secured.connection);
  }

  // What the inner port tells of it.

  received(secured: SecuredConnection, buffer: number, start: number, end: number): void {
    if (secured.phase !== "handshake" && secured.phase !== "open") return this.#buffers.release(buffer);
    if (secured.cipher.isEmpty && this.#work.hasBuffers) return this.#decrypt(secured, buffer, start, end);
    secured.cipher.push(this.#buffers, buffer, start, end);
    this.#inner.pause(secured.connection);
    this.#starve(secured);
  }

  sent(secured: SecuredConnection): void {
    const { phase, connection } = secured;
    if (phase !== "handshake" && phase !== "farewell") this.#events!.sent(connection);
  }

  ended(secured: SecuredConnection): void {
    switch (secured.phase) {
      case "farewell":
        return this.#closeInner(secured.connection);
      case "handshake":
      case "open":
        if (secured.cipher.isEmpty) return this.#fail(secured, "reset");
        secured.hasEnded = true;
        return;
      case "ended":
      case "failed":
        return;
      default:
        assertNever(secured.phase);
    }
  }

  failed(secured: SecuredConnection, fault: IoFault): void {
    if (secured.phase === "farewell") return this.#closeInner(secured.connection);
    if (secured.phase !== "failed") this.#fail(secured, fault);
  }

  /** After the engine was told. */
  turnStarts(): void {
    if (this.#farewells.size > 0) this.#endFarewells();
    if (this.#starved.length > 0) this.#feedStarved();
  }

  /** After the engine has asked for all that it wants; gives when the next turn must come. */
  turnEnds(): number {
    if (this.#touched.length > 0) this.#encryptTouched();
    // Buffers came back in this turn, and nobody else may ask for another one.
    if (this.#starved.length > 0 && this.#work.hasBuffers) return this.now;
    if (this.#farewells.size === 0) return Infinity;
    const [farewell = Infinity] = this.#farewells.values();
    return farewell;
  }

  #endFarewells(): void {
    for (const [connection, until] of this.#farewells) {
      if (until > this.now) break;
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
    empty(this.#touched);
  }

  /** Decrypts into other buffers, and passes on what is plain. Takes over the buffer's reference. */
  #decrypt(secured: SecuredConnection, buffer: number, start: number, end: number): void {
    const { machine, connection } = secured;
    machine.feed(start, end);
    const outcome = this.#work.readAll(machine);
    this.#buffers.release(buffer);
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
        this.#events!.received(connection, plain, this.#buffers.startOf(plain), ends[index]!);
      else this.#buffers.release(plain);
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
    if (secured.phase === "failed") plain.drop(this.#buffers);
    while (!plain.isEmpty) {
      if (!this.#work.hasBuffers) return this.#starve(secured);
      const byteLength = Math.min(plain.endOfFirst - plain.start, RECORD_BYTES_MAX);
      machine.write(plain.start, plain.start + byteLength);
      this.#work.sendAll(machine, connection);
      plain.advance(this.#buffers, byteLength);
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
      this.ended(secured);
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
    secured.dropWaiting(this.#buffers);
    secured.phase = "farewell";
    secured.writing = "ended";
    this.#inner.shutdown(connection);
    this.#inner.receive(connection);
    this.#farewells.set(connection, this.now + FAREWELL_MS);
  }

  #closeInner(connection: number): void {
    this.#forget(connection);
    this.#inner.close(connection);
  }

  #forget(connection: number): void {
    this.#farewells.delete(connection);
    this.#secured[connection]?.end(this.#buffers);
    this.#secured[connection] = undefined;
  }
}
