/**
 * A tunnel, frozen: until both sides are detached it goes on by itself, and what it passes on waits to be
 * written and goes along. One of which a side ends meanwhile stays here.
 */
import { assert } from "../../base/assert.ts";
import type { TunnelRecord } from "../../model/handover.ts";
import type { ConnectionOwner } from "../connection-owner.ts";
import type { Core } from "../core.ts";
import type { Drains } from "../drains.ts";
import type { Tunnel } from "../tunnel.ts";
import type { TunnelSide } from "../tunnel-side.ts";
import type { Use } from "../use.ts";
import type { Frozen, FrozenKeeper } from "./frozen.ts";
import { unsentOf } from "./unsent.ts";

export class FrozenTunnel implements Frozen {
  readonly kind = "tunnel" as const;
  readonly connections: readonly number[];
  readonly #core: Core;
  readonly #keeper: FrozenKeeper;
  readonly #drains: Drains;
  readonly #tunnel: Tunnel;
  readonly #sides: readonly FrozenSide[];
  #detached = 0;
  /** Who cuts it meanwhile is obeyed if it comes back. */
  #isCut = false;

  /** Takes both connections over from the sides of `tunnel`, and has them detached. */
  constructor(core: Core, keeper: FrozenKeeper, drains: Drains, tunnel: Tunnel) {
    this.#core = core;
    this.#keeper = keeper;
    this.#drains = drains;
    this.#tunnel = tunnel;
    this.connections = [tunnel.front.connection, tunnel.back.connection];
    this.#sides = [tunnel.front, tunnel.back].map((side) => new FrozenSide(this, side));
    for (const { side } of this.#sides) core.port.detach(side.connection);
    this.#own();
  }

  record(): TunnelRecord {
    const [front, back] = this.connections;
    const unsentToClient = unsentOf(this.#core, front!);
    const unsentToBackend = unsentOf(this.#core, back!);
    return {
      kind: "tunnel",
      idle_ms: this.#tunnel.idleMs,
      ...(unsentToClient !== "" && { unsent_to_client: unsentToClient }),
      ...(unsentToBackend !== "" && { unsent_to_backend: unsentToBackend }),
      uses: this.#tunnel.usedObjects.map((object) => this.#drains.recordOf(object)),
      last_drain: this.#drains.last,
    };
  }

  release(): void {
    this.#tunnel.release();
  }

  restore(): void {
    for (const { side } of this.#sides) {
      this.#core.own(side.connection, side);
      this.#core.port.attach(side.connection);
    }
    this.#tunnel.comeBack();
    if (this.#isCut) this.#tunnel.failed();
  }

  uses(use: Use): boolean {
    return this.#tunnel.uses(use);
  }

  cut(): void {
    this.#isCut = true;
  }

  /** Something happened to a side: it may have been the tunnel's end. */
  followed(side: FrozenSide): void {
    if (this.#core.owners[side.side.connection] === side) this.#clearDeadlines();
    else this.#keeper.lost(this);
  }

  sideDetached(): void {
    if (++this.#detached < this.connections.length) return;
    if (this.#tunnel.canGoOver) return this.#keeper.ready(this);
    this.#keeper.lost(this);
    this.restore();
  }

  #own(): void {
    for (const side of this.#sides) this.#core.own(side.side.connection, side);
    this.#clearDeadlines();
  }

  #clearDeadlines(): void {
    for (const connection of this.connections) this.#core.deadlines.clear(connection);
  }
}

/** One side's owner meanwhile. */
class FrozenSide implements ConnectionOwner {
  readonly side: TunnelSide;
  readonly #tunnel: FrozenTunnel;

  constructor(tunnel: FrozenTunnel, side: TunnelSide) {
    this.#tunnel = tunnel;
    this.side = side;
  }

  uses(use: Use): boolean {
    return this.#tunnel.uses(use);
  }

  connected(): void {
    assert(false, "a tunnel's connections are connected from its beginning");
  }

  received(buffer: number, start: number, end: number): void {
    this.side.received(buffer, start, end);
  }

  sent(): void {
    this.side.sent();
    this.#tunnel.followed(this);
  }

  ended(): void {
    this.side.ended();
    this.#tunnel.followed(this);
  }

  failed(): void {
    this.side.failed();
    this.#tunnel.followed(this);
  }

  detached(): void {
    this.#tunnel.sideDetached();
  }

  expired(): void {
    assert(false, "what is frozen has no deadline");
  }

  cut(): void {
    this.#tunnel.cut();
  }
}
