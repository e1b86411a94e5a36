/**
 * A port around a port: connections that are secured speak TLS outside, and plain bytes with whoever owns
 * them (`secured-traffic.ts`); all others pass through, at the cost of one look into an array.
 */
import { assert } from "../../base/assert.ts";
import type { Address } from "../../base/address.ts";
import type { BufferPool } from "../../base/buffer-pool.ts";
import type { TlsMachine } from "../../tls/machine.ts";
import type { IoFault, Port, PortEvents } from "../port.ts";
import type { SecuredConnection } from "./secured-connection.ts";
import { SecuredTraffic } from "./secured-traffic.ts";

export class SecurePort implements Port, PortEvents {
  readonly buffers: BufferPool;
  readonly connectionsMax: number;
  readonly #inner: Port;
  readonly #traffic: SecuredTraffic;
  readonly #secured: readonly (SecuredConnection | undefined)[];
  #events: PortEvents | undefined;

  constructor(inner: Port) {
    this.#inner = inner;
    this.buffers = inner.buffers;
    this.connectionsMax = inner.connectionsMax;
    this.#traffic = new SecuredTraffic(inner);
    this.#secured = this.#traffic.connections;
  }

  /** Before the first event: who is told. */
  bind(events: PortEvents): void {
    this.#events = events;
    this.#traffic.bind(events);
  }

  /**
   * From now on `connection` speaks TLS by `machine`, which is the port's to free. `connected` follows when
   * the handshake is complete, or `failed`; `machine` tells what was agreed on, or why not. False: no buffer
   * is free to begin with; the machine is freed.
   */
  secure(connection: number, machine: TlsMachine): boolean {
    return this.#traffic.begin(connection, machine);
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
    if (secured === undefined) this.#inner.receive(connection);
    else this.#traffic.receive(secured);
  }

  pause(connection: number): void {
    const secured = this.#secured[connection];
    if (secured === undefined) this.#inner.pause(connection);
    else this.#traffic.pause(secured);
  }

  send(connection: number, buffer: number, start: number, end: number): void {
    const secured = this.#secured[connection];
    if (secured === undefined) this.#inner.send(connection, buffer, start, end);
    else this.#traffic.send(secured, buffer, start, end);
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
    if (secured === undefined) this.#inner.shutdown(connection);
    else this.#traffic.shutdown(secured);
  }

  close(connection: number): void {
    const secured = this.#secured[connection];
    if (secured === undefined) this.#inner.close(connection);
    else this.#traffic.close(secured);
  }

  reset(connection: number): void {
    const secured = this.#secured[connection];
    if (secured === undefined) this.#inner.reset(connection);
    else this.#traffic.reset(secured);
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
    this.#traffic.now = now;
    this.#events!.turnStarts(now);
    this.#traffic.turnStarts();
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
    if (secured === undefined) this.#events!.received(connection, buffer, start, end);
    else this.#traffic.received(secured, buffer, start, end);
  }

  sent(connection: number): void {
    const secured = this.#secured[connection];
    if (secured === undefined) this.#events!.sent(connection);
    else this.#traffic.sent(secured);
  }

  ended(connection: number): void {
    const secured = this.#secured[connection];
    if (secured === undefined) this.#events!.ended(connection);
    else this.#traffic.ended(secured);
  }

  failed(connection: number, fault: IoFault): void {
    const secured = this.#secured[connection];
    if (secured === undefined) this.#events!.failed(connection, fault);
    else this.#traffic.failed(secured, fault);
  }

  detached(connection: number): void {
    this.#events!.detached(connection);
  }

  turnEnds(): number {
    const deadline = this.#events!.turnEnds();
    return Math.min(deadline, this.#traffic.turnEnds());
  }
}
