/**
 * One simulated run: clients, backends, changes and, where wanted, faults, all drawn from a seed, against the
 * real engine. At its end everything must have ended, and every law held.
 */
import { Prng } from "../../src/base/prng.ts";
import type { HealthCheck } from "../../src/model/objects.ts";
import { EngineRig } from "../../testing/sim/engine-rig.ts";
import { Ledger } from "./ledger.ts";
import { type BackendWorld, CHECK_PATH, startBackend } from "./workload-backend.ts";
import { type ClientWorld, WorkloadClient } from "./workload-client.ts";

export interface RunOptions {
  readonly seed: number;
  /**
   * `careful`: changes that an operator makes under traffic, and nothing goes wrong. `rough`: anything may.
   */
  readonly mood: "careful" | "rough";
  readonly steps: number;
}

export interface RunReport {
  readonly requests: number;
  readonly answered: number;
  readonly changes: number;
  readonly broken: readonly string[];
}

const LISTENER = "127.0.0.1:80";
const CLUSTERS = ["red", "green", "blue"] as const;
const ADDRESSES_PER_CLUSTER = 4;
const HEALTH_CHECK: HealthCheck = {
  path: CHECK_PATH,
  interval_ms: 400,
  timeout_ms: 300,
  healthy: 2,
  unhealthy: 2,
};
const ROUGH_FAULT_RATE = 0.15;

/** Runs it. A law that does not hold is in the report; a broken rule of the port is thrown. */
export function runSeed(options: RunOptions): RunReport {
  return new SimRun(options).run();
}

class SimRun {
  readonly #options: RunOptions;
  readonly #prng: Prng;
  readonly #rig: EngineRig;
  readonly #ledger: Ledger;
  readonly #clients: WorkloadClient[] = [];
  readonly #backends: Map<string, string[]> = new Map();
  readonly #faultRate: number;
  readonly #steps: number;
  readonly #asksForHeader: boolean;
  #names = 0;
  #changes = 0;
  #listener: "there" | "leaving" = "there";

  constructor(options: RunOptions) {
    this.#options = options;
    this.#prng = new Prng(options.seed);
    this.#faultRate = options.mood === "rough" ? ROUGH_FAULT_RATE : 0;
    const prng = this.#prng;
    const byBytes = prng.chance(0.05);
    this.#steps = byBytes ? options.steps >> 2 : options.steps;
    this.#rig = new EngineRig({
      seed: options.seed,
      pieces: byBytes ? "bytes" : "random",
      latencyMsMax: byBytes ? 0 : prng.below(20),
      connectionsMax: 256,
      buffers: byBytes ? 16_384 : 512,
      socketBytes: prng.between(500, 20_000),
    });
    this.#asksForHeader = prng.chance(0.3);
    this.#ledger = new Ledger(() => this.#rig.net.nowMs);
    this.#configure();
  }

  run(): RunReport {
    const { net } = this.#rig;
    for (let step = 0; step < this.#steps; step++) {
      if (this.#prng.chance(0.4)) this.#change();
      else this.#clients.push(new WorkloadClient(this.#world, LISTENER, CLUSTERS));
      net.advance(this.#prng.below(300));
    }
    this.#finish();
    const { requests, broken } = this.#ledger;
    const answered = requests.filter(({ outcome }) => outcome === "answered").length;
    return { requests: requests.length, answered, changes: this.#changes, broken };
  }

  get #world(): BackendWorld & ClientWorld {
    return {
      net: this.#rig.net,
      prng: this.#prng,
      ledger: this.#ledger,
      faultRate: this.#faultRate,
      asksForHeader: this.#asksForHeader,
    };
  }

  #configure(): void {
    for (const [index, cluster] of CLUSTERS.entries()) {
      for (let host = 1; host <= ADDRESSES_PER_CLUSTER; host++)
        startBackend(this.#world, `10.0.${index}.${host}:9000`, cluster);
      this.#rig.cluster(cluster);
      this.#backends.set(cluster, []);
      this.#addBackend(cluster);
    }
    this.#addListener();
  }

  #addListener(): void {
    this.#rig.listener(LISTENER, {
      back_timeout_ms: 10_000,
      connect_timeout_ms: 500,
      accept_proxy_protocol: this.#asksForHeader,
    });
    for (const cluster of CLUSTERS)
      this.#rig.frontend(LISTENER, `${cluster}.example`, { cluster_id: cluster });
  }

  #change(): void {
    const cluster = CLUSTERS[this.#prng.below(CLUSTERS.length)]!;
    if (this.#listener === "leaving") return this.#bringListenerBack();
    this.#changes++;
    if (this.#options.mood === "rough" && this.#prng.chance(0.3)) return this.#disturb(cluster);
    switch (this.#prng.below(5)) {
      case 0:
        return this.#addBackend(cluster);
      case 1:
        return this.#removeBackend(cluster, 1);
      case 2:
        this.#addBackend(cluster);
        return this.#removeBackend(cluster, 1);
      case 3: {
        const policies = ["round_robin", "random", "least_loaded", "power_of_two", "hash"] as const;
        const version = ([undefined, "v1", "v2"] as const)[this.#prng.below(3)];
        return this.#rig.cluster(cluster, {
          load_balancing: policies[this.#prng.below(policies.length)]!,
          sticky_session: this.#prng.chance(0.5),
          ...(this.#prng.chance(0.7) && { health_check: HEALTH_CHECK }),
          ...(version && { send_proxy_protocol: version }),
        });
      }
      default:
        return this.#rig.frontend(LISTENER, `${cluster}.example`, {
          cluster_id: cluster,
          path: { prefix: `/r/${this.#prng.between(1, 9)}` },
        });
    }
  }

  /** What a careful operator does not do. */
  #disturb(cluster: string): void {
    const { net } = this.#rig;
    switch (this.#prng.below(4)) {
      case 0:
        this.#ledger.disturbances.add("no-backend");
        return this.#removeBackend(cluster, 0);
      case 1: {
        this.#ledger.disturbances.add("unreachable");
        const modes = ["refused", "unreachable", "silent", "accepts", "accepts"] as const;
        net.backend(this.#anyAddress(cluster)).mode = modes[this.#prng.below(modes.length)]!;
        return;
      }
      case 2:
        this.#rig.remove("frontend", `${LISTENER} ${cluster}.example (any) prefix /`);
        return this.#rig.frontend(LISTENER, `${cluster}.example`, { cluster_id: cluster });
      default:
        return this.#prng.chance(0.3) ? this.#removeListener() : undefined;
    }
  }

  /** The engine empties its queue; until it is back, clients are refused. */
  #removeListener(): void {
    this.#listener = "leaving";
    this.#rig.remove("listener", LISTENER);
    this.#rig.net.unlisten(LISTENER);
    this.#rig.net.perform(() => this.#rig.engine.unlisten(LISTENER));
  }

  #bringListenerBack(): void {
    if (this.#rig.unlistened.length === 0) return;
    this.#rig.unlistened.length = 0;
    this.#listener = "there";
    this.#addListener();
  }

  #addBackend(cluster: string): void {
    const id = `b${++this.#names}`;
    this.#rig.backend(cluster, id, this.#anyAddress(cluster), { weight: this.#prng.between(1, 100) });
    this.#backends.get(cluster)!.push(id);
  }

  #removeBackend(cluster: string, atLeast: number): void {
    const backends = this.#backends.get(cluster)!;
    if (backends.length <= atLeast) return;
    const [id] = backends.splice(this.#prng.below(backends.length), 1);
    this.#rig.remove("backend", `${cluster} ${id}`);
  }

  #anyAddress(cluster: string): string {
    const index = CLUSTERS.indexOf(cluster as (typeof CLUSTERS)[number]);
    return `10.0.${index}.${this.#prng.between(1, ADDRESSES_PER_CLUSTER)}:9000`;
  }

  /** Everybody finishes or goes; the engine leaves; nothing may be left. */
  #finish(): void {
    const { net, engine } = this.#rig;
    net.advance(30_000);
    net.perform(() => engine.stop(undefined));
    for (const client of this.#clients) client.sendLast();
    net.advance(30_000);
    for (const client of this.#clients) client.leave();
    net.advance(100_000);
    for (const record of this.#ledger.requests) this.#judge(record);
    if (this.#rig.drainsUnderWay.length > 0)
      this.#ledger.break(`drains ${this.#rig.drainsUnderWay.join(", ")} never ended`);
    if (this.#rig.stopped !== 1)
      this.#ledger.break(
        `the engine stopped ${this.#rig.stopped} times, with ${engine.connectionCount} sessions`,
      );
    this.#rig.assertAtRest();
  }

  #judge({ number, method, seen, spoiled, outcome }: Ledger["requests"][number]): void {
    if (outcome === "answered" && seen === 0) this.#ledger.break(`request ${number} was answered by nobody`);
    // Sent twice only where that is safe, and only because a backend went away with the first.
    const mayRepeat = method !== "POST" && (spoiled.length > 0 || this.#ledger.disturbances.has("stale"));
    if (seen > 1 && !mayRepeat)
      this.#ledger.break(`request ${number} (${method}) came to backends ${seen} times`);
  }
}
