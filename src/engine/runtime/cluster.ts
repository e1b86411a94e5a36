/**
 * A cluster at run time: its backends and how one is picked. It lives as long as the configuration names it
 * or an exchange uses it.
 */
import { Balancer } from "../../balancing/balancer.ts";
import { isDown } from "../../balancing/rest.ts";
import { STICKY_COOKIE_NAME, StickyTable, type StickyValue } from "../../balancing/sticky.ts";
import type { Prng } from "../../base/prng.ts";
import { findCookie } from "../../http/cookies.ts";
import type { Head } from "../../http/head.ts";
import { areEqual } from "../../model/equal.ts";
import type { Backend, Cluster } from "../../model/objects.ts";
import { Use, type UseWatcher } from "../use.ts";
import { ClusterTls } from "../tls/cluster-tls.ts";
import { BackendRuntime, type IdleConnection } from "./backend.ts";

const NO_LINES = new Uint8Array(0);

export class ClusterRuntime<Connection extends IdleConnection = IdleConnection> {
  configuration: Cluster;
  readonly use: Use;
  /**
   * Replaced by each change: a list of just the right size, because most clusters have few backends, and
   * there are many. `concat` makes one; `[...list, item]` leaves room for 16 more, 130 bytes.
   */
  backends: readonly BackendRuntime<Connection>[] = [];
  /** Where its clients come back to; absent unless its sessions are sticky. */
  #sticky: StickyTable<BackendRuntime<Connection>> | undefined = undefined;
  /** How its backends are spoken to; absent: in plain text. */
  tls: ClusterTls | undefined = undefined;
  readonly #watcher: UseWatcher;
  readonly #balancer: Balancer<BackendRuntime<Connection>>;

  constructor(configuration: Cluster, watcher: UseWatcher, prng: Prng) {
    this.configuration = configuration;
    this.use = new Use(watcher);
    this.#watcher = watcher;
    this.#balancer = new Balancer<BackendRuntime<Connection>>(configuration.load_balancing, prng);
    if (configuration.sticky_session) this.#stick();
    if (configuration.tls !== undefined) this.tls = new ClusterTls(configuration.tls);
  }

  update(configuration: Cluster): void {
    const announcedAs = this.configuration.send_proxy_protocol;
    const securedBefore = this.tls;
    this.configuration = configuration;
    this.#secure(configuration);
    this.#balancer.policy = configuration.load_balancing;
    if (!configuration.sticky_session) this.#sticky = undefined;
    else if (this.#sticky === undefined) this.#stick();
    const isSecuredAsBefore = this.tls === securedBefore;
    if (configuration.send_proxy_protocol === announcedAs && isSecuredAsBefore) return;
    for (const backend of this.backends) {
      backend.discardIdle();
      // What failed on other terms says nothing of these.
      if (!isSecuredAsBefore) backend.succeeded();
    }
  }

  /**
   * What the request's cookies say of the backend that its client comes back to; `undefined` for a new
   * client, and where sessions are not sticky.
   */
  stickyValueIn(head: Head): StickyValue<BackendRuntime<Connection>> | undefined {
    const sticky = this.#sticky;
    return sticky === undefined ? undefined : findCookie(head, STICKY_COOKIE_NAME, sticky);
  }

  /** What the cookie of `backend`'s clients holds, where sessions are sticky. */
  stickyIdOf(backend: BackendRuntime<Connection>): string | undefined {
    return this.#sticky?.valueOf(backend)?.text;
  }

  /**
   * What a response of `backend` says besides, to a client that came with `stickyValue`: whole field lines.
   */
  linesFor(
    backend: BackendRuntime<Connection>,
    stickyValue: StickyValue<BackendRuntime<Connection>> | undefined,
  ): Uint8Array {
    return this.#sticky === undefined ? NO_LINES : this.#sticky.linesFor(backend, stickyValue);
  }

  /**
   * A backend to serve an exchange, not one of `tried`; `undefined` if there is none. `stickyValue` is what
   * `stickyValueIn` found.
   */
  pick(
    now: number,
    key: number,
    tried: readonly BackendRuntime<Connection>[],
    stickyValue: StickyValue<BackendRuntime<Connection>> | undefined,
  ): BackendRuntime<Connection> | undefined {
    if (stickyValue !== undefined) {
      const backend = this.#sticky?.find(stickyValue, now, tried);
      if (backend !== undefined) return backend;
    }
    const picked = this.#balancer.pick(now, key, tried);
    // One that is down is picked only where all are: then clients come back as if none were.
    if (stickyValue === undefined || picked === undefined || !isDown(picked)) return picked;
    return this.#sticky?.find(stickyValue, Infinity, tried) ?? picked;
  }

  /** Those among which a client that is new is given one. */
  choices(now: number): readonly BackendRuntime<Connection>[] {
    return this.configuration.draining ? [] : this.#balancer.choices(now);
  }

  findBackend(backendId: string): BackendRuntime<Connection> | undefined {
    return this.backends.find((backend) => backend.id === backendId);
  }

  /** Adds it, or changes the one under its key. */
  updateBackend(configuration: Backend): BackendRuntime<Connection> {
    const backend = this.findBackend(configuration.backend_id);
    if (backend === undefined) return this.#addBackend(configuration);
    const wasLeaving = backend.isLeaving;
    backend.update(configuration);
    if (backend.isLeaving) {
      if (!wasLeaving) this.#setAside(backend);
    } else {
      if (wasLeaving) this.#balancer.add(backend);
      else this.#balancer.update(backend);
      this.#sticky?.add(backend);
    }
    return backend;
  }

  /** Stops choosing it; what it serves goes on, its idle connections are closed. Gives it, for its drain. */
  removeBackend(backendId: string): BackendRuntime<Connection> | undefined {
    const backend = this.findBackend(backendId);
    if (backend === undefined) return undefined;
    this.backends = this.backends.filter((other) => other !== backend);
    if (!backend.isLeaving) this.#setAside(backend);
    backend.isRemoved = true;
    return backend;
  }

  /** Nobody chooses it any more, and nobody comes back to it. */
  #setAside(backend: BackendRuntime<Connection>): void {
    this.#balancer.remove(backend);
    this.#sticky?.remove(backend);
    backend.discardIdle();
  }

  /** Other terms are another `ClusterTls`: connections tell by it that they are of before. */
  #secure({ tls: terms }: Cluster): void {
    if (areEqual(this.tls?.terms, terms)) return;
    this.tls?.remove();
    this.tls = terms && new ClusterTls(terms);
  }

  #stick(): void {
    const chosen = this.backends.filter((backend) => !backend.isLeaving);
    this.#sticky = new StickyTable(this.configuration.cluster_id, chosen);
  }

  #addBackend(configuration: Backend): BackendRuntime<Connection> {
    const backend = new BackendRuntime<Connection>(configuration, this.#watcher);
    this.backends = this.backends.concat([backend]);
    if (!backend.isLeaving) {
      this.#balancer.add(backend);
      this.#sticky?.add(backend);
    }
    return backend;
  }
}
