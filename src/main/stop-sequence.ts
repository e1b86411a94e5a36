/**
 * How the whole proxy stops: softly (no new connections, what is queued is accepted, sessions end or meet a
 * deadline), or at once. Only the order of things; each part does its own stopping.
 */
import type { Log } from "../io/log.ts";
import type { ServiceManager } from "../io/service-manager.ts";
import type { Listeners } from "./listeners.ts";
import type { Supervisor } from "./workers/supervisor.ts";
import type { WorkerSet } from "./workers/worker-set.ts";

/** `cut short`: a worker did not do what it was to do at its end, and was killed, or died. */
export type Stopped = "clean" | "cut short";

export interface StopSequenceOptions {
  readonly listeners: Pick<Listeners, "retireAll" | "closeAll">;
  readonly supervisor: Pick<Supervisor, "stopAll" | "cutAll" | "cutShort">;
  readonly workers: Pick<WorkerSet, "all">;
  readonly serviceManager: Pick<ServiceManager, "stopping">;
  readonly log: Log;
  /** Calls back when workers have had their time to empty the queues; what it gives calls that off. */
  readonly afterEmptying: (action: () => void) => () => void;
}

export class StopSequence {
  readonly #options: StopSequenceOptions;
  readonly #begun = new AbortController();
  /** Workers that were cut short before the stop began. */
  #cutShortBefore = 0;
  /** Fulfilled when the last worker is gone. */
  readonly stopped: Promise<Stopped>;
  #tellStopped: (stopped: Stopped) => void = () => undefined;

  constructor(options: StopSequenceOptions) {
    this.#options = options;
    this.stopped = new Promise((resolve) => (this.#tellStopped = resolve));
  }

  get state(): "running" | "stopping" {
    return this.begun.aborted ? "stopping" : "running";
  }

  /** Aborted when a stop begins: for what is of no more use then. */
  get begun(): AbortSignal {
    return this.#begun.signal;
  }

  /** Stops softly; fulfilled when the last worker is gone. A second call waits for the same end. */
  async softly(deadlineMs: number | undefined): Promise<void> {
    if (this.state === "stopping") return void (await this.stopped);
    this.#begins();
    const { listeners, supervisor, log } = this.#options;
    log.info("stopping softly", deadlineMs === undefined ? {} : { deadline_ms: deadlineMs });
    await this.#inItsTime(listeners.retireAll());
    await supervisor.stopAll(deadlineMs);
    this.#ended();
  }

  /** Stops at once: what is in progress is cut. Also ends a soft stop. */
  async hard(): Promise<void> {
    if (this.state === "running") this.#begins();
    const { listeners, supervisor, log } = this.#options;
    log.info("stopping at once");
    await supervisor.cutAll();
    listeners.closeAll();
    this.#ended();
  }

  /** A worker that has no descriptor for who waits must not keep the stop from its deadline. */
  #inItsTime(emptied: Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      const callOff = this.#options.afterEmptying(resolve);
      void emptied.then(() => {
        callOff();
        resolve();
      });
    });
  }

  #begins(): void {
    this.#begun.abort();
    this.#options.serviceManager.stopping();
    this.#cutShortBefore = this.#options.supervisor.cutShort;
  }

  #ended(): void {
    const { supervisor, log } = this.#options;
    const workers = supervisor.cutShort - this.#cutShortBefore;
    if (workers > 0) log.error("workers did not end by themselves, and were cut short", { workers });
    this.#tellStopped(workers === 0 ? "clean" : "cut short");
  }

  /** Client connections that are left, by the workers' last word. */
  get connections(): number {
    return this.#options.workers.all().reduce((sum, worker) => sum + worker.connections, 0);
  }
}
