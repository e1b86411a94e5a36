/**
 * How the whole proxy stops: softly (no new connections, what is queued is accepted, sessions end or meet a
 * deadline), or at once. Only the order of things; each part does its own stopping.
 */
import type { Log } from "../io/log.ts";
import type { Listeners } from "./listeners.ts";
import type { Supervisor } from "./workers/supervisor.ts";
import type { WorkerSet } from "./workers/worker-set.ts";

export interface StopSequenceOptions {
  readonly listeners: Listeners;
  readonly supervisor: Supervisor;
  readonly workers: WorkerSet;
  readonly log: Log;
}

export class StopSequence {
  readonly #options: StopSequenceOptions;
  #state: "running" | "stopping" = "running";
  /** Fulfilled when the last worker is gone. */
  readonly stopped: Promise<void>;
  #tellStopped: () => void = () => undefined;

  constructor(options: StopSequenceOptions) {
    this.#options = options;
    this.stopped = new Promise((resolve) => (this.#tellStopped = resolve));
  }

  get state(): "running" | "stopping" {
    return this.#state;
  }

  /** Stops softly; fulfilled when the last worker is gone. A second call waits for the same end. */
  async softly(deadlineMs: number | undefined): Promise<void> {
    if (this.#state === "stopping") return this.stopped;
    this.#state = "stopping";
    const { listeners, supervisor, log } = this.#options;
    log.info("stopping softly", deadlineMs === undefined ? {} : { deadline_ms: deadlineMs });
    await listeners.retireAll();
    await supervisor.stopAll(deadlineMs);
    this.#tellStopped();
  }

  /** Stops at once: what is in progress is cut. Also ends a soft stop. */
  async hard(): Promise<void> {
    this.#state = "stopping";
    const { listeners, supervisor, log } = this.#options;
    log.info("stopping at once");
    await supervisor.cutAll();
    listeners.closeAll();
    this.#tellStopped();
  }

  /** Client connections that are left, by the workers' last word. */
  get connections(): number {
    return this.#options.workers.all().reduce((sum, worker) => sum + worker.connections, 0);
  }
}
