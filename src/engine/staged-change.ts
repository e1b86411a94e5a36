/**
 * A large change before its moment: what it adds is built piece by piece beside what is live, so that the
 * moment at which all of it becomes visible is short. What it updates or removes waits for that moment whole.
 *
 * Rules of this file:
 *  1. What is staged decides nothing: no request finds it before `publish`.
 *  2. An addition is staged only if the change has touched neither its key nor its listener or cluster
 *     before. So it may go ahead of what is put off, and leads to the same.
 */
import { assertNever } from "../base/assert.ts";
import type { Change } from "../model/channel.ts";
import type { Backend, Cluster, Frontend, Listener } from "../model/objects.ts";
import type { Route } from "../routing/route.ts";
import type { Router } from "../routing/router.ts";
import type { BackConnection } from "./back-connection.ts";
import type { Core } from "./core.ts";
import type { HealthChecks } from "./health-checks.ts";
import { ClusterRuntime } from "./runtime/cluster.ts";
import { ListenerRuntime } from "./runtime/listener.ts";

/** What is live, by key, and who asks backends how they are. */
export interface LiveObjects {
  readonly listeners: Map<string, ListenerRuntime>;
  readonly clusters: Map<string, ClusterRuntime<BackConnection>>;
  readonly healthChecks: HealthChecks;
}

export class StagedChange {
  readonly #core: Core;
  readonly #live: LiveObjects;
  readonly #listeners: LiveObjects["listeners"] = new Map();
  readonly #clusters: LiveObjects["clusters"] = new Map();
  /** Of listeners that are live. */
  readonly #routes: { readonly router: Router<never>; readonly routes: Route<never>[] }[] = [];
  readonly #putOff: Change[] = [];
  /** What was put off, as `kind key`. */
  readonly #touched = new Set<string>();

  constructor(core: Core, live: LiveObjects) {
    this.#core = core;
    this.#live = live;
  }

  /** Takes the next step of the change. */
  stage(change: Change): void {
    const name = `${change.kind} ${change.key}`;
    const isAddition = change.before === undefined && change.after !== undefined;
    if (isAddition && !this.#touched.has(name) && this.#build(change)) return;
    this.#putOff.push(change);
    this.#touched.add(name);
  }

  /** Makes visible what was staged. Gives what was put off, to be applied in the same moment, in order. */
  publish(): readonly Change[] {
    for (const [address, listener] of this.#listeners) this.#live.listeners.set(address, listener);
    for (const [clusterId, cluster] of this.#clusters) {
      this.#live.clusters.set(clusterId, cluster);
      this.#live.healthChecks.followAll(cluster);
    }
    for (const { router, routes } of this.#routes) {
      for (const route of routes) router.publish(route);
    }
    return this.#putOff;
  }

  /** False: it has to wait. */
  #build({ kind, key, after }: Change): boolean {
    switch (kind) {
      case "listener":
        this.#listeners.set(key, new ListenerRuntime(after as Listener, this.#core.watcher));
        return true;
      case "cluster":
        this.#clusters.set(key, new ClusterRuntime(after as Cluster, this.#core.watcher, this.#core.prng));
        return true;
      case "backend":
        return this.#buildBackend(after as Backend);
      case "frontend":
        return this.#buildFrontend(after as Frontend);
      case "certificate":
        return false;
      default:
        return assertNever(kind);
    }
  }

  /** A live cluster's backends take part in balancing as soon as they are there: they wait. */
  #buildBackend(backend: Backend): boolean {
    const cluster = this.#clusters.get(backend.cluster_id);
    if (cluster === undefined || this.#touched.has(`cluster ${backend.cluster_id}`)) return false;
    cluster.updateBackend(backend);
    return true;
  }

  /** The order of regexes is that of adding: they wait. */
  #buildFrontend(frontend: Frontend): boolean {
    const { listener: address, path } = frontend;
    if ("regex" in path || this.#touched.has(`listener ${address}`)) return false;
    const staged = this.#listeners.get(address);
    if (staged !== undefined) {
      staged.router.add(frontend);
      return true;
    }
    const live = this.#live.listeners.get(address);
    if (live === undefined) return false;
    this.#routesOf(live.router).push(live.router.stage(frontend));
    return true;
  }

  #routesOf(router: Router<never>): Route<never>[] {
    let found = this.#routes.find((one) => one.router === router);
    if (found === undefined) this.#routes.push((found = { router, routes: [] }));
    return found.routes;
  }
}
