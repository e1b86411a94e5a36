/**
 * Gives connections away: to another worker, which will go on with them as if they had always been its own.
 * Sessions go between two requests, tunnels at any moment, idle connections to backends at once. How records
 * and descriptors travel is not its business.
 *
 * Rules of this file:
 *  1. A connection is frozen first, and goes when the port has detached it. Until the other has said that it
 *     holds it, it can be taken back, whole.
 *  2. Only so many are frozen at a time (`pace.ts`): each waits only for those.
 *  3. What speaks TLS, or has ended on one side, stays and ends here.
 */
import { assert } from "../../base/assert.ts";
import type { HandoverProgress, HandoverRecord } from "../../model/handover.ts";
import { slotOf } from "../../metrics/engine-metrics.ts";
import { BackConnection } from "../back-connection.ts";
import type { Configuration } from "../configuration.ts";
import type { Core } from "../core.ts";
import type { Drains } from "../drains.ts";
import { Http1Session } from "../http1-session.ts";
import { TunnelSide } from "../tunnel-side.ts";
import type { Frozen, FrozenKeeper } from "./frozen.ts";
import { FrozenBack } from "./frozen-back.ts";
import { FrozenSession } from "./frozen-session.ts";
import { FrozenTunnel } from "./frozen-tunnel.ts";
import { Pace } from "./pace.ts";

const CLOSED = slotOf("connections_closed");

/** Tells of something that is ready to go; `token` is its number until it is taken or taken back. */
export type GiveHook = (token: number, record: HandoverRecord, connections: readonly number[]) => void;

/** What is with the other worker, and since when it stands still. */
interface Given {
  readonly frozen: Frozen;
  readonly sinceMs: number;
}

export class HandOver implements FrozenKeeper {
  readonly #core: Core;
  readonly #configuration: Configuration;
  readonly #drains: Drains;
  readonly #give: GiveHook;
  readonly #closedBefore: number;
  readonly #pace: Pace;
  /** With the time at which each stood still. */
  readonly #detaching = new Map<Frozen, number>();
  /** With the other worker, which has not said yet that it holds them. */
  readonly #given = new Map<number, Given>();
  #lastToken = 0;
  /** Connections that can go over as of now, probably. */
  readonly #offered: number[] = [];
  /** Where the present look over all connections has come to. */
  #cursor = 0;
  #nextLookMs = -Infinity;
  /** Nothing is given before: the other worker had no room. */
  #pausedUntilMs = -Infinity;
  readonly #counts = { session: 0, tunnel: 0, pooled: 0 };
  #state: "giving" | "over" = "giving";

  constructor(core: Core, configuration: Configuration, drains: Drains, give: GiveHook) {
    this.#core = core;
    this.#configuration = configuration;
    this.#drains = drains;
    this.#give = give;
    this.#pace = new Pace(core.limits);
    this.#closedBefore = core.counters[CLOSED]!;
  }

  get progress(): HandoverProgress {
    const { session: sessions, tunnel: tunnels, pooled } = this.#counts;
    const closed = this.#core.counters[CLOSED]! - this.#closedBefore;
    return { sessions, tunnels, pooled, left: this.#configuration.sessionCount, closed };
  }

  /** True when nothing is on its way, and nothing waits to be. */
  get isAtRest(): boolean {
    if (this.#state === "over") return this.#onTheirWay === 0;
    const isLooking = this.#cursor > 0 || this.#nextLookMs === -Infinity;
    return !isLooking && this.#offered.length === 0 && this.#onTheirWay === 0;
  }

  /**
   * A connection may be able to go over: it is looked at when the turn ends, or a moment later. False: not
   * soon.
   */
  offer(connection: number): boolean {
    if (!this.#hasRoom || this.#core.now < this.#pausedUntilMs || this.#state === "over") return false;
    this.#offered.push(connection);
    return true;
  }

  /** Freezes what can go. Call at the end of each turn; gives when the next must come at the latest. */
  turnEnds(): number {
    const { now, port, limits } = this.#core;
    if (now < this.#pausedUntilMs) return this.#pausedUntilMs;
    while (this.#offered.length > 0 && this.#hasRoom) this.#freeze(this.#offered.pop()!);
    if (now < this.#nextLookMs) return this.#nextLookMs;
    while (this.#cursor < port.connectionsMax && this.#hasRoom) this.#freeze(this.#cursor++);
    if (this.#cursor < port.connectionsMax) return Infinity;
    this.#cursor = 0;
    this.#nextLookMs = now + limits.handOverLookMs;
    return this.#nextLookMs;
  }

  ready(frozen: Frozen): void {
    const sinceMs = this.#detaching.get(frozen)!;
    this.#detaching.delete(frozen);
    if (this.#state === "over") return frozen.restore();
    const token = ++this.#lastToken;
    this.#given.set(token, { frozen, sinceMs });
    this.#give(token, frozen.record(), frozen.connections);
  }

  lost(frozen: Frozen): void {
    this.#detaching.delete(frozen);
  }

  /** The other worker has these for good. */
  taken(tokens: readonly number[]): void {
    let stoodMs = 0;
    for (const token of tokens) {
      const { frozen, sinceMs } = this.#takeToken(token);
      stoodMs = Math.max(stoodMs, this.#core.now - sinceMs);
      this.#counts[frozen.kind]++;
      frozen.release();
      // It has ended here, but nothing was closed.
      if (frozen.kind !== "pooled") this.#core.counters[CLOSED]!--;
    }
    this.#pace.arrived(tokens.length, stoodMs);
  }

  /** The other worker has no room for these: they go on here, and are offered again later. */
  refused(tokens: readonly number[]): void {
    for (const token of tokens) this.#takeToken(token).frozen.restore();
    this.#pausedUntilMs = this.#core.now + this.#core.limits.handOverPauseMs;
  }

  /** The other worker is gone, and had nothing of what it has not taken. */
  takeBack(): void {
    this.end();
    this.refused([...this.#given.keys()]);
  }

  /** Nothing more is given. What is on its way may still be taken. */
  end(): void {
    this.#state = "over";
    for (const connection of this.#offered.splice(0)) {
      const owner = this.#core.owners[connection];
      if (owner instanceof Http1Session) owner.comeBack();
    }
  }

  get #onTheirWay(): number {
    return this.#detaching.size + this.#given.size;
  }

  get #hasRoom(): boolean {
    return this.#onTheirWay < this.#pace.max;
  }

  #freeze(connection: number): void {
    const frozen = this.#frozenOf(connection);
    if (frozen !== undefined) this.#detaching.set(frozen, this.#core.now);
  }

  #frozenOf(connection: number): Frozen | undefined {
    const core = this.#core;
    const owner = core.owners[connection];
    if (owner instanceof Http1Session)
      return owner.canGoOver ? new FrozenSession(core, this, owner) : undefined;
    if (owner instanceof TunnelSide)
      return owner.tunnel.canGoOver ? new FrozenTunnel(core, this, this.#drains, owner.tunnel) : undefined;
    if (owner instanceof BackConnection)
      return owner.canGoOver ? new FrozenBack(core, this, owner) : undefined;
    return undefined;
  }

  #takeToken(token: number): Given {
    const given = this.#given.get(token);
    assert(given !== undefined, "nothing was given under this token");
    this.#given.delete(token);
    return given;
  }
}
