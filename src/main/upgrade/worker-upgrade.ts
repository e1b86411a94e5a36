/**
 * Replaces a worker without losing what it has: a new one starts, of the same program or another, loads the
 * state and accepts; then the old one hands its connections over, and leaves. Until the hand-over begins
 * nothing has changed for the old one, and a new one that fails is ended.
 *
 * Rules of this file:
 *  1. One at a time: at no moment is there more than one worker too many by it.
 *  2. Whatever dies or hangs, one of the two goes on with each connection; if the new one dies, the old one
 *     accepts again.
 */
import { fail, ok, type Result } from "../../base/result.ts";
import { counted } from "../../base/text.ts";
import type { OrderError } from "../../model/errors.ts";
import type { HandoverProgress } from "../../model/handover.ts";
import type { EventLog } from "../events/event-log.ts";
import type { HandoverDrains } from "./handover-drains.ts";
import type { Supervisor } from "../workers/supervisor.ts";
import type { WorkerProgram } from "../workers/worker-origin.ts";
import type { WorkerProcess } from "../workers/worker-process.ts";
import type { WorkerSet } from "../workers/worker-set.ts";

/** A step, as a sentence, with what was given so far. */
export type TellUpgrade = (message: string, progress: HandoverProgress | undefined) => void;

export interface WorkerUpgradeOptions {
  readonly workers: WorkerSet;
  readonly supervisor: Supervisor;
  readonly drains: HandoverDrains;
  readonly events: EventLog;
  /** So long the new one serves beside the old one before it takes over. */
  readonly serveTogetherMs: number;
  /** So long past its deadline the old one may take to end, before it is killed. */
  readonly stopGraceMs: number;
}

export interface WorkerUpgradeRequest {
  readonly worker: number;
  /** Absent: what all workers run. */
  readonly program?: WorkerProgram | undefined;
  /** The version that the new one must be of. */
  readonly version?: string | undefined;
  /** What cannot go over may take so long to end; absent: as long as it takes. */
  readonly deadlineMs: number | undefined;
  /** How long to wait for the old one to leave, before that is no longer waited for; absent: to the end. */
  readonly leaveWaitMs?: number;
  /** What happens while the worker still takes over from another: an error, or that is waited for. */
  readonly whileTaking: "refuse" | "wait";
  readonly tell: TellUpgrade;
}

export interface WorkerUpgraded {
  /** The new one. */
  readonly worker: number;
  readonly version: string;
  readonly progress: HandoverProgress | undefined;
  /** The old one, if it still finishes what could not go over. */
  readonly leaving: readonly number[];
}

export class WorkerUpgrade {
  readonly #options: WorkerUpgradeOptions;
  #state: "idle" | "busy" = "idle";

  constructor(options: WorkerUpgradeOptions) {
    this.#options = options;
  }

  /** True while one is under way. */
  get isBusy(): boolean {
    return this.#state === "busy";
  }

  /** Fulfilled when the old one is gone, or goes on because the new one could not take over. */
  async run(request: WorkerUpgradeRequest): Promise<Result<WorkerUpgraded, OrderError>> {
    const old = this.#options.workers.get(request.worker);
    if (old?.state !== "running") return fail(unknownWorker(request.worker));
    if (this.isBusy) return fail(BUSY);
    const giver = this.#giverTo(old);
    if (giver !== undefined && request.whileTaking === "refuse") return fail(stillTakes(old, giver));
    this.#state = "busy";
    try {
      await this.#untilTaken(old, request);
      if (this.#options.supervisor.isStopping) return fail(STOPPING);
      if (!this.#runs(old)) return fail(unknownWorker(request.worker));
      const started = await this.#start(request);
      const upgraded = started.ok ? await this.#takeOver(old, started.value, request) : started;
      const { supervisor, events } = this.#options;
      if (supervisor.isStopping) return fail(STOPPING);
      if (!upgraded.ok) {
        const { number: worker, pid } = old;
        events.append({ event: "WORKER_UPGRADE_FAILED", worker, pid, reason: upgraded.error.message });
      }
      return upgraded;
    } finally {
      this.#state = "idle";
    }
  }

  /** What it has not taken yet would go back to its giver, and be handed over twice. */
  async #untilTaken(old: WorkerProcess, { tell, deadlineMs }: WorkerUpgradeRequest): Promise<void> {
    const giver = this.#giverTo(old);
    if (giver === undefined) return;
    const { supervisor } = this.#options;
    tell(`${stillTakes(old, giver).message}, and is waited for`, undefined);
    const isOver = (): boolean =>
      supervisor.isStopping || !this.#runs(old) || this.#giverTo(old) === undefined;
    await supervisor.until(isOver, deadlineMs);
  }

  #giverTo({ number }: WorkerProcess): WorkerProcess | undefined {
    const { workers } = this.#options;
    return workers.all().find(({ state, givesTo }) => state === "handing-over" && givesTo === number);
  }

  #runs(worker: WorkerProcess): boolean {
    return this.#options.workers.get(worker.number) === worker && worker.state === "running";
  }

  /** The new worker, when it accepts. */
  async #start(request: WorkerUpgradeRequest): Promise<Result<WorkerProcess, OrderError>> {
    const { supervisor } = this.#options;
    const started = await supervisor.startExtra(request.program, (worker) =>
      request.tell(`worker ${worker.number} starts`, undefined),
    );
    if (!started.ok) return fail(upgradeFailed(started.error));
    const worker = started.value;
    const { version } = worker.program!;
    if (request.version === undefined || request.version === version) return ok(worker);
    await supervisor.discard(worker, "it is of another version");
    return fail(upgradeFailed(`its program is version ${version}, not ${request.version}`));
  }

  async #takeOver(
    old: WorkerProcess,
    started: WorkerProcess,
    request: WorkerUpgradeRequest,
  ): Promise<Result<WorkerUpgraded, OrderError>> {
    const { workers, supervisor } = this.#options;
    const [from, to] = [`worker ${old.number}`, `worker ${started.number}`];
    const { version } = started.program!;
    await this.#serveTogether(old, started);
    if (!this.#runs(old)) {
      await supervisor.discard(started, "nobody is left to take over from");
      return fail({ code: "WORKER_FAILED", message: `${from} is gone (${old.fault ?? "it leaves"})` });
    }
    if (workers.get(started.number) !== started)
      return fail(upgradeFailed(`${to} died before it took over (${started.fault}); ${from} goes on`));
    request.tell(`${to} (${version}) accepts; ${from} hands its connections over`, undefined);
    supervisor.handOver(old, started, request.deadlineMs);
    switch (await this.#whenOver(old, request)) {
      case "left":
        await this.#options.drains.settled(old.number);
        request.tell(`${from} left`, old.given);
        return ok(this.#upgraded(old, started, []));
      case "leaving":
        return ok(this.#upgraded(old, started, [old.number]));
      case "died":
        return fail({
          code: "WORKER_FAILED",
          message: `${from} died while it handed over (${old.fault}); ${to} goes on with what it had been given`,
        });
      case "took-back":
        await supervisor.discard(started, "it could not take over");
        return fail(upgradeFailed(`${old.tookBack}; ${from} goes on`));
    }
  }

  /**
   * A worker that has just started has nothing compiled, and all at once would be too much for it: where
   * there is traffic, it takes its share of what is new first, beside the old one.
   */
  async #serveTogether(old: WorkerProcess, started: WorkerProcess): Promise<void> {
    const { workers, supervisor, serveTogetherMs } = this.#options;
    if (old.connections === 0) return;
    const isOff = (): boolean =>
      supervisor.isStopping || workers.get(old.number) !== old || workers.get(started.number) !== started;
    await supervisor.until(isOff, serveTogetherMs);
  }

  #upgraded(old: WorkerProcess, started: WorkerProcess, leaving: readonly number[]): WorkerUpgraded {
    const { number: worker, pid } = started;
    const { version } = started.program!;
    this.#options.events.append({ event: "WORKER_UPGRADED", worker, pid, from: old.number, version });
    return { worker, version, progress: old.given, leaving };
  }

  async #whenOver(
    old: WorkerProcess,
    request: WorkerUpgradeRequest,
  ): Promise<"left" | "leaving" | "died" | "took-back"> {
    const { workers, supervisor } = this.#options;
    const isGone = (): boolean => workers.get(old.number) !== old;
    let told = old.given;
    const tellGiven = (): void => {
      if (old.given === undefined || old.given === told || isGone()) return;
      told = old.given;
      request.tell(givenText(old.number, told), told);
    };
    const isOver = (): boolean => {
      tellGiven();
      return isGone() || old.tookBack !== undefined;
    };
    const { deadlineMs, leaveWaitMs } = request;
    const cutMs = deadlineMs === undefined ? undefined : deadlineMs + this.#options.stopGraceMs;
    if (!(await supervisor.until(isOver, leaveWaitMs ?? cutMs))) {
      if (request.leaveWaitMs !== undefined) return "leaving";
      workers.kill(old, "it did not leave in its time");
      await supervisor.until(isGone, undefined);
      return "died";
    }
    if (old.tookBack !== undefined) return "took-back";
    return old.hasLeft ? "left" : "died";
  }
}

const BUSY: OrderError = { code: "BUSY", message: "another upgrade is under way" };

const STOPPING: OrderError = { code: "STOPPING", message: "the proxy is stopping: all workers leave" };

function stillTakes(worker: WorkerProcess, giver: WorkerProcess): OrderError {
  return { code: "BUSY", message: `worker ${worker.number} still takes over from worker ${giver.number}` };
}

function unknownWorker(worker: number): OrderError {
  return { code: "UNKNOWN_WORKER", message: `no worker ${worker} is running`, field: "data.worker" };
}

function upgradeFailed(reason: string): OrderError {
  return { code: "UPGRADE_FAILED", message: reason };
}

/** As in "worker 0 gave 12 sessions, 3 tunnels and 4 idle connections; 2 are left, 1 ended". */
function givenText(worker: number, { sessions, tunnels, pooled, left, closed }: HandoverProgress): string {
  const what = `${counted(sessions, "session")}, ${counted(tunnels, "tunnel")} and ${counted(pooled, "idle connection")}`;
  return `worker ${worker} gave ${what}; ${left} left, ${closed} ended`;
}
