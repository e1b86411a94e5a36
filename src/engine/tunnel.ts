/**
 * Bytes passed on as they are between a client and a backend, after both agreed to another protocol
 * (WebSocket). It looks at none of them. Each direction ends by itself; the tunnel ends with the second.
 *
 * The state of one direction is told by two cursors: what was received and is unsent (the port counts it),
 * and whether the sender has ended. Back-pressure: a sender is not read while its receiver's queue is full.
 */
import { passOn } from "./body-writer.ts";
import type { Client } from "./client.ts";
import type { Core } from "./core.ts";
import { TunnelSide } from "./tunnel-side.ts";
import type { Use, UsedObject } from "./use.ts";

/** The exchange that became a tunnel, and what it uses until the tunnel is over. */
export interface TunnelledExchange {
  uses(use: Use): boolean;
  /** Everything that it is counted in. */
  readonly usedObjects: readonly UsedObject[];
  /** Whose it is; not known of one that another worker had before. */
  readonly client?: Client | undefined;
  /** Called once, after both connections have been closed. */
  tunnelEnded(): void;
}

export class Tunnel {
  readonly #core: Core;
  readonly front: TunnelSide;
  readonly back: TunnelSide;
  readonly #exchange: TunnelledExchange;
  #frontHasEnded = false;
  #backHasEnded = false;
  /** Bytes of each side as `Reading` counts them: a few at a time take no turns, however many they become. */
  #frontBulk = 0;
  #backBulk = 0;

  /**
   * Owns both connections from now on, until it closes them. `idleMs`: how long it was silent, if another
   * worker had it before.
   */
  constructor(core: Core, front: number, back: number, exchange: TunnelledExchange, idleMs = 0) {
    this.#core = core;
    this.front = new TunnelSide(core, this, front, idleMs);
    this.back = new TunnelSide(core, this, back, idleMs);
    this.#exchange = exchange;
    this.#setDeadline();
  }

  /** Whose it is, as far as known. */
  get client(): Client | undefined {
    return this.#exchange.client;
  }

  get usedObjects(): readonly UsedObject[] {
    return this.#exchange.usedObjects;
  }

  /** True if another worker could go on with it: neither side has ended or is secured. */
  get canGoOver(): boolean {
    if (this.#frontHasEnded || this.#backHasEnded) return false;
    return !this.#core.isSecured(this.front.connection) && !this.#core.isSecured(this.back.connection);
  }

  /** How long it has been silent. */
  get idleMs(): number {
    return this.#core.now - Math.max(this.front.activeAt, this.back.activeAt);
  }

  /** Both connections may be read, as far as the other side takes it: it begins, or begins again. */
  comeBack(): void {
    const { reading } = this.#core;
    this.#setDeadline();
    for (const side of [this.front, this.back]) {
      const other = this.#other(side.connection);
      const bulk = side === this.front ? this.#frontBulk : this.#backBulk;
      if (!this.#hasEnded(side) && !reading.isCongested(other.connection))
        reading.readOn(side.connection, bulk);
    }
  }

  /** Another worker goes on with it: forgets everything, and gives both connections up. */
  release(): void {
    this.front.release();
    this.back.release();
    this.#exchange.tunnelEnded();
  }

  uses(use: Use): boolean {
    return this.#exchange.uses(use);
  }

  /** How long it may be silent. */
  get silenceMs(): number {
    const { limits } = this.#core;
    return this.#frontHasEnded || this.#backHasEnded ? limits.tunnelHalfEndedMs : limits.tunnelIdleMs;
  }

  /** Bytes came from `connection`; the reference of `buffer` goes on with them. */
  received(connection: number, buffer: number, start: number, end: number): void {
    const other = this.#other(connection);
    passOn(this.#core, other.connection, buffer, start, end);
    const bulk = end - start > this.#core.limits.copiedBytesMax ? Infinity : 0;
    if (connection === this.front.connection) this.#frontBulk = bulk;
    else this.#backBulk = bulk;
    this.#core.reading.follow(connection, other.connection, bulk);
  }

  /** `connection` took something: the other side may send again. */
  sent(connection: number): void {
    if (this.#tryEnd()) return;
    const other = this.#other(connection);
    const { reading } = this.#core;
    const bulk = other === this.front ? this.#frontBulk : this.#backBulk;
    if (!this.#hasEnded(other) && !reading.isCongested(connection)) reading.readOn(other.connection, bulk);
  }

  /** The peer of `connection` sends no more; the other side is told the same way. */
  ended(connection: number): void {
    if (connection === this.front.connection) this.#frontHasEnded = true;
    else this.#backHasEnded = true;
    if (this.#tryEnd()) return;
    const { port, deadlines, now } = this.#core;
    port.shutdown(this.#other(connection).connection);
    for (const side of [this.front, this.back]) deadlines.set(side.connection, now + this.silenceMs);
  }

  /** One side failed: the other is told by a reset, since what it got may not be the whole. */
  failed(): void {
    this.front.reset();
    this.back.reset();
    this.#exchange.tunnelEnded();
  }

  /** Neither side said anything for `silenceMs`. */
  expired(): void {
    this.#close();
  }

  /** The client's side keeps the time of both, until one of them has ended. */
  #setDeadline(): void {
    const isWhole = !this.#frontHasEnded && !this.#backHasEnded;
    for (const { connection, activeAt } of isWhole ? [this.front] : [this.front, this.back])
      this.#core.deadlines.set(connection, activeAt + this.silenceMs);
  }

  #other(connection: number): TunnelSide {
    return connection === this.front.connection ? this.back : this.front;
  }

  #hasEnded(side: TunnelSide): boolean {
    return side === this.front ? this.#frontHasEnded : this.#backHasEnded;
  }

  #tryEnd(): boolean {
    if (!this.#frontHasEnded || !this.#backHasEnded) return false;
    const { port } = this.#core;
    if (port.unsentBytes(this.front.connection) > 0 || port.unsentBytes(this.back.connection) > 0)
      return false;
    this.#close();
    return true;
  }

  #close(): void {
    this.front.close();
    this.back.close();
    this.#exchange.tunnelEnded();
  }
}
