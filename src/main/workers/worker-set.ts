/**
 * All worker processes: what is sent to all, what each says, and who counts. How many there should be, and
 * what happens when one is gone, is for `supervisor.ts`.
 *
 * Rules of this file:
 *  1. A worker counts (in `Gathering`) from the moment it is ready, and is handed the listeners only then.
 *     All changes sent before are ahead of the listeners in its channel, so it never accepts with an older
 *     configuration.
 *  2. A worker that leaves still decides requests of its sessions: it gets every change, and it counts, until
 *     it is gone.
 *  3. A worker that hangs, drifts, or does not read is killed; its exit tells the rest.
 *  4. The secrets of TLS are the first thing that a worker is sent, and are never logged.
 */
import { assert } from "../../base/assert.ts";
import { createDescriptorPair } from "../../io/descriptors.ts";
import { removeIfPossible } from "../../io/files.ts";
import { encodeMessage } from "../../io/message-channel.ts";
import type { Hello } from "../../model/adoption.ts";
import type { WorkerStatus } from "../../model/answer-data.ts";
import type { FromWorker, KeptDeadline, Question, ToWorker } from "../../model/channel.ts";
import { Pulse } from "./pulse.ts";
import { Questions, type WorkerAnswers } from "./questions.ts";
import { faultOfProgram } from "./program-formats.ts";
import { spawnWorker, type WorkerOrigin, type WorkerProgram } from "./worker-origin.ts";
import { WorkerProcess } from "./worker-process.ts";
import type { Visited, WorkerSetOptions } from "./worker-set-options.ts";

/** A change of more objects than this may hold a worker's loop for a while, and that is no hang. */
const LARGE_CHANGE = 10_000;
const CHANGE_MS_MAX = 0.05;

export class WorkerSet {
  readonly #options: WorkerSetOptions;
  readonly #workers: Map<number, WorkerProcess> = new Map();
  readonly #pulse: Pulse;
  readonly #questions = new Questions();
  /** Adopted ones, and who is told what they say first. */
  readonly #visited: Map<WorkerProcess, Visited> = new Map();
  /** How long workers serve on when we are gone; `null`: for ever. */
  #serveMs: number | null;

  constructor(options: WorkerSetOptions) {
    this.#options = options;
    this.#serveMs = options.serveAloneMs;
    const { workerSilenceMsMax, watchEveryMs } = options.limits;
    this.#pulse = new Pulse({
      silenceMsMax: workerSilenceMsMax,
      lookEveryMs: watchEveryMs,
      nowMs: options.now(),
    });
  }

  get(worker: number): WorkerProcess | undefined {
    return this.#workers.get(worker);
  }

  /** By number. */
  all(): readonly WorkerProcess[] {
    return [...this.#workers.values()].sort((a, b) => a.number - b.number);
  }

  /** What workers run unless somebody says otherwise. */
  get ownProgram(): WorkerProgram {
    return { kind: "entry", path: this.#options.workerEntry };
  }

  /** Spawns a worker and lets it load the state. */
  spawn(number: number, runs?: WorkerProgram): WorkerProcess {
    const { io, hooks, log, rendezvous } = this.#options;
    const program = runs ?? this.ownProgram;
    const worker = this.#add(number, spawnWorker(number, { io, program, rendezvous: rendezvous(number) }));
    worker.runs = runs;
    log.debug(`worker ${number} starts`, { pid: worker.pid });
    worker.send({ type: "secrets", secrets: hooks.secrets() });
    this.#sayWhatAlone(worker);
    hooks.withState((load) => {
      if (this.#workers.get(number) === worker) worker.load(load);
    });
    return worker;
  }

  /**
   * Takes over a worker that another main has started. `greeted` is called with its first word; it is
   * starting, and counts for nobody, until `runOn`.
   */
  adopt(number: number, origin: WorkerOrigin, visited: Visited): WorkerProcess {
    const worker = this.#add(number, origin);
    this.#visited.set(worker, visited);
    return worker;
  }

  /** An adopted worker has been met: it counts from now on, and goes on as it was. */
  runOn(worker: WorkerProcess, hello: Hello): void {
    const { gathering, log } = this.#options;
    worker.io = hello.io;
    worker.ioReason = hello.io_reason;
    worker.revision = hello.revision;
    worker.hash = hello.hash;
    worker.connections = hello.connections ?? 0;
    worker.givesTo = hello.gives_to;
    worker.isDraining = hello.draining === true;
    worker.state = hello.presence === "leaving" ? "stopping" : hello.presence;
    gathering.join(worker.number, hello.revision);
    this.#pulse.forget(worker.number);
    this.#pulse.heard(worker.number, this.#options.now());
    this.#sayWhatAlone(worker);
    log.info(`worker ${worker.number} is taken over`, { pid: worker.pid, version: hello.program.version });
  }

  /** Lets go of the adopted: they serve on without us. */
  releaseAdopted(): void {
    for (const worker of this.all().filter(({ isAdopted }) => isAdopted)) this.release(worker);
  }

  /** Lets go of a worker, which lives on. */
  release(worker: WorkerProcess): void {
    this.#forget(worker);
    worker.release();
  }

  /**
   * Sends an accepted change to every worker, in order with what was sent before. A large one gets time in
   * proportion. One that waits for its state finds the change in it.
   */
  broadcast(messages: readonly string[], changeCount: number): void {
    const patienceMs = changeCount > LARGE_CHANGE ? changeCount * CHANGE_MS_MAX : 0;
    for (const worker of this.#workers.values()) {
      if (!worker.hasState) continue;
      this.#sendAll(worker, messages);
      if (patienceMs > 0) this.#pulse.heard(worker.number, this.#options.now() + patienceMs);
    }
  }

  /** Asks all that count to close what still uses a drain. */
  closeDrained(drain: number): void {
    this.broadcast([encodeMessage({ type: "close-drained", drain } satisfies ToWorker)], 0);
  }

  /** Has all keep when drains are to be closed, for a main that comes after us. */
  keepDeadlines(deadlines: readonly KeptDeadline[]): void {
    const message = { type: "alone", serve_ms: this.#serveMs, deadlines } satisfies ToWorker;
    this.broadcast([encodeMessage(message)], 0);
  }

  /** There are new ticket keys: all take them, those that still load the state, too. */
  shareSecrets(): void {
    const secrets = this.#options.hooks.secrets();
    const messages = [encodeMessage({ type: "secrets", secrets } satisfies ToWorker)];
    for (const worker of this.#workers.values()) this.#sendAll(worker, messages);
  }

  /** Hands a listener to all that accept. */
  listen(address: string, fd: number): void {
    for (const worker of this.#workers.values()) if (hasListeners(worker)) worker.listen(address, fd);
  }

  /** Asks all that accept to empty a listener's queue; returns who was asked. */
  unlisten(address: string, atStop: boolean): readonly number[] {
    const asked = this.all().filter(hasListeners);
    for (const worker of asked) worker.send({ type: "unlisten", address, ...(atStop && { at_stop: true }) });
    return asked.map((worker) => worker.number);
  }

  /** Asks every worker that has a state; those that die meanwhile are left out. */
  ask(what: Question): Promise<WorkerAnswers> {
    const asked = this.all().filter((worker) => worker.state !== "starting");
    const { number, answers } = this.#questions.open(asked.map((worker) => worker.number));
    for (const worker of asked) worker.send({ type: "ask", question: number, what });
    return answers;
  }

  /** Asks one worker; `undefined` if it is gone before it has answered. */
  async askOne(worker: WorkerProcess, what: Question): Promise<unknown> {
    const { number, answers } = this.#questions.open([worker.number]);
    worker.send({ type: "ask", question: number, what });
    return (await answers).get(worker.number);
  }

  /**
   * Has a worker give all its connections to another, and leave. Both can speak to each other from now on,
   * and need nobody for it.
   */
  handOver(giver: WorkerProcess, taker: WorkerProcess, deadlineMs: number | undefined): void {
    const [messages, descriptors] = [createDescriptorPair(), createDescriptorPair()];
    assert(messages.ok && descriptors.ok, "no descriptor pairs for a hand-over");
    giver.state = "handing-over";
    giver.given = giver.tookBack = undefined;
    giver.givesTo = taker.number;
    taker.sendWith([messages.value.theirs, descriptors.value.theirs], {
      type: "take",
      from: giver.number,
    });
    giver.sendWith([messages.value.ours, descriptors.value.ours], {
      type: "give",
      to: taker.number,
      ...(deadlineMs !== undefined && { deadline_ms: deadlineMs }),
    });
  }

  /**
   * We are to become another program: workers wait for it so long, also those that would not serve without
   * main. `undefined`: we are not, after all.
   */
  expectSuccessor(waitMs: number | undefined): void {
    const { serveAloneMs } = this.#options;
    if (serveAloneMs === null) return;
    this.#serveMs = waitMs ?? serveAloneMs;
    for (const worker of this.#workers.values()) this.#sayWhatAlone(worker);
  }

  /** Kills a worker, and keeps why. */
  kill(worker: WorkerProcess, why: string): void {
    worker.fault ??= why;
    this.#pulse.forget(worker.number);
    worker.kill();
  }

  /**
   * Asks a worker to leave: it takes no new connections and goes when its sessions have ended, or at the
   * deadline.
   */
  stop(worker: WorkerProcess, deadlineMs: number | undefined): void {
    worker.state = "stopping";
    worker.send({ type: "stop", ...(deadlineMs === undefined ? {} : { deadline_ms: deadlineMs }) });
  }

  /** Looks for workers that hang, or do not read; gives in how many milliseconds it is to be called again. */
  watch(): number {
    for (const number of this.#pulse.silent(this.#options.now())) {
      this.#kill(number, "gives no sign of life");
    }
    for (const worker of this.#workers.values()) {
      if (worker.unreadBytes > this.#options.limits.channelBytesMax)
        this.#kill(worker.number, "does not read its orders");
    }
    return this.#pulse.nextLookMs - this.#options.now();
  }

  statuses(): readonly WorkerStatus[] {
    return this.all().map((worker) => worker.status);
  }

  #sendAll(worker: WorkerProcess, messages: readonly string[]): void {
    // One that speaks another format leaves without.
    if (worker.isAdopted && worker.program === undefined) return;
    for (const message of messages) worker.sendEncoded(message);
  }

  #received(worker: WorkerProcess, messages: readonly FromWorker[]): void {
    this.#pulse.heard(worker.number, this.#options.now() + this.#patienceWith(worker));
    for (const message of messages) {
      if (worker.program !== undefined) this.#follow(worker, message);
      else this.#meet(worker, message);
    }
  }

  /** One that still loads its state serves nobody, and a slice of that may last on a busy machine. */
  #patienceWith({ state }: WorkerProcess): number {
    const { workerLoadSilenceMsMax, workerSilenceMsMax } = this.#options.limits;
    return state === "starting" ? workerLoadSilenceMsMax - workerSilenceMsMax : 0;
  }

  /** What a worker says before it is ready is not relied on: its program may be another. */
  #meet(worker: WorkerProcess, message: FromWorker): void {
    if (message.type === "log" || message.type === "refused") return this.#follow(worker, message);
    if (message.type !== "ready" && message.type !== "hello") return;
    const fault = faultOfProgram(message.program);
    if (fault !== undefined) return this.#part(worker, fault, message);
    worker.program = message.program;
    this.#follow(worker, message);
  }

  #follow(worker: WorkerProcess, message: FromWorker): void {
    const { hooks, log } = this.#options;
    switch (message.type) {
      case "hello":
        return this.#visited.get(worker)?.greeted(message);
      case "state":
        return this.#visited.get(worker)?.toldState();
      case "refused":
        return this.#visited.get(worker)?.refused();
      case "ready":
        return this.#ready(worker, message);
      case "applied":
        for (const use of message.uses) hooks.drainBegins(worker.number, use);
        return this.#applied(worker, message.revision, message.hash);
      case "heartbeat":
        worker.connections = message.connections;
        worker.tlsHandles = message.tls_handles;
        hooks.counted(worker.number, message.totals);
        return this.#applied(worker, message.revision, message.hash);
      case "drain":
        return hooks.drainChanged(worker.number, message.use);
      case "unlistened":
        return hooks.unlistened(worker.number, message.address);
      case "backend": {
        const { cluster_id, backend_id, state, ...fields } = message.change;
        const level = state === "down" ? "warning" : "info";
        const text = `backend ${backend_id} of cluster ${cluster_id} is ${state}`;
        log[level](text, { worker: worker.number, ...fields });
        return hooks.backendChanged(worker.number, message.change);
      }
      case "given":
        worker.given = message.progress;
        return hooks.handedOver(worker);
      case "took-back":
        worker.tookBack = message.reason;
        return hooks.handedOver(worker);
      case "answer":
        return this.#questions.answered(worker.number, message.question, message.data);
      case "log":
        return log[message.level](`worker ${worker.number}: ${message.message}`);
    }
  }

  #ready(worker: WorkerProcess, message: FromWorker & { readonly type: "ready" }): void {
    const { gathering, hooks, log } = this.#options;
    worker.io = message.io;
    worker.ioReason = message.io_reason;
    worker.revision = message.revision;
    worker.hash = message.hash;
    gathering.join(worker.number, message.revision);
    if (worker.state === "starting") {
      worker.state = "running";
      // The patience with its start is over: from now on silence is silence.
      this.#pulse.forget(worker.number);
      this.#pulse.heard(worker.number, this.#options.now());
      for (const { address, fd } of hooks.openListeners()) worker.listen(address, fd);
    }
    log.info(`worker ${worker.number} runs`, { pid: worker.pid, io: message.io, reason: message.io_reason });
    this.#applied(worker, message.revision, message.hash);
    hooks.ready(worker);
  }

  #applied(worker: WorkerProcess, revision: number, hash: string): void {
    worker.revision = revision;
    worker.hash = hash;
    // What it has while it loads is no revision of the configuration.
    if (worker.state === "starting") return;
    const { gathering, hooks } = this.#options;
    const agrees = gathering.applied(worker.number, revision, hash);
    if (agrees && (hooks.hashAt(revision) ?? hash) === hash) return;
    this.#kill(worker.number, `has drifted: its configuration differs at revision ${revision}`);
  }

  #kill(number: number, why: string): void {
    this.#options.log.error(`worker ${number} ${why}; it is killed and replaced`);
    this.#pulse.forget(number);
    const worker = this.#workers.get(number);
    if (worker !== undefined) this.kill(worker, `it ${why}`);
  }

  #exited(worker: WorkerProcess, reason: string, code: number | null): void {
    worker.fault ??= reason;
    worker.hasLeft = code === 0;
    this.#forget(worker);
    removeIfPossible(this.#options.rendezvous(worker.number));
    this.#options.hooks.exited(worker, reason, code);
  }

  #add(number: number, origin: WorkerOrigin): WorkerProcess {
    const { limits, now } = this.#options;
    const worker = new WorkerProcess(number, origin, {
      received: (from, messages) => this.#received(from, messages),
      exited: (from, reason, code) => this.#exited(from, reason, code),
    });
    this.#workers.set(number, worker);
    this.#pulse.heard(number, now() + limits.workerStartMsMax - limits.workerSilenceMsMax);
    return worker;
  }

  /** Its program is not one that we can work with. Who has connections may finish them; its sockets stay. */
  #part(worker: WorkerProcess, fault: string, message: FromWorker): void {
    if (!worker.isAdopted) return this.kill(worker, fault);
    this.#options.log.warning(`worker ${worker.number} is asked to leave: ${fault}`, { pid: worker.pid });
    this.#pulse.forget(worker.number);
    this.stop(worker, this.#options.limits.signalStopMs);
    this.#visited.get(worker)?.gone(message.type === "hello" ? message : undefined);
  }

  #sayWhatAlone(worker: WorkerProcess): void {
    worker.send({ type: "alone", serve_ms: this.#serveMs });
  }

  #forget(worker: WorkerProcess): void {
    this.#workers.delete(worker.number);
    this.#visited.get(worker)?.gone();
    this.#visited.delete(worker);
    this.#pulse.forget(worker.number);
    this.#options.gathering.leave(worker.number);
    this.#questions.forgetWorker(worker.number);
  }
}

/** One that gives its connections away keeps its sockets until it leaves: it may have to take them back. */
function hasListeners({ state }: WorkerProcess): boolean {
  return state === "running" || state === "handing-over";
}
