/**
 * What the set of all workers needs of main, and what it tells: types only.
 */
import type { Log } from "../../io/log.ts";
import type { Hello } from "../../model/adoption.ts";
import type { BackendChange, DrainUse, TlsSecrets } from "../../model/channel.ts";
import type { MetricValues } from "../../model/metric-values.ts";
import type { Gathering } from "../gathering.ts";
import type { MainLimits } from "../limits.ts";
import type { StateLoad } from "./worker-messages.ts";
import type { WorkerProcess } from "./worker-process.ts";

export interface WorkerSetHooks {
  /** Calls back with the state that a new worker loads, once no change is half done. */
  withState(use: (load: StateLoad) => void): void;
  /** What a worker's hash must be at this revision, if main stands at it now. */
  hashAt(revision: number): string | undefined;
  /** The sockets that a worker accepts on. */
  openListeners(): readonly { readonly address: string; readonly fd: number }[];
  /** What workers need for TLS beside the state, as it is now. */
  secrets(): TlsSecrets;
  /** A worker has loaded its state and accepts. */
  ready(worker: WorkerProcess): void;
  drainChanged(worker: number, use: DrainUse): void;
  /** The same, told with the change that removed the object. */
  drainBegins(worker: number, use: DrainUse): void;
  /** What it has counted since its start. */
  counted(worker: number, totals: MetricValues): void;
  unlistened(worker: number, address: string): void;
  /** Its health checks took a backend down, or up again. */
  backendChanged(worker: number, change: BackendChange): void;
  /** A worker tells of its hand-over: see `WorkerProcess.given` and `tookBack`. */
  handedOver(worker: WorkerProcess): void;
  /** A process is gone. `code` is its exit code, `null` if a signal ended it. */
  exited(worker: WorkerProcess, reason: string, code: number | null): void;
}

/** Who takes a worker over. */
export interface Visited {
  /** Its first word. */
  greeted(hello: Hello): void;
  /** Its state was sent, as it was asked to: a memory file. */
  toldState(): void;
  /** It has another main. */
  refused(): void;
  /** Its process is gone; or leaves, because its first word was in a format that is not ours. */
  gone(word?: Hello): void;
}

export interface WorkerSetOptions {
  readonly io: string;
  /** The path where a main that comes after us finds a worker. */
  readonly rendezvous: (worker: number) => string;
  /** What workers do when we are gone; see `alone` in `model/channel.ts`. */
  readonly serveAloneMs: number | null;
  /** The workers' program; absent: the real one. */
  readonly workerEntry: string | undefined;
  readonly limits: MainLimits;
  readonly gathering: Gathering;
  readonly log: Log;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly hooks: WorkerSetHooks;
}
