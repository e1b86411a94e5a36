/**
 * What orders act on: the parts of main, named in one place. Types only; `run-main.ts` puts them together.
 */
import type { Log } from "../io/log.ts";
import type { ServiceManager } from "../io/service-manager.ts";
import type { ExpiryWatch } from "./certificates/expiry-watch.ts";
import type { Configuration } from "./configuration.ts";
import type { DrainClock } from "./drain-clock.ts";
import type { EventLog } from "./events/event-log.ts";
import type { FileInUse } from "./file/file-in-use.ts";
import type { Gathering } from "./gathering.ts";
import type { MainLimits } from "./limits.ts";
import type { MainCounters } from "./metrics/main-metrics.ts";
import type { WorkerTotals } from "./metrics/worker-totals.ts";
import type { InheritedSockets } from "./inherited-sockets.ts";
import type { Listeners } from "./listeners.ts";
import type { StopSequence } from "./stop-sequence.ts";
import type { HandoverDrains } from "./upgrade/handover-drains.ts";
import type { CarriesOn, Reply } from "./socket/reply.ts";
import type { MainUpgrade } from "./upgrade/main-upgrade.ts";
import type { WorkerUpgrade } from "./upgrade/worker-upgrade.ts";
import type { Supervisor } from "./workers/supervisor.ts";
import type { WorkerSet } from "./workers/worker-set.ts";
import type { AskedBackends } from "./orders/asked-backends.ts";

/** An order that nobody sent over the command socket. */
export interface OwnOrder {
  readonly type: string;
  /** How the next program goes on with it; absent where it cannot, and has to be over first. */
  readonly describe?: CarriesOn;
}

export interface Control {
  readonly configuration: Configuration;
  readonly gathering: Gathering;
  readonly drains: DrainClock;
  readonly listeners: Listeners;
  readonly workers: WorkerSet;
  readonly supervisor: Supervisor;
  readonly events: EventLog;
  readonly handoverDrains: HandoverDrains;
  readonly workerUpgrade: WorkerUpgrade;
  /** The path that this program was started by; `undefined` where nobody said. */
  readonly program: string | undefined;
  /** The program that runs now, behind all links; to go back to it. */
  readonly ownProgram: string | undefined;
  readonly mainUpgrade: MainUpgrade;
  /** Orders of our own that are under way; see `orders/own-order.ts`. */
  readonly ownOrders: Map<Reply, OwnOrder>;
  readonly askedBackends: AskedBackends;
  readonly counters: MainCounters;
  readonly workerTotals: WorkerTotals;
  readonly expiryWatch: ExpiryWatch;
  readonly stopSequence: StopSequence;
  readonly serviceManager: ServiceManager;
  /** Listening sockets that main was started with; `undefined` where nobody said. */
  readonly inheritedSockets: InheritedSockets | undefined;
  readonly file: FileInUse;
  readonly limits: MainLimits;
  readonly log: Log;
  readonly version: string;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** When main started, by the same clock. */
  readonly startedMs: number;
  /** Runs an action in a round of orders, when no change is half done. For what had to wait for the world. */
  readonly inTurn: (action: () => void) => void;
}
