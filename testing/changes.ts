/**
 * Changes of every kind, one after another, against a proxy that carries traffic. Each is one that a careful
 * operator could make: at every moment each host has a cluster, and each cluster has a backend. So whatever a
 * client loses, the proxy lost.
 */
import { Prng } from "../src/base/prng.ts";
import type { Json, OrderClient, PendingOrder } from "./order-client.ts";

export interface ChangesOptions {
  readonly orders: OrderClient;
  readonly seed: number;
  /** The address of the listener that carries the traffic. */
  readonly listener: string;
  /** Another address that is free: a listener comes and goes there. */
  readonly otherListener: string;
  /** The cluster that the traffic goes to. It has one backend, `first`, at the first address. */
  readonly cluster: string;
  /** Addresses of backends that all give the same answers. */
  readonly addresses: readonly string[];
}

type Kind = "backend" | "swap" | "weight" | "route" | "cluster" | "policy" | "timeouts" | "listener";

const KINDS: readonly Kind[] = [
  "backend",
  "swap",
  "weight",
  "route",
  "cluster",
  "policy",
  "timeouts",
  "listener",
];
const POLICIES = ["round_robin", "random", "least_loaded", "power_of_two", "hash"];
const OBJECTS_MAX = 8;

export class Changes {
  /** Orders that were accepted, by the kind of change. */
  readonly doneByKind: Map<Kind, number> = new Map();
  /** Orders that were refused: none of them should be. */
  readonly refused: string[] = [];
  readonly #options: ChangesOptions;
  readonly #prng: Prng;
  readonly #drains: PendingOrder[] = [];
  readonly #backends: string[] = ["first"];
  readonly #routes: Json[] = [];
  readonly #clusters: string[] = [];
  #otherListener: "absent" | "present" = "absent";
  #names = 0;
  #done = 0;

  constructor(options: ChangesOptions) {
    this.#options = options;
    this.#prng = new Prng(options.seed);
  }

  /** Orders that were accepted. */
  get done(): number {
    return this.#done;
  }

  /**
   * Makes changes at a fixed rate, each kind in its turn, until `durationMs` is over, or it is told to stop.
   */
  async run(options: { durationMs?: number; perSecond: number; signal?: AbortSignal }): Promise<void> {
    const { durationMs = Infinity, signal } = options;
    const startedMs = performance.now();
    for (let number = 0; ; number++) {
      const waitMs = startedMs + (number * 1_000) / options.perSecond - performance.now();
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
      if (performance.now() - startedMs > durationMs || signal?.aborted === true) return;
      await this.change(KINDS[number % KINDS.length]!);
    }
  }

  /** Makes one change of a kind: one order, or the few that belong together. */
  change(kind: Kind): Promise<void> {
    switch (kind) {
      case "backend":
        return this.#prng.chance(0.5) && this.#backends.length > 1
          ? this.#removeBackend()
          : this.#addBackend();
      case "swap":
        return this.#addBackend().then(() => this.#removeBackend());
      case "weight":
        return this.#order(kind, "UPDATE_BACKEND", {
          ...this.#backend(this.#anyBackend()),
          weight: this.#prng.between(1, 200),
        });
      case "route":
        return this.#changeRoute();
      case "cluster":
        return this.#changeCluster();
      case "policy":
        return this.#order(kind, "UPDATE_CLUSTER", {
          cluster_id: this.#options.cluster,
          load_balancing: POLICIES[this.#prng.below(POLICIES.length)]!,
        });
      case "timeouts":
        return this.#order(kind, "UPDATE_LISTENER", {
          address: this.#options.listener,
          back_timeout_ms: this.#prng.between(30_000, 60_000),
        });
      case "listener":
        return this.#changeListener();
    }
  }

  /** Waits until every drain that was begun is over. */
  async drained(): Promise<void> {
    for (const drain of this.#drains) {
      const answer = await drain.final();
      if (answer.status === "ERROR") this.refused.push(`drain: ${answer.message}`);
    }
  }

  async #addBackend(): Promise<void> {
    if (this.#backends.length >= OBJECTS_MAX) return this.#removeBackend();
    const id = this.#name("backend");
    const address = this.#options.addresses[this.#prng.below(this.#options.addresses.length)]!;
    await this.#order("backend", "ADD_BACKEND", { ...this.#backend(id), address });
    this.#backends.push(id);
  }

  /** The oldest goes, so that long exchanges lose their backend. Its drain is followed, not waited for. */
  async #removeBackend(): Promise<void> {
    const id = this.#backends.shift()!;
    const wait = this.#prng.chance(0.5);
    if (!wait) return this.#order("swap", "REMOVE_BACKEND", { ...this.#backend(id), drain: { wait: false } });
    this.#drains.push(this.#options.orders.send("REMOVE_BACKEND", this.#backend(id)));
    this.#count("swap");
  }

  async #changeRoute(): Promise<void> {
    if (this.#routes.length >= OBJECTS_MAX) {
      return this.#order("route", "REMOVE_FRONTEND", this.#routes.shift()!);
    }
    const { listener, cluster } = this.#options;
    const name = this.#name("route");
    // Some of them carry traffic as soon as they are there: a more exact path to the same cluster.
    const rules = [
      { hostname: `${name}.example` },
      { hostname: "*", path: { prefix: `/echo/${this.#prng.below(10)}` }, method: "GET" },
    ];
    const rule = { listener, path: { prefix: "/" }, ...rules[this.#prng.below(2)]! };
    if (this.#routes.some((route) => JSON.stringify(route) === JSON.stringify(rule))) return;
    await this.#order("route", "ADD_FRONTEND", { ...rule, cluster_id: cluster });
    this.#routes.push(rule);
  }

  async #changeCluster(): Promise<void> {
    if (this.#clusters.length >= OBJECTS_MAX) {
      return this.#order("cluster", "REMOVE_CLUSTER", { cluster_id: this.#clusters.shift()!, cascade: true });
    }
    const cluster = this.#name("cluster");
    await this.#order("cluster", "ADD_CLUSTER", { cluster_id: cluster });
    await this.#order("cluster", "ADD_BACKEND", {
      cluster_id: cluster,
      backend_id: "one",
      address: this.#options.addresses[0]!,
    });
    await this.#order("cluster", "ADD_FRONTEND", {
      listener: this.#options.listener,
      hostname: `${cluster}.example`,
      cluster_id: cluster,
    });
    this.#clusters.push(cluster);
  }

  async #changeListener(): Promise<void> {
    const address = this.#options.otherListener;
    if (this.#otherListener === "absent") {
      await this.#order("listener", "ADD_LISTENER", { address, protocol: "http" });
      this.#otherListener = "present";
    } else {
      await this.#order("listener", "REMOVE_LISTENER", { address });
      this.#otherListener = "absent";
    }
  }

  async #order(kind: Kind, type: string, data: Json): Promise<void> {
    const answer = await this.#options.orders.order(type, data);
    if (answer.status === "OK") this.#count(kind);
    else this.refused.push(`${type} ${JSON.stringify(data)}: ${answer.error?.code} ${answer.message}`);
  }

  #count(kind: Kind): void {
    this.#done++;
    this.doneByKind.set(kind, (this.doneByKind.get(kind) ?? 0) + 1);
  }

  #backend(id: string): { cluster_id: string; backend_id: string } {
    return { cluster_id: this.#options.cluster, backend_id: id };
  }

  #anyBackend(): string {
    return this.#backends[this.#prng.below(this.#backends.length)]!;
  }

  #name(kind: string): string {
    return `${kind}-${++this.#names}`;
  }
}
