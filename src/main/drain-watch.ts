/**
 * One order that waits for its drains: what it was told, what it is owed, and until when it waits. Pure: the
 * time is an argument. Which drains there are, and what holds them, is in `drains.ts`.
 *
 * Rules of this file:
 *  1. Progress is told at most once in `progressMs`; what comes sooner is owed, and told when its time comes.
 *  2. The end is told once: `finished`; `kept` where the deadline of some passed before; `undrained` where
 *     some drain no more.
 */

/** How many connections use something, in all and by worker; workers with none are left out. */
export interface Usage {
  readonly connections: number;
  readonly workers: Readonly<Record<string, number>>;
}

export interface DrainDeadline {
  readonly atMs: number;
  readonly onDeadline: "close" | "keep";
  /** Whose deadline it is, of those that are watched. */
  readonly drains: ReadonlySet<number>;
}

export interface WatchOptions {
  readonly listener: DrainListener;
  /** The least time between two tellings of progress. */
  readonly progressMs: number;
  readonly deadlines?: readonly DrainDeadline[];
  /** When the order that watches began. */
  readonly sinceMs: number;
  readonly nowMs: number;
}

export interface DrainListener {
  progress(usage: Usage): void;
  finished(drainedMs: number): void;
  /** None is left to wait for, but of some the deadline passed, and their connections are kept. */
  kept(usage: Usage): void;
  /** None is left to wait for, but some drain no more. */
  undrained(usage: Usage, why: UndrainReason): void;
}

/** It is used again; or it was a worker, and died with what it had. */
export type UndrainReason = "undrained" | "worker-died";

/** Its client was answered already, or is gone. */
export const NOBODY: DrainListener = {
  progress: () => undefined,
  finished: () => undefined,
  kept: () => undefined,
  undrained: () => undefined,
};

/** Made and ended by `Drains` only. */
export class DrainWatch {
  /** Those that have not ended. */
  readonly drains: Set<number>;
  readonly sinceMs: number;
  readonly #progressMs: number;
  /** Absent: its client is gone, and only its deadline keeps it. */
  #listener: DrainListener | undefined;
  /** Those that have not passed, in the order of time. */
  #deadlines: readonly DrainDeadline[];
  /** Those that were given up at their deadline. */
  readonly #kept: number[] = [];
  #undrained: UndrainReason | undefined;
  #nextProgressMs: number;
  #progress: "told" | "owed" = "told";

  constructor(drains: readonly number[], options: WatchOptions) {
    this.drains = new Set(drains);
    this.sinceMs = options.sinceMs;
    this.#progressMs = options.progressMs;
    this.#listener = options.listener;
    this.#deadlines = (options.deadlines ?? []).toSorted((one, other) => one.atMs - other.atMs);
    this.#nextProgressMs = options.nowMs;
  }

  /** When a drain's deadline is; `Infinity` if it has none. */
  deadlineOf(drain: number): number {
    return this.#deadlines.find(({ drains }) => drains.has(drain))?.atMs ?? Number.POSITIVE_INFINITY;
  }

  /** Those whose users will be closed at a deadline, also if nobody waits for that. */
  get closing(): ReadonlySet<number> {
    return new Set(
      this.#deadlines.flatMap(({ onDeadline, drains }) => (onDeadline === "close" ? [...drains] : [])),
    );
  }

  /** When those who use this drain are closed by us; `undefined` where nobody asked for that. */
  closesAtMs(drain: number): number | undefined {
    return this.#deadlines.find(({ onDeadline, drains }) => onDeadline === "close" && drains.has(drain))
      ?.atMs;
  }

  /** Those that were given up at their deadline. */
  get kept(): readonly number[] {
    return this.#kept;
  }

  get hasClient(): boolean {
    return this.#listener !== undefined;
  }

  /** True while there is progress that was not told yet. */
  get isOwed(): boolean {
    return this.#progress === "owed";
  }

  /** When it has to be looked at again; `Infinity` when there is nothing to wait for. */
  get dueMs(): number {
    const deadlineMs = this.#deadlines[0]?.atMs ?? Number.POSITIVE_INFINITY;
    return this.isOwed ? Math.min(this.#nextProgressMs, deadlineMs) : deadlineMs;
  }

  /** The deadlines that have passed; each does so once. */
  takeDeadlines(nowMs: number): readonly DrainDeadline[] {
    const passed = this.#deadlines.filter(({ atMs }) => atMs <= nowMs);
    if (passed.length > 0) this.#deadlines = this.#deadlines.slice(passed.length);
    return passed;
  }

  /** Waits no more for a drain that goes on. */
  giveUp(drain: number): void {
    if (this.drains.delete(drain)) this.#kept.push(drain);
  }

  /** It is not drained any more. */
  undrain(drain: number, why: UndrainReason): void {
    if (this.drains.has(drain)) this.#undrained ??= why;
  }

  get isUndrained(): boolean {
    return this.#undrained !== undefined;
  }

  tellUndrained(usage: Usage): void {
    if (this.#undrained !== undefined) this.#listener?.undrained(usage, this.#undrained);
  }

  /** There is progress: tells `usage()` now, or owes it until its turn comes. */
  owe(usage: () => Usage, nowMs: number): void {
    if (nowMs < this.#nextProgressMs) {
      this.#progress = "owed";
      return;
    }
    this.#progress = "told";
    this.#nextProgressMs = nowMs + this.#progressMs;
    this.#listener?.progress(usage());
  }

  finish(nowMs: number): void {
    this.#listener?.finished(nowMs - this.sinceMs);
  }

  keep(usage: Usage): void {
    this.#listener?.kept(usage);
  }

  /** Its client is gone: nothing is told any more. */
  leave(): void {
    this.#listener = undefined;
  }
}
