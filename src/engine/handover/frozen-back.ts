/**
 * An idle connection to a backend, frozen. It is worth little: whatever happens to it meanwhile ends it.
 */
import { assert } from "../../base/assert.ts";
import type { PooledRecord } from "../../model/handover.ts";
import type { BackConnection } from "../back-connection.ts";
import type { ConnectionOwner } from "../connection-owner.ts";
import type { Core } from "../core.ts";
import type { Frozen, FrozenKeeper } from "./frozen.ts";

export class FrozenBack implements Frozen, ConnectionOwner {
  readonly kind = "pooled" as const;
  readonly #core: Core;
  readonly #keeper: FrozenKeeper;
  readonly #back: BackConnection;
  readonly #address: string;
  #state: "detaching" | "detached" | "doomed" = "detaching";

  /** Takes `back` out of its pool, and has it detached. */
  constructor(core: Core, keeper: FrozenKeeper, back: BackConnection) {
    this.#core = core;
    this.#keeper = keeper;
    this.#back = back;
    this.#address = back.backend.configuration.address;
    back.backend.forgetIdle(back);
    core.own(back.connection, this);
    core.deadlines.clear(back.connection);
    core.port.detach(back.connection);
  }

  get connections(): readonly number[] {
    return [this.#back.connection];
  }

  record(): PooledRecord {
    const { cluster_id, backend_id } = this.#back.backend.configuration;
    return { kind: "pooled", cluster_id, backend_id, address: this.#address, idle_ms: this.#back.idleMs };
  }

  release(): void {
    this.#back.handOver();
    this.#core.disown(this.#back.connection);
    this.#core.port.release(this.#back.connection);
  }

  restore(): void {
    const { backend, connection } = this.#back;
    this.#core.own(connection, this.#back);
    this.#core.port.attach(connection);
    if (backend.configuration.address === this.#address) this.#back.becomeIdle(this.#back.idleMs);
    else this.#back.close();
  }

  connected(): void {
    assert(false, "an idle connection is connected already");
  }

  received(buffer: number): void {
    this.#core.buffers.release(buffer);
    this.#state = "doomed";
  }

  sent(): void {
    assert(false, "nothing is written to an idle connection");
  }

  ended(): void {
    this.#state = "doomed";
  }

  failed(): void {
    this.#end();
  }

  detached(): void {
    if (this.#state === "doomed") return this.#end();
    this.#state = "detached";
    this.#keeper.ready(this);
  }

  expired(): void {
    assert(false, "what is frozen has no deadline");
  }

  /** It may be the other worker's already. */
  cut(): void {}

  #end(): void {
    this.#keeper.lost(this);
    this.#back.close();
  }
}
