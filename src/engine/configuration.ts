/**
 * The configuration as exchanges meet it: listeners with their routers, clusters with their backends. It
 * follows changes one by one, each at the cost of what it touches, while traffic flows. It judges nothing:
 * main has.
 *
 * Rules of this file:
 *  1. What is removed is found no more from this moment on, and lives until its last exchange has left it.
 *  2. A removed listener keeps its rules for its sessions, which get one more answer each, until a listener
 *     at the same address has rules of its own.
 */
import { assert, assertNever } from "../base/assert.ts";
import { bytesOf, textOf } from "../base/bytes.ts";
import type { Head } from "../http/head.ts";
import { slotOf } from "../metrics/engine-metrics.ts";
import type { Change } from "../model/channel.ts";
import { splitKey } from "../model/keys.ts";
import type { Backend, Certificate, Cluster, Frontend, Listener, ObjectKind } from "../model/objects.ts";
import type { Route } from "../routing/route.ts";
import type { Router } from "../routing/router.ts";
import { BackConnection, type BackTimes } from "./back-connection.ts";
import type { Client } from "./client.ts";
import type { Core } from "./core.ts";
import { Exchange } from "./exchange.ts";
import type { HealthChecks } from "./health-checks.ts";
import type { BackendRuntime } from "./runtime/backend.ts";
import { CertificateRuntime } from "./runtime/certificate.ts";
import { ClusterRuntime } from "./runtime/cluster.ts";
import { ListenerRuntime } from "./runtime/listener.ts";
import { StagedChange } from "./staged-change.ts";
import type { Use } from "./use.ts";

const CLOSED = slotOf("connections_closed");
const BACK_OPENED = slotOf("back_connections_opened");
const BACK_REUSED = slotOf("back_connections_reused");

type CanDrain = Listener | Cluster | Backend;

interface Drainable {
  readonly use: Use;
  readonly configuration: CanDrain;
}

/** Exchanges kept for another use; more at a time are allocated and let go. */
const IDLE_EXCHANGES_MAX = 1_024;

/** What a change begins and ends to drain, removed or not. */
export interface DrainedUses {
  /** By `kind key`. */
  readonly drained: Map<string, Use>;
  readonly undrained: Set<Use>;
}

export class Configuration {
  readonly listeners: Map<string, ListenerRuntime> = new Map();
  readonly #core: Core;
  readonly #healthChecks: HealthChecks;
  readonly #clusters = new Map<string, ClusterRuntime<BackConnection>>();
  readonly #idleExchanges: Exchange[] = [];
  #staged: StagedChange | undefined;
  /** How many changes were followed: what was decided at the same moment was decided by the same rules. */
  moment = 0;
  /** Client sessions of all listeners, removed ones included. */
  sessionCount = 0;
  /** Listeners that were removed while connections of another worker come: the newest at each address. */
  #leftListeners: Map<string, ListenerRuntime> | undefined;

  constructor(core: Core, healthChecks: HealthChecks) {
    this.#core = core;
    this.#healthChecks = healthChecks;
  }

  get clusters(): ReadonlyMap<string, ClusterRuntime<BackConnection>> {
    return this.#clusters;
  }

  /**
   * Whose rules decide for a session that `listener` accepted: the listener's own; after its removal those of
   * the listener that is at its address now, once that one has any; until then the last it had.
   */
  rulingOn(listener: ListenerRuntime): ListenerRuntime {
    if (!listener.isRemoved) return listener;
    const present = this.listeners.get(listener.configuration.address);
    return present !== undefined && present.router.size > 0 ? present : listener;
  }

  /** The rule of `listener` for a request with this head; one that names no host is for `serverName`. */
  findRoute(listener: ListenerRuntime, head: Head, serverName?: string): Route<never> | undefined {
    if (head.hostEnd === head.authorityStart && serverName !== undefined)
      return listener.router.find(...requestOf(head, serverName));
    return listener.router.find(
      head.bytes,
      head.authorityStart,
      head.hostEnd,
      head.pathStart,
      head.pathEnd,
      head.methodStart,
      head.methodEnd,
    );
  }

  findCluster(clusterId: string): ClusterRuntime<BackConnection> | undefined {
    return this.#clusters.get(clusterId);
  }

  /** Prepares the first part of what the next `apply` makes visible. No request meets it before. */
  stage(changes: readonly Change[]): void {
    this.#staged ??= new StagedChange(this.#core, {
      listeners: this.listeners,
      clusters: this.#clusters,
      healthChecks: this.#healthChecks,
    });
    for (const change of changes) this.#staged.stage(change);
  }

  /**
   * Follows what was staged and `changes`, all at one moment. Gives the use of everything that begins to
   * drain, and does so no more.
   */
  apply(last: readonly Change[]): DrainedUses {
    const changes = this.#staged === undefined ? last : [...this.#staged.publish(), ...last];
    this.#staged = undefined;
    this.moment++;
    const uses = { drained: new Map<string, Use>(), undrained: new Set<Use>() };
    const gone = removedWithListeners(changes);
    for (const change of changes) {
      if (!gone.has(change)) this.#applyOne(change, uses);
    }
    return uses;
  }

  /**
   * A link to `backend` for `exchange`: an idle connection, else a new one; `undefined` if no connection
   * number is free. One that tells its client in a PROXY header is always new.
   */
  openLink(
    cluster: ClusterRuntime<BackConnection>,
    backend: BackendRuntime<BackConnection>,
    exchange: Exchange,
    times: BackTimes,
  ): BackConnection | undefined {
    const announcedAs = cluster.configuration.send_proxy_protocol;
    const idle = announcedAs === undefined ? backend.takeIdle() : undefined;
    if (idle !== undefined) {
      this.#core.counters[BACK_REUSED]!++;
      idle.begin(exchange, times);
      return idle;
    }
    const connection = this.#core.connect(backend.address);
    if (connection !== -1) this.#core.counters[BACK_OPENED]!++;
    return connection === -1
      ? undefined
      : new BackConnection(this.#core, connection, backend, exchange, times, {
          announcedAs,
          tls: cluster.tls,
        });
  }

  /** From now on listeners that are removed can be found, for sessions that another worker accepted. */
  keepRemovedListeners(): void {
    this.#leftListeners = new Map();
  }

  forgetRemovedListeners(): void {
    this.#leftListeners = undefined;
  }

  /** The listener of a session that another worker accepted. */
  findListenerOfAdopted(address: string): ListenerRuntime | undefined {
    return this.listeners.get(address) ?? this.#leftListeners?.get(address);
  }

  takeExchange(): Exchange {
    return this.#idleExchanges.pop() ?? new Exchange(this.#core, this);
  }

  keepExchange(exchange: Exchange): void {
    if (this.#idleExchanges.length < IDLE_EXCHANGES_MAX) this.#idleExchanges.push(exchange);
  }

  sessionEnded(client: Client | undefined): void {
    client?.leave();
    this.#core.counters[CLOSED]!++;
    this.sessionCount--;
    assert(this.sessionCount >= 0, "a session ended that had not begun");
  }

  #applyOne(change: Change, uses: DrainedUses): void {
    switch (change.kind) {
      case "listener":
        return this.#applyListener(change, uses);
      case "cluster":
        return this.#applyCluster(change, uses);
      case "backend":
        return this.#applyBackend(change, uses);
      case "frontend":
        return this.#applyFrontend(change);
      case "certificate":
        return this.#applyCertificate(change, uses);
      default:
        assertNever(change.kind);
    }
  }

  #applyListener(change: Change, uses: DrainedUses): void {
    const listener = this.listeners.get(change.key);
    const after = change.after as Listener | undefined;
    if (after === undefined) {
      if (listener === undefined) return;
      listener.isRemoved = true;
      listener.tls?.remove();
      this.listeners.delete(change.key);
      this.#leftListeners?.set(change.key, listener);
      keepFirst(uses, `listener ${change.key}`, listener.use);
    } else if (listener === undefined) {
      this.listeners.set(change.key, new ListenerRuntime(after, this.#core.watcher));
    } else {
      followDraining(uses, `listener ${change.key}`, listener, after);
      listener.update(after);
    }
  }

  #applyCluster(change: Change, uses: DrainedUses): void {
    const cluster = this.#clusters.get(change.key);
    const after = change.after as Cluster | undefined;
    if (after === undefined) {
      if (cluster === undefined) return;
      this.#clusters.delete(change.key);
      cluster.tls?.remove();
      keepFirst(uses, `cluster ${change.key}`, cluster.use);
      for (const backend of cluster.backends) this.#removeBackend(cluster, backend.id, uses);
    } else if (cluster === undefined) {
      this.#clusters.set(change.key, new ClusterRuntime(after, this.#core.watcher, this.#core.prng));
    } else {
      followDraining(uses, `cluster ${change.key}`, cluster, after);
      cluster.update(after);
      this.#healthChecks.followAll(cluster);
    }
  }

  #applyBackend(change: Change, uses: DrainedUses): void {
    const object = (change.after ?? change.before) as Backend | undefined;
    const [clusterId, backendId] =
      object === undefined ? splitKey(change.key) : [object.cluster_id, object.backend_id];
    const cluster = this.#clusters.get(clusterId);
    if (cluster === undefined) return;
    if (change.after === undefined) return this.#removeBackend(cluster, backendId, uses);
    const after = change.after as Backend;
    const present = cluster.findBackend(backendId);
    if (present !== undefined) followDraining(uses, `backend ${clusterId} ${backendId}`, present, after);
    this.#healthChecks.follow(cluster, cluster.updateBackend(after));
  }

  #applyFrontend(change: Change): void {
    const before = change.before as Frontend | undefined;
    const after = change.after as Frontend | undefined;
    if (before !== undefined) {
      const listener = this.listeners.get(before.listener);
      assert(listener !== undefined, "a frontend is removed from a listener that is not there");
      listener.router.remove(before);
    }
    if (after !== undefined) {
      const listener = this.listeners.get(after.listener);
      assert(listener !== undefined, "a frontend is added to a listener that is not there");
      listener.router.add(after);
    }
  }

  #applyCertificate(change: Change, uses: DrainedUses): void {
    const before = change.before as Certificate | undefined;
    const after = change.after as Certificate | undefined;
    const certificates = this.listeners.get((after ?? before)!.listener)?.tls?.certificates;
    assert(certificates !== undefined, "a certificate of a listener that has none");
    if (before !== undefined) {
      const gone = certificates.remove(before.fingerprint);
      gone.isRemoved = true;
      this.#core.tls?.server.forget(gone);
      keepFirst(uses, `certificate ${change.key}`, gone.use);
    }
    if (after !== undefined) certificates.add(new CertificateRuntime(after, this.#core.watcher));
  }

  #removeBackend(cluster: ClusterRuntime<BackConnection>, backendId: string, uses: DrainedUses): void {
    const backend = cluster.removeBackend(backendId);
    if (backend === undefined) return;
    this.#healthChecks.forget(backend);
    keepFirst(uses, `backend ${cluster.configuration.cluster_id} ${backendId}`, backend.use);
  }
}

/** Only what stood before the change can be in use: what was added and removed within it never was. */
function keepFirst({ drained, undrained }: DrainedUses, name: string, use: Use): void {
  if (!drained.has(name)) drained.set(name, use);
  undrained.delete(use);
}

/** An object that stays, and perhaps begins to drain or ends it. */
function followDraining(
  uses: DrainedUses,
  name: string,
  { use, configuration }: Drainable,
  after: CanDrain,
): void {
  if (configuration.draining === after.draining) return;
  if (after.draining === true) keepFirst(uses, name, use);
  else uses.undrained.add(use);
}

/**
 * The removals of frontends and certificates that go with their listener: they stand right before it, and it
 * keeps them for its sessions.
 */
function removedWithListeners(changes: readonly Change[]): ReadonlySet<Change> {
  const gone = new Set<Change>();
  let going: string | undefined;
  for (const change of changes.toReversed()) {
    const { kind, key, before, after } = change;
    if (kind === "listener" && after === undefined) going = key;
    else if (after === undefined && listenerOf(kind, before) === going && going !== undefined)
      gone.add(change);
    else going = undefined;
  }
  return gone;
}

function listenerOf(kind: ObjectKind, value: Change["before"]): string | undefined {
  return kind === "frontend" || kind === "certificate"
    ? (value as Frontend | Certificate).listener
    : undefined;
}

/** A request that names no host as one for `host`: rare enough to be put together anew. */
function requestOf(head: Head, host: string): Parameters<Router["find"]> {
  const { bytes, pathStart, pathEnd, methodStart, methodEnd } = head;
  const all = bytesOf(host + textOf(bytes, pathStart, pathEnd) + textOf(bytes, methodStart, methodEnd));
  const pathAt = host.length;
  const methodAt = pathAt + pathEnd - pathStart;
  return [all, 0, pathAt, pathAt, methodAt, methodAt, all.length];
}
