/**
 * A cluster at run time: its backends and how one is picked. It lives as long as the configuration names it
 * or an exchange uses it.
 */
import { Balancer } from "../../balancing/balancer.ts";
import type { Prng } from "../../base/prng.ts";
import type { Backend, Cluster } from "../../model/objects.ts";
import { Use, type UseWatcher } from "../use.ts";
import { BackendRuntime, type IdleConnection } from "./backend.ts";

export class ClusterRuntime<Connection extends IdleConnection = IdleConnection> {
  configuration: Cluster;
  readonly use: Use;
  /**
   * Replaced by each change: a list of just the right size, because most clusters have few backends, and
   * there are many.
   */
  backends: readonly BackendRuntime<Connection>[] = [];
  readonly #watcher: UseWatcher;
  readonly #balancer: Balancer<BackendRuntime<Connection>>;

  constructor(configuration: Cluster, watcher: UseWatcher, prng: Prng) {
    this.configuration = configuration;
    this.use = new Use(watcher);
    this.#watcher = watcher;
    this.#balancer = new Balancer<BackendRuntime<Connection>>(configuration.load_balancing, prng);
  }

  update(configuration: Cluster): void {
    const announcedAs = this.configuration.send_proxy_protocol;
    this.configuration = configuration;
    this.#balancer.policy = configuration.load_balancing;
    if (configuration.send_proxy_protocol === announcedAs) return;
    for (const backend of this.backends) backend.discardIdle();
  }

  /** A backend to serve an exchange, not one of `tried`; `undefined` if there is none. */
  pick(
    now: number,
    key: number,
    tried: readonly BackendRuntime<Connection>[],
  ): BackendRuntime<Connection> | undefined {
    return this.#balancer.pick(now, key, tried);
  }

  findBackend(backendId: string): BackendRuntime<Connection> | undefined {
    return this.backends.find((backend) => backend.id === backendId);
  }

  addBackend(configuration: Backend): void {
    const backend = new BackendRuntime<Connection>(configuration, this.#watcher);
    this.backends = [...this.backends, backend];
    this.#balancer.add(backend);
  }

  updateBackend(configuration: Backend): void {
    const backend = this.findBackend(configuration.backend_id);
    if (backend === undefined) return this.addBackend(configuration);
    backend.update(configuration);
    this.#balancer.update(backend);
  }

  /** Stops choosing it; what it serves goes on, its idle connections are closed. Gives it, for its drain. */
  removeBackend(backendId: string): BackendRuntime<Connection> | undefined {
    const backend = this.findBackend(backendId);
    if (backend === undefined) return undefined;
    this.backends = this.backends.filter((other) => other !== backend);
    this.#balancer.remove(backend);
    backend.isRemoved = true;
    backend.discardIdle();
    return backend;
  }
}
