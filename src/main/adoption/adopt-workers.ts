/**
 * Taking over the workers that a main before us has left: it was killed, or has become us. Each goes on with
 * the connections that it has; what it knows of the configuration is brought to what we know.
 *
 * ```text
 *  visited ──hello──► met ──if it has another configuration: its state──► known ──what differs──► runs on
 *     └─ refused, or not in time ─► left to another main, or killed and replaced
 * ```
 *
 * Rules of this file:
 *  1. It is done when our own state is whole, and before anybody can send an order.
 *  2. A worker that is not known in its time hangs, and is killed; one that speaks another format is asked to
 *     leave. Whoever wants so many workers starts others.
 *  3. One that says that it has a main is tried again, since it may not have noticed yet; then it is left
 *     alone.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { removeIfPossible } from "../../io/files.ts";
import { readState } from "../../io/memory-files.ts";
import type { Hello } from "../../model/adoption.ts";
import type { Change, KeptDeadline, TlsSecrets } from "../../model/channel.ts";
import type { State } from "../../model/state.ts";
import type { Control } from "../control.ts";
import { resumeDeadlines } from "../orders/drain-deadlines.ts";
import { drainTarget } from "../orders/publish.ts";
import { encodeApply } from "../workers/worker-messages.ts";
import type { WorkerProcess } from "../workers/worker-process.ts";
import { changesBetween, drainsOf } from "./reconcile.ts";
import type { FoundSocket } from "./rendezvous-paths.ts";
import { SocketHeirs } from "./socket-heirs.ts";
import { type VisitFault, visitWorker } from "./visit.ts";

export interface AdoptionOptions {
  readonly control: Control;
  /** Takes the secrets of TLS that workers have. */
  readonly takeSecrets: (secrets: TlsSecrets) => void;
}

/** A worker that has told all that we must know of it. */
interface Known {
  readonly worker: WorkerProcess;
  readonly hello: Hello;
  /** Its state; absent where it is ours. */
  readonly own: State | undefined;
}

type Greeting =
  | { readonly kind: "hello"; readonly hello: Hello }
  | { readonly kind: "refused" }
  | { readonly kind: "gone" };

/** Takes over whoever is found at these sockets; those of workers that are gone are removed. */
export async function adoptWorkers(
  found: readonly FoundSocket[],
  { control, takeSecrets }: AdoptionOptions,
): Promise<void> {
  if (found.length === 0) return;
  const { drains, workers, limits } = control;
  const heirs = new SocketHeirs();
  const deadlineMs = control.now() + limits.adoptionMs;
  const met = await Promise.all(found.map((socket) => meet(control, heirs, socket, deadlineMs)));
  const known = met.filter((each) => each !== undefined);
  // Those of the first are everybody's; without any, they get ours.
  const secrets = known.find(({ hello }) => hello.secrets !== undefined)?.hello.secrets;
  if (secrets !== undefined) takeSecrets(secrets);
  for (const each of known) runOn(control, each);
  workers.shareSecrets();
  heirs.give(control);
  await Promise.all(known.map(({ worker }) => whenSettled(control, worker)));
  drains.settleAll();
  resumeDeadlines(control, known.flatMap(keptDeadlines));
}

/** `undefined`: it is not taken over. */
async function meet(
  control: Control,
  heirs: SocketHeirs,
  socket: FoundSocket,
  deadlineMs: number,
): Promise<Known | undefined> {
  const { log, now, limits } = control;
  const { adoptionRetryMs: retryMs } = limits;
  for (;;) {
    const visit = beginVisit(control, heirs, socket);
    if (visit === "gone") return undefined;
    if (visit === "crowded") {
      if (now() + retryMs > deadlineMs) {
        log.error(`worker ${socket.number} is left alone: too many others are before its socket`);
        return undefined;
      }
      await sleep(retryMs);
      continue;
    }
    const { worker, greeting, toldState } = visit;
    const first = await within(deadlineMs - now(), greeting);
    if (first === undefined) return giveUp(control, worker, "does not say what it has");
    if (first.kind === "gone") return undefined;
    if (first.kind === "hello") {
      const { hello } = first;
      if (hello.hash === control.configuration.state.hash()) return { worker, hello, own: undefined };
      worker.send({ type: "tell-state" });
      const own = await within(control.limits.adoptionMs, toldState);
      return own === undefined ? giveUp(control, worker, "does not tell its state") : { worker, hello, own };
    }
    control.workers.release(worker);
    if (now() + retryMs > deadlineMs) {
      log.error(`worker ${socket.number} has another main, and is left alone`, { pid: worker.pid });
      return undefined;
    }
    await sleep(retryMs);
  }
}

interface Visit {
  readonly worker: WorkerProcess;
  readonly greeting: Promise<Greeting>;
  readonly toldState: Promise<State | undefined>;
}

function beginVisit(
  control: Control,
  heirs: SocketHeirs,
  { number, path }: FoundSocket,
): Visit | VisitFault["kind"] {
  const { workers, drains, handoverDrains, log } = control;
  const origin = visitWorker(path);
  if (!origin.ok) {
    const { kind, message: reason } = origin.error;
    if (kind === "crowded") return kind;
    log.debug(`worker ${number} of the main before is gone`, { reason });
    removeIfPossible(path);
    return kind;
  }
  const greeting = Promise.withResolvers<Greeting>();
  const toldState = Promise.withResolvers<State | undefined>();
  const worker = workers.adopt(number, origin.value, {
    greeted: (hello) => {
      heirs.take(worker, hello.sockets);
      if (hello.gives_to !== undefined) handoverDrains.begin(number, hello.gives_to);
      // At once: what it says next may be that something of it has ended.
      for (const { drain, order = "", kind, key, stays, connections } of hello.drains) {
        drains.restore(drain, drainTarget(order, kind, key, stays));
        drains.report(number, { drain, connections });
      }
      greeting.resolve({ kind: "hello", hello });
    },
    toldState: () => {
      const [fd] = worker.takeDescriptors();
      const told = fd === undefined ? undefined : readState(fd);
      toldState.resolve(told?.ok === true ? told.value.state : undefined);
    },
    refused: () => greeting.resolve({ kind: "refused" }),
    gone: (word) => {
      // Others are to accept on its listening sockets.
      if (Array.isArray(word?.sockets)) heirs.take(worker, word.sockets);
      greeting.resolve({ kind: "gone" });
      toldState.resolve(undefined);
    },
  });
  return { worker, greeting: greeting.promise, toldState: toldState.promise };
}

function keptDeadlines({ hello }: Known): readonly KeptDeadline[] {
  return hello.drains.flatMap(({ drain, close_at_ms }) => {
    return close_at_ms === undefined ? [] : [{ drain, close_at_ms }];
  });
}

/** It counts from now on; what it differs in goes to it as its next change. */
function runOn(control: Control, { worker, hello, own }: Known): void {
  const { configuration, drains, handoverDrains, limits, workers, supervisor } = control;
  const { state, revision } = configuration;
  workers.runOn(worker, hello);
  supervisor.adopted(worker);
  handoverDrains.changed(worker.number);
  if (own === undefined && hello.revision === revision) return;
  const changes: readonly Change[] = own === undefined ? [] : changesBetween(own, state);
  const requests = drainsOf(changes, drains);
  const messages = encodeApply(
    { revision, changes, drains: requests, reconciles: true },
    limits.changesPerMessageMax,
  );
  for (const message of messages) worker.sendEncoded(message);
}

/** It has what we have, or is killed for not having it in time. */
async function whenSettled(control: Control, worker: WorkerProcess): Promise<void> {
  const { gathering, configuration, workers, limits } = control;
  const settled = Promise.withResolvers<true>();
  const look = (): void => {
    if (workers.get(worker.number) !== worker || worker.revision === configuration.revision)
      settled.resolve(true);
  };
  const unwatch = gathering.watch(look);
  look();
  const isSettled = await within(limits.workerSilenceMsMax, settled.promise);
  unwatch();
  if (isSettled === undefined) giveUp(control, worker, "does not follow what it differs in");
}

function giveUp({ log, workers }: Control, worker: WorkerProcess, why: string): undefined {
  log.error(`worker ${worker.number} of the main before ${why}; it is killed and replaced`, {
    pid: worker.pid,
  });
  workers.kill(worker, why);
  return undefined;
}

/** What is promised; `undefined` if that is not there in time. */
async function within<Value>(ms: number, promised: Promise<Value>): Promise<Value | undefined> {
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => late.resolve(undefined), ms);
  const first = await Promise.race([promised, late.promise]);
  clearTimeout(timer);
  return first;
}
