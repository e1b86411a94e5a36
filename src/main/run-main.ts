/**
 * The main process: puts its parts together and starts them in order. The socket path is claimed, the workers
 * started, which load the state while it is rebuilt, the listeners opened; the command socket appears when
 * the workers are ready, so whoever can connect can work.
 */
import { setFlagsFromString } from "node:v8";
import { setTimeout } from "node:timers/promises";
import { fail, ok, type Result } from "../base/result.ts";
import { type FileLock, inheritFileLock } from "../io/lock-file.ts";
import type { Log } from "../io/log.ts";
import type { ServiceManager } from "../io/service-manager.ts";
import { counted } from "../base/text.ts";
import { additionsOf } from "../model/dump.ts";
import type { OrderError } from "../model/errors.ts";
import { raiseDescriptorLimit } from "../sys/descriptor-limit.ts";
import { adoptWorkers } from "./adoption/adopt-workers.ts";
import { findWorkerProcesses, lostWorkersText } from "./adoption/lost-workers.ts";
import { findRendezvous, type FoundSocket } from "./adoption/rendezvous-paths.ts";
import { ownAuthor } from "./author.ts";
import type { Control } from "./control.ts";
import { createControl, type MainParts } from "./create-control.ts";
import { inheritDemoBackends, startDemoBackends, type DemoBackends } from "./demo.ts";
import type { ReadConfiguration } from "./file/read-configuration.ts";
import { startFromFile } from "./file/start-from-file.ts";
import type { InheritedSockets } from "./inherited-sockets.ts";
import { MAIN_LIMITS, type MainLimits } from "./limits.ts";
import type { HistoryLimits } from "./history/history.ts";
import type { Listener } from "../model/objects.ts";
import type { Listeners } from "./listeners.ts";
import { executeChange } from "./orders/change-order.ts";
import { tellUnservable } from "./certificates/kept-listeners.ts";
import { Executor } from "./orders/executor.ts";
import { executeOwn, replyInLog } from "./orders/own-order.ts";
import type { Stopped } from "./stop-sequence.ts";
import { resumeOrder } from "./orders/resume-order.ts";
import { claimSocketPath, freeSocketPath } from "./socket/socket-path.ts";
import { CommandServer } from "./socket/command-server.ts";
import { openStateStore, resumeStateStore, type StateStore } from "./store/state-store.ts";
import type { ServingMain } from "./upgrade/main-upgrade.ts";
import { type Inheritance, inheritParts, readInheritance } from "./upgrade/inheritance.ts";
import type { Supervisor } from "./workers/supervisor.ts";

const LISTEN_ATTEMPTS_MAX = 20;
const LISTEN_RETRY_MS = 50;

export interface MainOptions {
  readonly socketPath: string;
  /** The command socket's permissions, as in 0o600. */
  readonly socketMode: number;
  /** A second socket, on which nothing can be changed. */
  readonly readSocket?: { readonly path: string; readonly mode: number };
  readonly workers: number;
  readonly io: "auto" | "uring" | "node";
  /** Where the configuration is kept over restarts; absent: it starts empty. */
  readonly statePath?: string;
  /** The configuration file, read. */
  readonly configuration?: ReadConfiguration | undefined;
  readonly demo: boolean;
  readonly log: Log;
  /** Why the next program could not log there, in words; absent: it can. */
  readonly findLogFault?: (() => string | undefined) | undefined;
  /** As `STATUS` tells it. */
  readonly version: string;
  readonly limits?: Partial<MainLimits>;
  /** The path that this program was started by; an upgrade without another runs what is there then. */
  readonly program?: string;
  /** What the program that we were has left: the descriptor of its document. */
  readonly documentFd?: number;
  /** Who started us, and wants to know how we are; absent: nobody. */
  readonly serviceManager?: ServiceManager;
  /** Listening sockets that we were started with. */
  readonly inheritedSockets?: InheritedSockets;
  /** Another program for the workers: tests have one that misbehaves. */
  readonly workerEntry?: string;
}

/** A proxy that runs. */
export interface MainHandle {
  /** What the workers use, and why. */
  readonly io: string;
  readonly ioReason: string;
  readonly workers: number;
  /** What is listened at now. */
  readonly listeners: readonly Pick<Listener, "address" | "protocol">[];
  /** Fulfilled after a stop, by order or signal; after a clean one the process may exit with 0. */
  readonly stopped: Promise<Stopped>;
  /** Stops softly: no new connections, sessions end; what is left after `deadlineMs` is closed. */
  stopSoftly(deadlineMs: number | undefined): void;
  /** Stops at once. */
  stopHard(): void;
  /** Begins `UPGRADE`; how it goes is logged. */
  upgrade(): void;
  /** Begins `RELOAD_CONFIGURATION`; how it goes is logged. */
  reload(): void;
}

/** Starts the proxy. The error is a sentence for the user; nothing is left running then. */
export async function runMain(options: MainOptions): Promise<Result<MainHandle, string>> {
  const limits = { ...MAIN_LIMITS, ...options.limits };
  const { log } = options;
  // A forecast tries frontends' regexes: one that backtracks too much must not stop the loop.
  setFlagsFromString("--enable-experimental-regexp-engine-on-excessive-backtracks");
  log.debug("descriptor limit", { descriptors_max: raiseDescriptorLimit() });
  const inherited = options.documentFd === undefined ? undefined : readInheritance(options.documentFd);
  if (inherited?.ok === false) return fail(`cannot take over: ${inherited.error}`);
  const heritage = inherited?.value;
  const place = await claimPlace(options.socketPath, heritage);
  if (!place.ok) return place;
  const { lock, found } = place.value;
  const main = createControl({ ...options, limits, carried: heritage?.main });
  const { control } = main;
  const startWorkers = (): ReturnType<Supervisor["setCount"]> =>
    control.supervisor.setCount(heritage?.main.workers ?? options.workers, (step) => log.debug(step), 0);
  // They load the state while it is read; but where some are left, first it is seen how many are missing.
  const starting = found.length === 0 && heritage === undefined ? startWorkers() : undefined;
  const opened = await openStore(main, options, heritage);
  const giveUp = async (reason: string): Promise<Result<never, string>> => {
    control.workers.releaseAdopted();
    await control.supervisor.killAll();
    main.stopTimers();
    control.listeners.closeAll();
    if (opened.ok) await opened.value.close();
    lock.release();
    return fail(reason);
  };
  if (!opened.ok) return giveUp(opened.error);
  const store = opened.value;
  control.configuration.adopt(store);
  tellUnservable(store.state.listeners.values(), log);
  if (heritage !== undefined) {
    inheritParts(control, heritage);
    main.secrets.adopt(heritage.main.secrets);
  }
  await adoptWorkers(found, { control, takeSecrets: (secrets) => main.secrets.adopt(secrets) });
  const started = await startServing(main, () => starting ?? startWorkers());
  if (!started.ok) {
    const lost = started.error.code === "ADDRESS_IN_USE" ? findWorkerProcesses(options.socketPath) : [];
    const reached = new Set(control.workers.all().map(({ pid }) => pid));
    return giveUp(started.error.message + lostWorkersText(lost.filter((pid) => !reached.has(pid))));
  }
  if (options.configuration !== undefined && heritage === undefined) {
    const read = await startFromFile(control, options.configuration);
    if (!read.ok) return giveUp(read.error);
  }
  const demoStarted = await startDemo(main, options, heritage);
  if (!demoStarted.ok) return giveUp(demoStarted.error);
  const demo = demoStarted.value;
  const executor = new Executor(main.control);
  const server = new CommandServer({ executor, limits, turns: main.turns });
  try {
    await openCommandSocket(main, server, options, heritage);
  } catch (error) {
    demo?.stop();
    return giveUp(`cannot open the command socket ${options.socketPath}: ${String(error)}`);
  }
  control.file.rightsChanged = () => server.endForbidden();
  const [{ secrets }, { socketPath, findLogFault }] = [main, options];
  const kept = { store, socketPath, socketLock: lock, demoFd: demo?.fd, findLogFault };
  const serving = { control, server, secrets, ...kept };
  control.mainUpgrade.bind(serving);
  const stopped = whenStopped(serving, () => {
    main.stopTimers();
    demo?.stop();
  });
  control.serviceManager.ready(readyText(control));
  return ok(handleOf(main, executor, stopped));
}

/** Fulfilled when everything has ended; `endRest` ends what is not known here. */
async function whenStopped(
  { control, server, store, socketLock }: ServingMain,
  endRest: () => void,
): Promise<Stopped> {
  const how = await control.stopSequence.stopped;
  endRest();
  await control.mainUpgrade.whenOver();
  // The orders that wait for this end, too, are answered first; only then their connections close.
  await new Promise<void>((resolve) => setImmediate(resolve));
  await server.close();
  await store.close();
  socketLock.release();
  control.log.info("stopped");
  return how;
}

/** The command socket is ours, or was before; and where workers of a main before us are met. */
async function claimPlace(
  path: string,
  heritage: Inheritance | undefined,
): Promise<Result<{ readonly lock: FileLock; readonly found: readonly FoundSocket[] }, string>> {
  const lock =
    heritage === undefined ? await claimSocketPath(path) : ok(inheritFileLock(heritage.main.socket_lock_fd));
  if (!lock.ok) return lock;
  const found = findRendezvous(path);
  if (found.ok) return ok({ lock: lock.value, found: found.value });
  lock.value.release();
  return found;
}

async function openStore(
  main: MainParts,
  { statePath, log }: MainOptions,
  heritage: Inheritance | undefined,
): Promise<Result<StateStore, string>> {
  const { limits } = main.control;
  const { journalBytesMax } = limits;
  const history = historyLimits(limits);
  if (heritage === undefined)
    return openStateStore(statePath, { log, journalBytesMax, history, follow: main.follow });
  const { state } = heritage;
  main.follow(additionsOf(state));
  return resumeStateStore(statePath, { state, ...heritage.main }, { log, journalBytesMax, history });
}

function historyLimits(limits: MainLimits): HistoryLimits {
  const { historyRevisionsMax, historyBytesMax, historyRecordCharsMax } = limits;
  return {
    revisionsMax: historyRevisionsMax,
    bytesMax: historyBytesMax,
    recordCharsMax: historyRecordCharsMax,
  };
}

async function openCommandSocket(
  { control }: MainParts,
  server: CommandServer,
  { socketPath, socketMode, readSocket, log }: MainOptions,
  heritage: Inheritance | undefined,
): Promise<void> {
  const readFd = heritage?.main.read_socket_fd;
  if (readSocket !== undefined) {
    const { path, mode } = readSocket;
    if (readFd !== undefined) await server.inheritForReading({ path, fd: readFd });
    else {
      const freed = await freeSocketPath(path);
      if (!freed.ok) throw new Error(freed.error);
      await server.listenForReading(path, mode);
    }
  }
  if (heritage === undefined) return server.listen(socketPath, socketMode);
  const { fromVersion, main } = heritage;
  const inherited = { path: socketPath, fd: main.command_socket_fd, sessions: main.sessions };
  await server.inherit(inherited, (order, reply) => resumeOrder(control, order, reply));
  for (const { type, order } of main.own_orders) void resumeOrder(control, order, replyInLog(control, type));
  log.info("main is another program now", { version: control.version, from_version: fromVersion });
}

/** Listeners and workers. */
async function startServing(
  { control, stateIsWhole }: MainParts,
  whenStarted: () => ReturnType<Supervisor["setCount"]>,
): Promise<Result<void, OrderError>> {
  const { configuration, listeners } = control;
  for (const [address, { draining }] of configuration.state.listeners) {
    if (draining === true || listeners.find(address) !== undefined) continue;
    const prepared = await prepareInTime(listeners, address);
    if (!prepared.ok) {
      const { code, message } = prepared.error;
      return fail({ code, message: `cannot listen at ${address}: ${message}` });
    }
    listeners.publish(address);
  }
  stateIsWhole();
  control.expiryWatch.check(configuration.state.certificates.values());
  const set = await whenStarted();
  return set.ok ? ok(undefined) : set;
}

/** The demo, if it is wanted. */
async function startDemo(
  { control }: MainParts,
  options: MainOptions,
  heritage: Inheritance | undefined,
): Promise<Result<DemoBackends | undefined, string>> {
  if (heritage?.main.demo_fd !== undefined) return ok(inheritDemoBackends(heritage.main.demo_fd));
  if (!options.demo) return ok(undefined);
  const demo = await startDemoBackends();
  if (!demo.ok) return demo;
  for (const order of demo.value.orders) {
    const refusal = await new Promise<string | undefined>((resolve) => {
      control.inTurn(() =>
        executeChange(control, order, false, {
          author: ownAuthor(),
          via: "signal",
          processing: () => undefined,
          hasRoom: true,
          onRoom: () => undefined,
          ok: () => resolve(undefined),
          refuse: (error) => resolve(order.type === "REMOVE_BACKEND" ? undefined : error.message),
          carry: () => undefined,
          lasts: () => undefined,
          onGone: () => undefined,
        }),
      );
    });
    if (refusal === undefined) continue;
    demo.value.stop();
    return fail(`the demo cannot start: ${refusal}`);
  }
  return demo;
}

/** After a crash of main, the workers of the one before may hold the address for a moment more. */
async function prepareInTime(listeners: Listeners, address: string): Promise<Result<void, OrderError>> {
  for (let attempt = 1; ; attempt++) {
    const prepared = listeners.prepare(address);
    if (prepared.ok || prepared.error.code !== "ADDRESS_IN_USE" || attempt === LISTEN_ATTEMPTS_MAX)
      return prepared;
    await setTimeout(LISTEN_RETRY_MS);
  }
}

function readyText({ configuration, listeners, supervisor }: Control): string {
  const open = listeners.open().length;
  return `${counted(supervisor.wanted, "worker")}, ${counted(open, "listener")}, revision ${configuration.revision}`;
}

function handleOf({ control }: MainParts, executor: Executor, stopped: Promise<Stopped>): MainHandle {
  const { configuration, stopSequence, workers, listeners, supervisor } = control;
  const [first] = workers.all();
  return {
    io: first?.io ?? "",
    ioReason: first?.ioReason ?? "",
    workers: supervisor.wanted,
    listeners: listeners.open().map(({ address }) => ({
      address,
      protocol: configuration.state.listeners.get(address)?.protocol ?? "http",
    })),
    stopped,
    stopSoftly: (deadlineMs) => void stopSequence.softly(deadlineMs),
    stopHard: () => void stopSequence.hard(),
    upgrade: () => executeOwn(control, executor, "UPGRADE"),
    reload: () => executeOwn(control, executor, "RELOAD_CONFIGURATION"),
  };
}
