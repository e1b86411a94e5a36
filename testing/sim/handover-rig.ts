/**
 * Two worker processes in the simulated network, of which one hands its connections over to the other, with
 * the part of main that they need. Each change reaches the two at moments of their own.
 */
import { assert } from "../../src/base/assert.ts";
import type { EngineLimits } from "../../src/engine/limits.ts";
import type { Change, DrainRequest, DrainUse, KeptDeadline } from "../../src/model/channel.ts";
import { SimConfiguration } from "./sim-configuration.ts";
import { SimNetwork, type SimOptions } from "./sim-network.ts";
import { SimProcess } from "./sim-process.ts";

export class HandoverRig extends SimConfiguration {
  readonly net: SimNetwork;
  readonly giver: SimProcess;
  readonly taker: SimProcess;
  /** Why the giver took everything back. */
  readonly tookBack: string[] = [];
  readonly stopped: string[] = [];
  readonly #latencyMsMax: number;
  /** Per process: changes and listening sockets on their way, in order. */
  readonly #orders = new Map<SimProcess, (() => void)[]>();
  /** What each process last told of each drain. */
  readonly #uses = new Map<SimProcess, Map<number, number>>();

  constructor(options: SimOptions = {}, limits: Partial<EngineLimits> = {}) {
    super();
    this.net = new SimNetwork(options);
    this.#latencyMsMax = options.latencyMsMax ?? 0;
    const make = (name: string, worker = this.net.addWorker()): SimProcess => {
      const process: SimProcess = new SimProcess(this.net, worker, {
        seed: options.seed ?? 1,
        limits,
        hooks: {
          drainChanged: (use) => this.#count(process, use),
          unlistened: () => undefined,
          backendChanged: () => undefined,
          stopped: () => {
            this.stopped.push(name);
            process.giver?.ended();
            this.net.after(0, () => process.leave());
          },
          log: () => undefined,
        },
      });
      this.#orders.set(process, []);
      this.#uses.set(process, new Map());
      return process;
    };
    this.giver = make("giver", this.net.worker);
    this.taker = make("taker");
  }

  /** The giver gives all that it has. */
  handOver(): void {
    const tookBack = (reason: string): void => void this.tookBack.push(reason);
    this.giver.worker.perform(() => this.giver.giveTo(this.taker, tookBack));
  }

  /** When a drain is to be closed, as main tells it. */
  keepDeadline(deadline: KeptDeadline): void {
    this.#toBoth(({ engine }) => engine.keepDeadlines([deadline]));
  }

  /** Kills one of the two, outside of a turn. */
  kill(process: SimProcess): void {
    assert(process.worker.isAlive, "kills a process that is gone");
    process.kill();
    this.#uses.get(process)!.clear();
  }

  /** What is left of both: connections, and at most the two buffers that each engine writes into. */
  assertHolds(connections: number): void {
    const alive = [this.giver, this.taker].filter(({ worker }) => worker.isAlive);
    const open = alive.reduce((sum, { worker }) => sum + worker.openCount, 0);
    assert(open === connections, `${open} connections are open, not ${connections}`);
    for (const { worker } of alive) worker.assertHolds({ connections: worker.openCount, references: 2 });
  }

  /** Drains whose object is still used, by the last word of both. */
  get drainsUnderWay(): number[] {
    const all = [...this.#uses.values()].flatMap((uses) => [...uses]);
    return all.filter(([, connections]) => connections > 0).map(([drain]) => drain);
  }

  /** What a process last told of each drain. */
  usesOf(process: SimProcess): ReadonlyMap<number, number> {
    return this.#uses.get(process)!;
  }

  protected override publish(changes: readonly Change[], drains: readonly DrainRequest[]): void {
    this.#toBoth((process) => {
      for (const use of process.follow(changes, drains)) this.#count(process, use);
    });
  }

  protected override bind(address: string): void {
    this.#toBoth(({ engine, worker }) => engine.bindListener(address, worker.listen(address)));
  }

  /** As main sends orders: in order to each, and each is there when it is. */
  #toBoth(act: (process: SimProcess) => void): void {
    for (const [process, orders] of this.#orders) {
      orders.push(() => process.hear(() => act(process)));
      if (orders.length === 1) this.#nextOrder(orders);
    }
  }

  #nextOrder(orders: (() => void)[]): void {
    this.net.after(this.net.prng.between(0, this.#latencyMsMax), () => {
      orders[0]!();
      orders.shift();
      if (orders.length > 0) this.#nextOrder(orders);
    });
  }

  #count(process: SimProcess, { drain, connections }: DrainUse): void {
    this.#uses.get(process)!.set(drain, connections);
  }
}
