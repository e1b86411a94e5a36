/**
 * One order that waits for its drains: what it was told, what it is owed, and until when it waits. Pure: the
 * time is an argument. Which drains there are, and what holds them, is in `drains.ts`.
 *
 * Rules of this file:
 *  1. Progress is told at most once in `progressMs`; what comes sooner is owed, and told when its time comes.
 *  2. The end is told once: `finished`, or `kept` when the deadline passed before.
 */

/** How many connections use something, in all and by worker; workers with none are left out. */
export interface Usage {
  readonly connections: number;
  readonly workers: Readonly<Record<string, number>>;
}

export interface DrainDeadline {
  readonly atMs: number;
  readonly onDeadline: "close" | "keep";
}

export interface WatchOptions {
  readonly listener: DrainListener;
  /** The least time between two tellings of progress. */
  readonly progressMs: number;
  readonly deadline?: DrainDeadline | undefined;
  /** When the order that watches began. */
  readonly sinceMs: number;
  readonly nowMs: number;
}

export interface DrainListener {
  progress(usage: Usage): void;
  finished(drainedMs: number): void;
  /** The deadline passed: the connections are kept, and nobody waits for them any more. */
  kept(usage: Usage): void;
}

/** Made and ended by `Drains` only. */
export class DrainWatch {
  /** Those that have not ended. */
  readonly drains: Set<number>;
  readonly sinceMs: number;
  readonly #progressMs: number;
  /** Absent: its client is gone, and only its deadline keeps it. */
  #listener: DrainListener | undefined;
  #deadline: DrainDeadline | undefined;
  #nextProgressMs: number;
  #progress: "told" | "owed" = "told";

  constructor(drains: readonly number[], options: WatchOptions) {
    this.drains = new Set(drains);
    this.sinceMs = options.sinceMs;
    this.#progressMs = options.progressMs;
    this.#listener = options.listener;
    this.#deadline = options.deadline;
    this.#nextProgressMs = options.nowMs;
  }

  get deadline(): DrainDeadline | undefined {
    return this.#deadline;
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
    const deadlineMs = this.#deadline?.atMs ?? Number.POSITIVE_INFINITY;
    return this.isOwed ? Math.min(this.#nextProgressMs, deadlineMs) : deadlineMs;
  }

  /** The deadline, if it has passed; it does so once. */
  takeDeadline(nowMs: number): DrainDeadline | undefined {
    const deadline = this.#deadline;
    if (deadline === undefined || deadline.atMs > nowMs) return undefined;
    this.#deadline = undefined;
    return deadline;
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
