/**
 * That this worker drains: it accepts no more and serves on, and each client is told that its next response
 * is the last. Other workers take what waits in the listening sockets' queues, because those are shared. What
 * uses it are its clients' connections, tunnels too.
 *
 * Rules of this file:
 *  1. It drains until `end`, also when nobody uses it any more, and counts until then only once: what comes
 *     after the last one left (it was just being accepted) is served, and told to nobody.
 *  2. The end of the count is told in the turn it comes; else at most every `drainReportMs`.
 */
import type { HeldDrain } from "../model/adoption.ts";
import type { DrainUse, KeptDeadline } from "../model/channel.ts";
import type { BoundSockets } from "./bound-sockets.ts";
import type { Configuration } from "./configuration.ts";
import type { Core } from "./core.ts";

/** The drain as main knows it; `key` is the worker's number. */
export interface WorkerDrainRequest {
  readonly drain: number;
  readonly key: string;
  readonly order: string;
}

export interface WorkerDrainOptions {
  readonly core: Core;
  readonly configuration: Configuration;
  readonly sockets: BoundSockets;
  /** The count has changed. */
  readonly tell: (use: DrainUse) => void;
}

/** A drain that something uses, and what was last told of it. */
interface Counted {
  readonly request: WorkerDrainRequest;
  told: number;
  toldAt: number;
  /** When main is to close its connections. */
  closeAtMs: number | undefined;
}

export class WorkerDrain {
  readonly #options: WorkerDrainOptions;
  #counted: Counted | undefined;

  constructor(options: WorkerDrainOptions) {
    this.#options = options;
  }

  /** Accepts no more from now on; tells at once how many connections there are. */
  begin({ drain, key, order }: WorkerDrainRequest): void {
    const { core, configuration, sockets, tell } = this.#options;
    const { sessionCount: connections } = configuration;
    core.isDraining = true;
    if (core.presence === "running") sockets.pause();
    const { request, closeAtMs } = this.#counted ?? {};
    const counted = {
      request: { drain, key, order },
      told: connections,
      toldAt: core.now,
      closeAtMs: request?.drain === drain ? closeAtMs : undefined,
    };
    this.#counted = connections > 0 ? counted : undefined;
    tell({ drain, connections });
  }

  /** Accepts again, unless it leaves. */
  end(): void {
    const { core, sockets } = this.#options;
    this.#counted = undefined;
    if (!core.isDraining) return;
    core.isDraining = false;
    if (core.presence === "running") sockets.goOn();
  }

  /** If `drain` is this one, its time is over: all connections are cut. */
  close(drain: number): void {
    if (this.#counted?.request.drain !== drain) return;
    for (const owner of this.#options.core.owners) owner?.cut();
  }

  /** If its drain is this one: when main is to close its connections. */
  keepDeadline({ drain, close_at_ms }: KeptDeadline): void {
    if (this.#counted?.request.drain !== drain) return;
    this.#counted.closeAtMs = Math.min(close_at_ms, this.#counted.closeAtMs ?? Infinity);
  }

  /** As the next main has to know it; empty where nothing uses it. */
  get counts(): readonly HeldDrain[] {
    const connections = this.#options.configuration.sessionCount;
    if (this.#counted === undefined) return [];
    const { request, closeAtMs } = this.#counted;
    const deadline = closeAtMs === undefined ? {} : { close_at_ms: closeAtMs };
    return [{ kind: "worker", ...request, stays: true, ...deadline, connections }];
  }

  /** Tells what has changed; gives when to look again. Call at the end of each turn. */
  turnEnds(): number {
    const { core, configuration, tell } = this.#options;
    const { sessionCount: connections } = configuration;
    const counted = this.#counted;
    if (counted === undefined || counted.told === connections) return Infinity;
    const dueAt = counted.toldAt + core.limits.drainReportMs;
    if (connections > 0 && core.now < dueAt) return dueAt;
    counted.told = connections;
    counted.toldAt = core.now;
    if (connections === 0) this.#counted = undefined;
    tell({ drain: counted.request.drain, connections });
    return Infinity;
  }
}
