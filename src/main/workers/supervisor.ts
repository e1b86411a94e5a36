/**
 * How many workers there are, and what happens when one is gone: replaced, with back-off when it dies again
 * and again. Starts, restarts and stops them without a moment in which nobody accepts. The processes
 * themselves are `worker-set.ts`.
 *
 * Rules of this file:
 *  1. A worker that is to leave leaves only when those that stay are ready.
 *  2. A number is given again as soon as its worker is gone: the lowest free one.
 *  3. Those that are too many hand over what they have to those that stay. One that cannot finishes it
 *     itself.
 */
import { counted } from "../../base/text.ts";
import { fail, ok, type Result } from "../../base/result.ts";
import { comeForward, standBack } from "../../io/niceness.ts";
import type { Log } from "../../io/log.ts";
import type { OrderError } from "../../model/errors.ts";
import type { MainLimits } from "../limits.ts";
import type { EventLog } from "../events/event-log.ts";
import type { MainCounters } from "../metrics/main-metrics.ts";
import { Conditions } from "./conditions.ts";
import { Replacements } from "./replacements.ts";
import type { WorkerProgram } from "./worker-origin.ts";
import type { WorkerProcess } from "./worker-process.ts";
import type { WorkerSet } from "./worker-set.ts";

/**
 * A worker's exit code when it cannot run as it was told (sysexits.h EX_CONFIG): starting it again would not
 * help.
 */
const EXIT_CONFIGURATION = 78;

/** One step of something long, as a sentence. */
export type TellStep = (message: string) => void;

export interface SupervisorOptions {
  readonly workers: Pick<WorkerSet, "all" | "get" | "handOver" | "kill" | "spawn" | "stop">;
  readonly counters: MainCounters;
  readonly events: EventLog;
  readonly limits: MainLimits;
  readonly log: Log;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Main's own version: of too many workers, those of another leave first. */
  readonly version: string;
  /** One worker gives what it has to another, from now on. */
  readonly handOverBegins: (giver: number, taker: number) => void;
}

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #replacements = new Replacements();
  readonly #conditions = new Conditions(() => this.#refusal !== undefined && !this.isStopping);
  /** Started to take another's place, which has not left it yet. */
  readonly #extras = new Set<WorkerProcess>();
  /** Killed because they are not wanted after all. */
  readonly #unwanted = new Set<WorkerProcess>();
  /** Those that were too many, and hand over what they have. */
  readonly #surplus = new Set<WorkerProcess>();
  #wanted = 0;
  #state: "running" | "stopping" = "running";
  #refusal: string | undefined;
  /** So many workers did not end by themselves. */
  #cutShort = 0;

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  /** The number of workers that there should be. */
  get wanted(): number {
    return this.#wanted;
  }

  /** How many workers ever had to be killed, or died, once they were ready. */
  get cutShort(): number {
    return this.#cutShort;
  }

  /** A worker is ready. */
  ready(worker: WorkerProcess): void {
    // One that is to take another's place may still be sent away: it counts when it takes over.
    if (!this.#extras.has(worker)) this.#started(worker);
    this.#conditions.changed();
  }

  #started({ number: worker, pid }: WorkerProcess): void {
    this.#options.events.append({ event: "WORKER_STARTED", worker, pid });
  }

  /** A worker of a main before us goes on with us. */
  adopted(worker: WorkerProcess): void {
    const { number, pid, state } = worker;
    // Whoever let it hand over wanted it to leave.
    if (state === "handing-over") this.#surplus.add(worker);
    this.#options.events.append({ event: "WORKER_ADOPTED", worker: number, pid });
  }

  /** A process is gone. */
  exited(worker: WorkerProcess, reason: string, code: number | null): void {
    const { log, events } = this.#options;
    const { number, pid } = worker;
    const isExtra = this.#extras.delete(worker);
    this.#surplus.delete(worker);
    this.#runOn(worker);
    const wasUnwanted = this.#unwanted.delete(worker);
    if (worker.state !== "starting" && !worker.hasLeft && !wasUnwanted) this.#cutShort++;
    if (isExtra && !worker.hasLeft) {
      const how = worker.state === "starting" ? "did not start" : "died before it took over";
      const what = wasUnwanted ? "is not wanted after all, and was ended" : how;
      log.warning(`worker ${number} ${what}`, { pid, reason });
    } else if (worker.state === "stopping" || (worker.state === "handing-over" && worker.hasLeft)) {
      log.info(`worker ${number} left`, { pid, reason });
      if (!isExtra) events.append({ event: "WORKER_STOPPED", worker: number, pid });
    } else if (this.#state === "running") this.#replace(worker, reason, code);
    this.#conditions.changed();
  }

  /**
   * Sets the number of workers; fulfilled when those that stay are ready, and those that leave have left, or
   * still finish after `leaveWaitMs`.
   */
  async setCount(
    count: number,
    tell: TellStep,
    leaveWaitMs: number = this.#options.limits.leaveWaitMs,
  ): Promise<Result<{ readonly leaving: readonly number[] }, OrderError>> {
    const before = this.#wanted;
    this.#wanted = count;
    this.#refusal = undefined;
    while (this.#staying().length < count) tell(`worker ${this.#spawn().number} starts`);
    const ready = await this.#conditions.until(
      () => this.isStopping || this.#readyCount() >= this.#wanted,
      this.#options.limits.workerReadyMsMax,
    );
    if (this.isStopping) return fail(this.#notReady());
    if (!ready) {
      if (this.#wanted === count) this.#giveUp(before);
      return fail(this.#notReady());
    }
    if (this.#wanted !== count) return ok({ leaving: [] });
    const leaving = this.#tooMany(count);
    for (const worker of leaving) this.#leave(worker, tell);
    return ok({ leaving: await this.#waitForLeaving(leaving, tell, leaveWaitMs) });
  }

  /**
   * Starts one worker more than there should be, to take another's place: fulfilled when it accepts. It is
   * not replaced while it is extra. The error says why it does not come about.
   */
  async startExtra(
    program: WorkerProgram | undefined,
    spawned: (worker: WorkerProcess) => void,
  ): Promise<Result<WorkerProcess, string>> {
    this.#refusal = undefined;
    const worker = this.#spawn(program);
    this.#extras.add(worker);
    // While it starts, the others serve.
    const niceness = worker.pid === 0 ? undefined : standBack(worker.pid);
    spawned(worker);
    const isOver = (): boolean => worker.state === "running" || this.#isGone(worker) || this.isStopping;
    const isSoon = await this.#conditions.until(isOver, this.#options.limits.workerReadyMsMax);
    if (niceness !== undefined) comeForward(worker.pid, niceness);
    if (worker.state === "running") return ok(worker);
    const reason = worker.fault ?? (isSoon ? "the proxy is stopping" : "it was not ready in its time");
    await this.discard(worker, reason);
    return fail(`worker ${worker.number} did not start: ${reason}`);
  }

  /** Has `giver` hand all that it has over to an extra worker, which then counts, and leave. */
  handOver(giver: WorkerProcess, taker: WorkerProcess, deadlineMs: number | undefined): void {
    if (this.#extras.delete(taker)) this.#started(taker);
    this.#options.handOverBegins(giver.number, taker.number);
    this.#options.workers.handOver(giver, taker, deadlineMs);
  }

  /** A worker told of its hand-over. If it took back what it was to give, it runs on. */
  handedOver(worker: WorkerProcess): void {
    if (worker.tookBack !== undefined) this.#keeps(worker);
    this.#conditions.changed();
  }

  /** Ends a worker that is not wanted after all: nobody replaces it. Fulfilled when it is gone. */
  async discard(worker: WorkerProcess, why: string): Promise<void> {
    if (this.#isGone(worker)) return;
    worker.state = "stopping";
    this.#unwanted.add(worker);
    this.#options.workers.kill(worker, why);
    await this.#conditions.until(() => this.#isGone(worker), undefined);
  }

  /**
   * True when `condition` is met, which the doings of workers change; false if not in time (`undefined`: no
   * bound).
   */
  until(condition: () => boolean, patienceMs: number | undefined): Promise<boolean> {
    return this.#conditions.until(condition, patienceMs);
  }

  /** Lets all leave; fulfilled when all are gone. Past the deadline they are killed. */
  async stopAll(deadlineMs: number | undefined): Promise<void> {
    const { stopGraceMs } = this.#options.limits;
    await this.#endAll(deadlineMs, deadlineMs === undefined ? undefined : deadlineMs + stopGraceMs);
  }

  /**
   * Ends all at once: each cuts its connections by a reset, so that nobody takes a part for the whole. Who
   * does not in time is killed.
   */
  async cutAll(): Promise<void> {
    await this.#endAll(0, this.#options.limits.cutMsMax);
  }

  /** Kills all: nothing is said to anybody. */
  async killAll(): Promise<void> {
    this.#endReplacing();
    const { workers } = this.#options;
    for (const worker of workers.all()) worker.kill();
    await this.#conditions.until(() => workers.all().length === 0, undefined);
  }

  async #endAll(deadlineMs: number | undefined, patienceMs: number | undefined): Promise<void> {
    this.#endReplacing();
    const { workers } = this.#options;
    for (const worker of workers.all()) {
      if (worker.state === "starting") worker.kill();
      else workers.stop(worker, deadlineMs);
    }
    if (await this.#conditions.until(() => workers.all().length === 0, patienceMs)) return;
    await this.killAll();
  }

  /** A worker has what it was to give. If there are enough without it, it finishes that, and leaves. */
  #keeps(worker: WorkerProcess): void {
    if (worker.state === "handing-over") worker.state = "running";
    if (!this.#surplus.delete(worker) || worker.state !== "running") return;
    // Before we know how many there should be, it counts as all others do.
    if (this.#wanted > 0 && this.#staying().length > this.#wanted)
      this.#options.workers.stop(worker, undefined);
  }

  /** Whoever gave its connections to a worker that is gone goes on with what that one did not get. */
  #runOn(gone: WorkerProcess): void {
    for (const giver of this.#options.workers.all().filter(isGivingTo(gone))) this.#keeps(giver);
  }

  #endReplacing(): void {
    this.#state = "stopping";
    this.#replacements.cancel();
    this.#conditions.changed();
  }

  /** True when all workers are to leave. */
  get isStopping(): boolean {
    return this.#state === "stopping";
  }

  #spawn(program?: WorkerProgram): WorkerProcess {
    const { workers, counters } = this.#options;
    counters.workersStarted++;
    let number = 0;
    while (workers.get(number) !== undefined || this.#replacements.has(number)) number++;
    return workers.spawn(number, program);
  }

  /** Those that are not on their way out, by number. */
  #staying(): readonly WorkerProcess[] {
    return this.#options.workers
      .all()
      .filter((worker) => ["starting", "running"].includes(worker.state) && !this.#extras.has(worker));
  }

  /**
   * Who leaves when `count` stay: those that are not ready before those that are, those that drain before
   * those that accept, those of another version than ours before those of it, high numbers before low.
   */
  #tooMany(count: number): readonly WorkerProcess[] {
    const rank = ({ state, isDraining, program }: WorkerProcess): number => {
      if (state === "starting") return 3;
      if (isDraining) return 2;
      return program?.version === this.#options.version ? 0 : 1;
    };
    return [...this.#staying()].sort((a, b) => rank(a) - rank(b)).slice(count);
  }

  /** Goes back to `count` workers: those that did not become ready are ended, and not replaced. */
  #giveUp(count: number): void {
    this.#wanted = count;
    for (const worker of this.#tooMany(count)) {
      worker.state = "stopping";
      worker.kill();
    }
  }

  #readyCount(): number {
    return this.#staying().filter((worker) => worker.state === "running").length;
  }

  #isGone(worker: WorkerProcess): boolean {
    return this.#options.workers.get(worker.number) !== worker;
  }

  #leave(worker: WorkerProcess, tell: TellStep): void {
    const { connections, number } = worker;
    const heir = worker.state === "running" ? this.#heirOf(worker) : undefined;
    if (heir === undefined) {
      // What it takes over comes back to those who are replaced by it: they are no less too many.
      for (const giver of this.#options.workers.all().filter(isGivingTo(worker))) this.#surplus.add(giver);
      this.#options.workers.stop(worker, undefined);
    } else {
      this.#surplus.add(worker);
      this.handOver(worker, heir, undefined);
    }
    const has = counted(connections, "connection");
    if (heir === undefined) tell(`worker ${number} leaves; ${has} remain`);
    else tell(`worker ${number} hands ${has} over to worker ${heir.number}, and leaves`);
  }

  /**
   * Who takes over from a worker that is too many: of those that stay, the one that takes from the fewest.
   * Nobody, while it takes over itself.
   */
  #heirOf(worker: WorkerProcess): WorkerProcess | undefined {
    const givers = (to: WorkerProcess): number => this.#options.workers.all().filter(isGivingTo(to)).length;
    if (givers(worker) > 0) return undefined;
    const leaving = this.#tooMany(this.#wanted);
    const [heir] = this.#staying()
      .filter((each) => each.state === "running" && !each.isDraining && !leaving.includes(each))
      .sort((a, b) => givers(a) - givers(b));
    return heir;
  }

  /** Most leave at once; one with open sessions may take long, and nobody waits for it. */
  async #waitForLeaving(
    leaving: readonly WorkerProcess[],
    tell: TellStep,
    leaveWaitMs: number,
  ): Promise<readonly number[]> {
    const told = new Set<WorkerProcess>();
    const allGone = (): boolean => {
      for (const worker of leaving) {
        if (!this.#isGone(worker) || told.has(worker)) continue;
        told.add(worker);
        tell(`worker ${worker.number} left`);
      }
      return told.size === leaving.length;
    };
    await this.#conditions.until(allGone, leaveWaitMs);
    return leaving.filter((worker) => !this.#isGone(worker)).map((worker) => worker.number);
  }

  #replace(worker: WorkerProcess, end: string, code: number | null): void {
    const { log, now, counters, events, limits } = this.#options;
    const { number, pid, fault: reason = end } = worker;
    counters.workersDied++;
    const death = this.#replacements.died(number, now());
    if (code === EXIT_CONFIGURATION)
      this.#refusal = `worker ${number} cannot run as it was told: the log says why`;
    else if (worker.state === "starting" && death.count >= limits.startDeathsMax) {
      this.#refusal = `worker ${number} dies again and again before it is ready: ${reason}`;
    }
    const told = { pid, reason, deaths: death.count, replaced_in_ms: death.replacedInMs };
    log.error(`worker ${number} ${death.count > 1 ? "keeps dying" : "died"}`, told);
    events.append({ event: "WORKER_DIED", worker: number, ...told });
    if (!this.#isShort) return;
    this.#replacements.schedule(number, death.replacedInMs, () => {
      if (!this.#isShort) return;
      counters.workersReplaced++;
      // One that was upgraded stays so, unless its program does not start any more.
      this.#spawn(worker.state === "starting" ? undefined : worker.runs);
    });
  }

  /** True while fewer stay, or wait to be started, than there should be. */
  get #isShort(): boolean {
    return this.#staying().length + this.#replacements.count < this.#wanted;
  }

  #notReady(): OrderError {
    return {
      code: "WORKER_FAILED",
      message: this.#refusal ?? "a worker did not become ready; the log says why",
    };
  }
}

/** Whether a worker gives its connections to `taker`. */
function isGivingTo(taker: WorkerProcess): (giver: WorkerProcess) => boolean {
  return ({ state, givesTo }) => state === "handing-over" && givesTo === taker.number;
}
