/**
 * Builds main's parts and ties them together: who tells whom what. No decisions: those are in the parts.
 */
import { existsSync, realpathSync } from "node:fs";
import { performance } from "node:perf_hooks";
import type { Log } from "../io/log.ts";
import { NO_SERVICE_MANAGER, type ServiceManager } from "../io/service-manager.ts";
import type { DrainCounts, TlsSecrets } from "../model/channel.ts";
import type { CarriedMain } from "../model/carried.ts";
import type { FollowChanges } from "../model/state-file.ts";
import { rendezvousPath } from "./adoption/rendezvous-paths.ts";
import { Configuration } from "./configuration.ts";
import type { Control } from "./control.ts";
import { DrainClock } from "./drain-clock.ts";
import { EventLog } from "./events/event-log.ts";
import { FileInUse, fileOf } from "./file/file-in-use.ts";
import type { ReadConfiguration } from "./file/read-configuration.ts";
import { Gathering } from "./gathering.ts";
import type { MainLimits } from "./limits.ts";
import { ExpiryWatch } from "./certificates/expiry-watch.ts";
import { Listeners } from "./listeners.ts";
import { MainCounters } from "./metrics/main-metrics.ts";
import { WorkerTotals } from "./metrics/worker-totals.ts";
import type { InheritedSockets } from "./inherited-sockets.ts";
import { listeningSockets, OWN_SOCKETS } from "./listening-sockets.ts";
import { Turns, type TurnTaker } from "./socket/turns.ts";
import { MainSecrets } from "./main-secrets.ts";
import { StopSequence } from "./stop-sequence.ts";
import { StateLoader } from "./workers/state-loader.ts";
import { Supervisor } from "./workers/supervisor.ts";
import { HandoverDrains } from "./upgrade/handover-drains.ts";
import { MainUpgrade } from "./upgrade/main-upgrade.ts";
import { WorkerUpgrade } from "./upgrade/worker-upgrade.ts";
import { WorkerSet } from "./workers/worker-set.ts";
import type { WorkerSetHooks, WorkerSetOptions } from "./workers/worker-set-options.ts";
import { AskedBackends } from "./orders/asked-backends.ts";

/** Of a certificate, an event has so many names. */
const EVENT_NAMES_MAX = 10;

export interface ControlOptions {
  readonly socketPath: string;
  /** Where the configuration is kept; without, workers do not serve on when main is gone. */
  readonly statePath?: string;
  readonly io: string;
  readonly workerEntry?: string;
  /** The path that this program was started by: an upgrade runs what is there then. */
  readonly program?: string;
  readonly serviceManager?: ServiceManager;
  readonly inheritedSockets?: InheritedSockets;
  readonly log: Log;
  readonly version: string;
  readonly limits: MainLimits;
  /** The configuration file that we were started with. */
  readonly configuration?: ReadConfiguration | undefined;
  /** Of the program that we were. */
  readonly carried?: CarriedMain | undefined;
}

export interface MainParts {
  readonly control: Control;
  readonly turns: Turns;
  readonly secrets: MainSecrets;
  /** Is told the state's changes as it is read: workers that start load them meanwhile. */
  readonly follow: FollowChanges;
  /** The state is read: from now on workers may be ready. Listeners have to be open. */
  readonly stateIsWhole: () => void;
  /** Ends the timers that keep the process alive: the watch over the workers, the change of ticket keys. */
  stopTimers(): void;
}

export function createControl(options: ControlOptions): MainParts {
  const { log, version, limits, carried } = options;
  const now = (): number => performance.now();
  const gathering = new Gathering();
  const counters = Object.assign(new MainCounters(), carried?.counters);
  const loader = new StateLoader(limits.changesPerMessageMax);
  const secrets = newSecrets(limits, () => workers.shareSecrets());
  const hooks = hooksOf(
    () => control,
    loader,
    () => secrets.secrets,
  );
  const workers: WorkerSet = newWorkerSet(options, { gathering, now, hooks });
  const events = newEventLog(limits, carried);
  const drains = newDrains(workers, events, now);
  const listeners = newListeners(workers, options);
  const handoverDrains = newHandoverDrains(workers, drains);
  const handOverBegins = (giver: number, taker: number): void => handoverDrains.begin(giver, taker);
  const shared = { workers, counters, events, limits, log, version, now };
  const supervisor = new Supervisor({ ...shared, handOverBegins });
  const workerUpgrade = new WorkerUpgrade({
    ...{ workers, supervisor, drains: handoverDrains, events },
    serveTogetherMs: limits.serveTogetherMs,
    stopGraceMs: limits.stopGraceMs,
  });
  const configuration = new Configuration(listeners);
  const { serviceManager = NO_SERVICE_MANAGER } = options;
  const afterEmptying = laterBy(limits.emptyQueuesMs);
  const stopSequence = new StopSequence({
    ...{ listeners, supervisor, workers, serviceManager, log, afterEmptying },
  });
  const turns = newTurns(configuration, limits, now);
  const expiryWatch = newExpiryWatch(limits, log, events);
  const control: Control = {
    configuration,
    gathering,
    drains,
    listeners,
    workers,
    supervisor,
    handoverDrains,
    events,
    workerUpgrade,
    program: carried?.program ?? options.program,
    ownProgram: realProgram(options.program),
    mainUpgrade: new MainUpgrade(),
    ...{ ownOrders: new Map(), askedBackends: new AskedBackends(limits.swapBackendsMax) },
    counters,
    workerTotals: new WorkerTotals(carried?.former_totals),
    expiryWatch,
    stopSequence,
    serviceManager,
    inheritedSockets: options.inheritedSockets,
    file: new FileInUse(carried?.configuration_file ?? fileOf(options.configuration)),
    limits,
    log,
    version,
    now,
    startedMs: carried === undefined ? now() : carried.started_ms - Date.now() + now(),
    inTurn: (action: () => void) => turns.want(takerOf(action)),
  };
  return {
    control,
    turns,
    secrets,
    follow: loader.follow,
    stateIsWhole: () => loader.end(configuration.revision),
    stopTimers: startWatching(control, secrets),
  };
}

function newWorkerSet(
  { socketPath, statePath, io, workerEntry, limits, log }: ControlOptions,
  parts: Pick<WorkerSetOptions, "gathering" | "now" | "hooks">,
): WorkerSet {
  return new WorkerSet({
    ...parts,
    io,
    workerEntry,
    rendezvous: (worker) => rendezvousPath(socketPath, worker),
    serveAloneMs: statePath === undefined ? 0 : null,
    limits,
    log,
  });
}

/** What the workers' doings mean to the other parts, which are there once the first worker says a word. */
function hooksOf(control: () => Control, loader: StateLoader, secrets: () => TlsSecrets): WorkerSetHooks {
  return {
    withState: (use) => {
      if (loader.growing !== undefined) return use(loader.growing);
      const { configuration } = control();
      const take = (): void => use(loader.take(configuration.state, configuration.revision));
      configuration.after({ kept: take, takenBack: take });
    },
    hashAt: (revision) => {
      const { configuration } = control();
      return revision === configuration.revision ? configuration.state.hash() : undefined;
    },
    openListeners: () => control().listeners.open(),
    secrets,
    ready: (worker) => {
      const { workers, supervisor } = control();
      if (workers.all().every(({ state }) => state !== "starting")) loader.forget();
      supervisor.ready(worker);
    },
    handedOver: (worker) => control().supervisor.handedOver(worker),
    drainChanged: (worker, use) => {
      const { handoverDrains, drains } = control();
      if (!handoverDrains.changed(worker)) drains.report(worker, use);
    },
    drainBegins: (worker, use) => {
      const { handoverDrains, drains } = control();
      drains.report(worker, use);
      handoverDrains.changed(worker);
    },
    counted: (worker, totals) => control().workerTotals.told(worker, totals),
    unlistened: (worker, address) => control().listeners.unlistened(worker, address),
    backendChanged: (worker, { state, ...change }) =>
      control().events.append({ event: state === "up" ? "BACKEND_UP" : "BACKEND_DOWN", worker, ...change }),
    exited: (worker, reason, code) => {
      const { workerTotals, listeners, drains, handoverDrains, supervisor } = control();
      workerTotals.left(worker.number);
      listeners.forgetWorker(worker.number);
      const drain = drains.takeStaying("worker", String(worker.number));
      if (drain !== undefined && !worker.hasLeft) drains.cancel([drain], "worker-died");
      if (!handoverDrains.left(worker.number)) drains.forgetWorker(worker.number);
      supervisor.exited(worker, reason, code);
    },
  };
}

function newHandoverDrains(workers: WorkerSet, drains: DrainClock): HandoverDrains {
  return new HandoverDrains({
    ask: async (number, what) => {
      const worker = workers.get(number);
      return worker && ((await workers.askOne(worker, what)) as DrainCounts | undefined);
    },
    report: (all) => drains.reportAll(all),
  });
}

/** What stands behind the links of a path. */
function realProgram(path: string | undefined): string | undefined {
  return path !== undefined && existsSync(path) ? realpathSync(path) : path;
}

function newListeners(
  workers: WorkerSet,
  { inheritedSockets, limits }: Pick<ControlOptions, "inheritedSockets" | "limits">,
): Listeners {
  const sockets = inheritedSockets === undefined ? OWN_SOCKETS : listeningSockets(inheritedSockets);
  return new Listeners({ sockets, workers, later: laterBy(limits.handshakeGraceMs) });
}

function newSecrets(limits: MainLimits, rotated: () => void): MainSecrets {
  const later = laterBy(limits.ticketKeyMs);
  return new MainSecrets({ previousMax: limits.previousTicketKeysMax, later, rotated });
}

function newEventLog(
  { eventsMax, eventCharsMax: charsMax }: MainLimits,
  carried: CarriedMain | undefined,
): EventLog {
  const { events } = carried ?? {};
  return new EventLog({ startedAtMs: Date.now(), eventsMax, charsMax, now: Date.now, carried: events });
}

function newDrains(workers: WorkerSet, events: EventLog, now: () => number): DrainClock {
  return new DrainClock({
    closeUsers: (drain) => workers.closeDrained(drain),
    drained: ({ order, kind, key }, drainedMs) =>
      events.append({ event: "DRAINED", order, kind, key, drained_ms: Math.round(drainedMs) }),
    now,
  });
}

function newExpiryWatch(
  { expiryNearMs, expiryLinesMax }: MainLimits,
  log: Log,
  events: EventLog,
): ExpiryWatch {
  return new ExpiryWatch({
    nearMs: expiryNearMs,
    linesMax: expiryLinesMax,
    now: Date.now,
    told: ({ listener, fingerprint, names, not_after_ms }, leftMs) => {
      const what = leftMs > 0 ? "expires soon" : "has expired";
      const expires = new Date(not_after_ms).toISOString();
      log.warning(`a certificate ${what}`, { listener, name: names[0] ?? "", expires, fingerprint });
      const event = leftMs > 0 ? "CERTIFICATE_EXPIRING" : "CERTIFICATE_EXPIRED";
      events.append({ event, listener, fingerprint, names: names.slice(0, EVENT_NAMES_MAX), not_after_ms });
    },
    toldMore: (count) => {
      log.warning(`${count} more certificates expire soon, or have expired`);
      events.append({ event: "CERTIFICATES_EXPIRING", count });
    },
  });
}

/** Looks after the workers and the certificates; gives how to end that, and the change of ticket keys. */
function startWatching(control: Control, secrets: MainSecrets): () => void {
  const { workers, expiryWatch, configuration, limits } = control;
  const look = (): void => {
    watch = setTimeout(look, workers.watch());
  };
  let watch = setTimeout(look, limits.watchEveryMs);
  const checkExpiry = (): void => expiryWatch.check(configuration.state.certificates.values());
  const expiry = setInterval(checkExpiry, limits.expiryCheckMs);
  return () => {
    clearTimeout(watch);
    clearInterval(expiry);
    secrets.stop();
  };
}

/** Does something after `ms`; what it gives calls that off. */
function laterBy(ms: number): (action: () => void) => () => void {
  return (action) => {
    const timer = setTimeout(action, ms);
    return () => clearTimeout(timer);
  };
}

function newTurns(configuration: Configuration, { roundMsMax }: MainLimits, now: () => number): Turns {
  const roundEnds = (): Promise<void> | undefined => configuration.commit();
  return new Turns({ nextTurn: (turn) => setImmediate(turn), roundEnds, roundMsMax, now });
}

/** Takes one turn, for one action. */
function takerOf(action: () => void): TurnTaker {
  return {
    takeTurn: () => {
      action();
      return false;
    },
  };
}
