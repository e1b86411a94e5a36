/**
 * One side of a tunnel, as the owner of its connection: from the moment of the upgrade on, whoever spoke HTTP
 * on it has nothing to do with it any more. It keeps this connection's time; what becomes of the bytes is its
 * tunnel's business.
 */
import { assert } from "../base/assert.ts";
import type { ConnectionOwner } from "./connection-owner.ts";
import type { Core } from "./core.ts";
import type { Tunnel } from "./tunnel.ts";
import type { Use } from "./use.ts";

export class TunnelSide implements ConnectionOwner {
  readonly connection: number;
  readonly #core: Core;
  readonly tunnel: Tunnel;
  /** When the peer last sent or took something. */
  activeAt: number;

  /** Takes `connection` over from who owned it. */
  constructor(core: Core, tunnel: Tunnel, connection: number, idleMs: number) {
    this.#core = core;
    this.tunnel = tunnel;
    this.connection = connection;
    this.activeAt = core.now - idleMs;
    core.own(connection, this);
  }

  uses(use: Use): boolean {
    return this.tunnel.uses(use);
  }

  connected(): void {
    assert(false, "a tunnel's connections are connected from its beginning");
  }

  received(buffer: number, start: number, end: number): void {
    this.activeAt = this.#core.now;
    this.tunnel.received(this.connection, buffer, start, end);
  }

  sent(): void {
    this.activeAt = this.#core.now;
    this.tunnel.sent(this.connection);
  }

  ended(): void {
    this.tunnel.ended(this.connection);
  }

  failed(): void {
    this.tunnel.failed();
  }

  expired(): void {
    const { now, deadlines } = this.#core;
    const due = this.activeAt + this.tunnel.silenceMs;
    if (due > now) deadlines.set(this.connection, due);
    else this.tunnel.expired();
  }

  cut(): void {
    this.tunnel.failed();
  }

  /** Closes the connection; the tunnel is over. */
  close(): void {
    this.#core.disown(this.connection);
    this.#core.port.close(this.connection);
  }

  /** Gives the connection up: another worker has it. */
  release(): void {
    this.#core.disown(this.connection);
    this.#core.port.release(this.connection);
  }

  /** Closes so that the peer cannot take what it got for the whole. */
  reset(): void {
    this.#core.disown(this.connection);
    this.#core.port.reset(this.connection);
  }
}
