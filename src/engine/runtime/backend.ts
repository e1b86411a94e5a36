/**
 * A backend at run time: its place in balancing, its use, its idle connections. It lives as long as the
 * configuration names it or an exchange uses it. Connecting and speaking are `BackConnection`'s.
 */
import type { Address } from "../../base/address.ts";
import { parseAddress } from "../../base/address.ts";
import { assert } from "../../base/assert.ts";
import { countFailure, forgetFailures, makeAvailable, type Rest } from "../../balancing/rest.ts";
import type { StickyCandidate } from "../../balancing/sticky.ts";
import type { Backend } from "../../model/objects.ts";
import { Use, type UseWatcher } from "../use.ts";

/** An idle connection as its backend keeps it. */
export interface IdleConnection {
  /** Closes it now: it is not wanted any more. */
  discard(): void;
}

const NONE: never[] = [];

export class BackendRuntime<Connection extends IdleConnection = IdleConnection>
  implements StickyCandidate, Rest
{
  configuration: Backend;
  readonly use: Use;
  failures = 0;
  restsUntilMs = 0;
  /** True once removed. Connections to one that is leaving are not kept for another exchange. */
  isRemoved = false;
  /** Most backends of a large configuration have no idle connection: they share one empty list. */
  #idle: Connection[] = NONE;
  #address: Address | undefined;

  constructor(configuration: Backend, watcher: UseWatcher) {
    this.configuration = configuration;
    this.use = new Use(watcher);
  }

  /** Taken apart at the first connect: most backends of a large configuration see none for long. */
  get address(): Address {
    return (this.#address ??= addressOf(this.configuration));
  }

  /** It takes no new exchange: it was removed, or drains. */
  get isLeaving(): boolean {
    return this.isRemoved || this.configuration.draining === true;
  }

  get id(): string {
    return this.configuration.backend_id;
  }

  get weight(): number {
    return this.configuration.weight;
  }

  get backup(): boolean {
    return this.configuration.backup;
  }

  get stickyId(): string | undefined {
    return this.configuration.sticky_id;
  }

  get connections(): number {
    return this.use.count;
  }

  get idleCount(): number {
    return this.#idle.length;
  }

  /** Takes a new configuration under the same key. Another address makes idle connections useless. */
  update(configuration: Backend): void {
    const moved = configuration.address !== this.configuration.address;
    this.configuration = configuration;
    if (!moved) return;
    this.#address = undefined;
    makeAvailable(this);
    this.discardIdle();
  }

  /** Connecting failed: after several failures in a row it rests for a while. */
  failed(now: number): void {
    countFailure(this, now);
  }

  succeeded(): void {
    if (this.failures > 0) forgetFailures(this);
  }

  /** The connection that became idle last: the least likely to be closed by its server. */
  takeIdle(): Connection | undefined {
    return this.#idle.pop();
  }

  keepIdle(connection: Connection): void {
    if (this.#idle === NONE) this.#idle = [];
    this.#idle.push(connection);
  }

  /** An idle connection ended by itself. */
  forgetIdle(connection: Connection): void {
    const index = this.#idle.lastIndexOf(connection);
    assert(index !== -1, "forgets an idle connection that it does not keep");
    this.#idle.splice(index, 1);
  }

  discardIdle(): void {
    const idle = this.#idle;
    this.#idle = NONE;
    for (const connection of idle) connection.discard();
  }
}

function addressOf(configuration: Backend): Address {
  const address = parseAddress(configuration.address);
  assert(address !== undefined, "a backend has a valid address");
  return address;
}
