/**
 * Takes over what another worker gives: sessions, tunnels and idle connections to backends go on here, as if
 * they had always been ours. First each is prepared, which counts it in what drains, and changes nothing else
 * in the world; it starts when the other has let go of it.
 *
 * Rules of this file:
 *  1. What is prepared has all that it needs to start. For what there is no room or no place here, there is
 *     nothing, and the other keeps it.
 *  2. What was removed here while it was on its way is found all the same, until `end`.
 */
import { assertNever } from "../../base/assert.ts";
import { parseAddress } from "../../base/address.ts";
import type {
  HandoverRecord,
  PooledRecord,
  SessionRecord,
  TunnelRecord,
  UseRecord,
} from "../../model/handover.ts";
import { splitKey } from "../../model/keys.ts";
import type { Backend, Cluster, Listener, ObjectKind } from "../../model/objects.ts";
import { BackConnection } from "../back-connection.ts";
import { Client } from "../client.ts";
import type { Configuration } from "../configuration.ts";
import type { Core } from "../core.ts";
import type { Drains, PresentObject } from "../drains.ts";
import { Http1Session } from "../http1-session.ts";
import { SIDE } from "../traffic.ts";
import { Tunnel } from "../tunnel.ts";
import { Use, type UsedObject } from "../use.ts";
import { AdoptedExchange } from "./adopted-exchange.ts";
import { BroughtBytes } from "./brought-bytes.ts";

/** A listener, a cluster or a backend. */
interface UsedRuntime {
  readonly use: Use;
  readonly configuration: Listener | Cluster | Backend;
}

/** Something that can go on here. */
export interface Adopted {
  /** The drains that count it now. */
  readonly drains: readonly number[];
  /** The other worker has let go of it: it goes on, with these connections. This or `drop`, once. */
  start(connections: readonly number[]): void;
  /** It stays with the other worker. */
  drop(): void;
}

export class Adoption {
  readonly #core: Core;
  readonly #configuration: Configuration;
  readonly #drains: Drains;
  /** Drains whose users were cut while connections may have been on their way. */
  readonly #closedDrains = new Set<number>();

  constructor(core: Core, configuration: Configuration, drains: Drains) {
    this.#core = core;
    this.#configuration = configuration;
    this.#drains = drains;
    drains.keepRemoved();
    configuration.keepRemovedListeners();
  }

  /** Prepares what a record tells. `undefined`: it cannot go on here. */
  prepare(record: HandoverRecord): Adopted | undefined {
    switch (record.kind) {
      case "session":
        return this.#prepareSession(record);
      case "tunnel":
        return this.#prepareTunnel(record);
      case "pooled":
        return this.#preparePooled(record);
      default:
        return assertNever(record);
    }
  }

  /** What uses this drain is cut, also if it only comes yet. */
  closeDrained(drain: number): void {
    this.#closedDrains.add(drain);
  }

  /** Nothing more comes. */
  end(): void {
    this.#drains.forgetRemoved();
    this.#configuration.forgetRemovedListeners();
  }

  #prepareSession(record: SessionRecord): Adopted | undefined {
    const core = this.#core;
    const configuration = this.#configuration;
    const { ip, port, destination } = record.client;
    const listener = configuration.findListenerOfAdopted(record.listener);
    const bytes = listener && BroughtBytes.bringAll(core.buffers, [record.unsent, record.input]);
    if (bytes === undefined) return undefined;
    const reached = destination === undefined ? undefined : parseAddress(destination);
    const client = new Client(listener!, ip, port, reached);
    const [unsent, input] = bytes;
    configuration.sessionCount++;
    return {
      drains: [],
      start: ([connection]) => {
        core.traffic.begins(connection!, SIDE.front, core.now);
        const session = new Http1Session(core, configuration, client, connection!, record.idle_ms);
        unsent!.each((...slice) => core.port.send(connection!, ...slice));
        input!.each((buffer, start, end) => {
          if (core.owners[connection!] === session) session.received(buffer, start, end);
          else core.buffers.release(buffer);
        });
      },
      drop: () => {
        configuration.sessionCount--;
        for (const one of bytes) one.drop();
      },
    };
  }

  #prepareTunnel(record: TunnelRecord): Adopted | undefined {
    const core = this.#core;
    const used = record.uses.map((use) => this.#findUsed(use, record.last_drain));
    const texts = [record.unsent_to_client, record.unsent_to_backend];
    const bytes = BroughtBytes.bringAll(core.buffers, texts);
    if (bytes === undefined) return undefined;
    const exchange = new AdoptedExchange(core, this.#configuration, used);
    return {
      get drains() {
        return exchange.drains;
      },
      start: (connections) => {
        const [front, back] = connections;
        core.traffic.begins(front!, SIDE.front, core.now);
        core.traffic.begins(back!, SIDE.back, core.now);
        const tunnel = new Tunnel(core, front!, back!, exchange, record.idle_ms);
        for (const [index, connection] of connections.entries())
          bytes[index]!.each((...slice) => core.port.send(connection, ...slice));
        if (exchange.drains.some((drain) => this.#closedDrains.has(drain))) tunnel.failed();
        else tunnel.comeBack();
      },
      drop: () => {
        exchange.drop();
        for (const one of bytes) one.drop();
      },
    };
  }

  #preparePooled({ cluster_id, backend_id, address, idle_ms }: PooledRecord): Adopted | undefined {
    const cluster = this.#configuration.findCluster(cluster_id);
    const backend = cluster?.findBackend(backend_id);
    if (cluster === undefined || backend === undefined) return undefined;
    const fits = (): boolean => {
      const isPlain = cluster.tls === undefined && cluster.configuration.send_proxy_protocol === undefined;
      return isPlain && backend.configuration.address === address;
    };
    if (!fits()) return undefined;
    return {
      drains: [],
      start: ([connection]) => {
        this.#core.traffic.begins(connection!, SIDE.back, this.#core.now);
        const adopted = BackConnection.adopt(this.#core, connection!, backend, idle_ms);
        if (!fits()) adopted.cut();
      },
      drop: () => undefined,
    };
  }

  /**
   * What was removed before, and drains with something around it, has no drain of its own: nobody counts it.
   */
  #findUsed(record: UseRecord, lastDrain: number): UsedObject {
    const { kind, key } = record;
    const meant = this.#drains.findMeant(record, lastDrain, this.#findPresent(record));
    return { kind, key, use: meant ?? new Use(this.#drains) };
  }

  #findPresent({ kind, key }: UseRecord): PresentObject | undefined {
    const found = this.#findRuntime(kind, key);
    return found && { use: found.use, isDraining: found.configuration.draining === true };
  }

  #findRuntime(kind: ObjectKind, key: string): UsedRuntime | undefined {
    const configuration = this.#configuration;
    if (kind === "listener") return configuration.listeners.get(key);
    if (kind === "cluster") return configuration.findCluster(key);
    if (kind !== "backend") return undefined;
    const [clusterId, backendId] = splitKey(key);
    return configuration.findCluster(clusterId)?.findBackend(backendId);
  }
}
