/**
 * One simulated run with two workers: under traffic and changes, one hands all that it has over to the other;
 * where wanted, one of the two is killed at some moment of it. At its end everything must have ended, and
 * every law held.
 */
import { Prng } from "../../src/base/prng.ts";
import { HandoverRig } from "../../testing/sim/handover-rig.ts";
import { Ledger } from "./ledger.ts";
import { startBackend } from "./workload-backend.ts";
import { type ClientWorld, WorkloadClient } from "./workload-client.ts";
import { startEchoBackend, WorkloadTunnel } from "./workload-tunnel.ts";

export interface HandoverRunOptions {
  readonly seed: number;
  /** Who is killed while connections go over. */
  readonly victim: "nobody" | "giver" | "taker";
  readonly steps: number;
}

export interface HandoverReport {
  readonly requests: number;
  readonly answered: number;
  /** What went over: sessions, tunnels and idle connections to backends. */
  readonly given: number;
  readonly broken: readonly string[];
}

const LISTENER = "127.0.0.1:80";
const CLUSTERS = ["red", "green"] as const;
const ADDRESSES_PER_CLUSTER = 3;
const ECHO_ADDRESS = "10.0.9.1:9000";
/** The moment of a kill, in turns from the beginning of the hand-over. */
const KILL_TURNS_MAX = 60;

/** Runs it. A law that does not hold is in the report; a broken rule of the port is thrown. */
export function runHandover(options: HandoverRunOptions): HandoverReport {
  return new HandoverRun(options).run();
}

class HandoverRun {
  readonly #options: HandoverRunOptions;
  readonly #prng: Prng;
  readonly #rig: HandoverRig;
  readonly #ledger: Ledger;
  readonly #world: ClientWorld;
  readonly #clients: WorkloadClient[] = [];
  readonly #tunnels: WorkloadTunnel[] = [];
  readonly #backends: Map<string, string[]> = new Map();
  #names = 0;

  constructor(options: HandoverRunOptions) {
    this.#options = options;
    const prng = (this.#prng = new Prng(options.seed));
    this.#rig = new HandoverRig({
      seed: options.seed,
      pieces: "random",
      latencyMsMax: prng.below(8),
      connectionsMax: 256,
      buffers: 512,
      socketBytes: prng.between(500, 20_000),
    });
    const { net } = this.#rig;
    const ledger = (this.#ledger = new Ledger(() => net.nowMs));
    this.#world = { net, prng, ledger, faultRate: 0, asksForHeader: false };
    this.#configure();
  }

  run(): HandoverReport {
    const { net } = this.#rig;
    const { steps, victim } = this.#options;
    const begins = this.#prng.between(2, steps - 2);
    for (let step = 0; step < steps; step++) {
      this.#step();
      if (step === begins) this.#handOver(victim);
      net.advance(this.#prng.below(200));
    }
    this.#finish();
    const { requests, broken } = this.#ledger;
    return {
      requests: requests.length,
      answered: requests.filter(({ outcome }) => outcome === "answered").length,
      given: this.#rig.giver.given.flat().length,
      broken,
    };
  }

  #configure(): void {
    this.#rig.listener(LISTENER, { back_timeout_ms: 10_000, connect_timeout_ms: 500 });
    for (const [index, cluster] of CLUSTERS.entries()) {
      for (let host = 1; host <= ADDRESSES_PER_CLUSTER; host++)
        startBackend(this.#world, `10.0.${index}.${host}:9000`, cluster);
      this.#rig.cluster(cluster);
      this.#backends.set(cluster, []);
      this.#addBackend(cluster);
      this.#rig.frontend(LISTENER, `${cluster}.example`, { cluster_id: cluster });
    }
    startEchoBackend(this.#world, ECHO_ADDRESS);
    this.#rig.cluster("echo");
    this.#backends.set("echo", []);
    this.#addBackend("echo");
    this.#rig.frontend(LISTENER, "echo.example", { cluster_id: "echo" });
    this.#rig.net.settle();
  }

  #step(): void {
    const cluster = ([...CLUSTERS, "echo"] as const)[this.#prng.below(CLUSTERS.length + 1)]!;
    if (this.#prng.chance(0.3)) this.#tunnels.push(new WorkloadTunnel(this.#world, LISTENER, "echo.example"));
    else if (this.#prng.chance(0.6)) this.#clients.push(new WorkloadClient(this.#world, LISTENER, CLUSTERS));
    else if (this.#prng.chance(0.5)) this.#addBackend(cluster);
    else {
      this.#addBackend(cluster);
      this.#removeBackend(cluster);
    }
  }

  #handOver(victim: HandoverRunOptions["victim"]): void {
    const { net } = this.#rig;
    this.#rig.handOver();
    if (victim === "nobody") return;
    for (let turns = this.#prng.below(KILL_TURNS_MAX); turns > 0; turns--) net.step(1);
    // After it, whoever is left has all there is.
    if (this.#rig.stopped.length > 0) return;
    // What is in its hands may end badly; what is not must not.
    for (const record of this.#ledger.requests) record.spoiled.push(`the ${victim} was killed`);
    this.#rig.kill(this.#rig[victim]);
  }

  #addBackend(cluster: string): void {
    const id = `b${++this.#names}`;
    this.#rig.backend(cluster, id, this.#anyAddress(cluster));
    this.#backends.get(cluster)!.push(id);
  }

  #removeBackend(cluster: string): void {
    const backends = this.#backends.get(cluster)!;
    const [id] = backends.splice(this.#prng.below(backends.length), 1);
    this.#rig.remove("backend", `${cluster} ${id}`);
  }

  #anyAddress(cluster: string): string {
    if (cluster === "echo") return ECHO_ADDRESS;
    const index = CLUSTERS.indexOf(cluster as (typeof CLUSTERS)[number]);
    return `10.0.${index}.${this.#prng.between(1, ADDRESSES_PER_CLUSTER)}:9000`;
  }

  /** Everybody finishes; whoever is left leaves; nothing may be left. */
  #finish(): void {
    const { net, giver, taker, stopped, tookBack } = this.#rig;
    net.advance(30_000);
    const isWhole = this.#options.victim === "nobody";
    for (const tunnel of this.#tunnels) tunnel.judge(isWhole || tunnel.isOpen);
    if (isWhole && !stopped.includes("giver"))
      this.#ledger.break(`the giver never left: ${JSON.stringify(giver.engine.handOverProgress)}`);
    if (isWhole && tookBack.length > 0) this.#ledger.break(`it took back: ${tookBack.join()}`);
    for (const tunnel of this.#tunnels) tunnel.end();
    for (const process of [giver, taker])
      if (process.worker.isAlive) process.worker.perform(() => process.engine.stop(undefined));
    for (const client of this.#clients) client.sendLast();
    net.advance(30_000);
    for (const client of this.#clients) client.leave();
    net.advance(100_000);
    for (const drain of this.#rig.drainsUnderWay) this.#ledger.break(`drain ${drain} never ended`);
    this.#rig.assertHolds(0);
  }
}
