/**
 * The drains with a clock: every call gets the time, and what is due is done when it is due. What drains are
 * is in `drains.ts`.
 */
import type { DrainStatus } from "../model/answer-data.ts";
import type { DrainUse } from "../model/channel.ts";
import type { DrainKind } from "../model/objects.ts";
import type { DrainWatch, UndrainReason, Usage, WatchOptions } from "./drain-watch.ts";
import { type AllUses, Drains, type DrainsOptions, type DrainTarget } from "./drains.ts";

/** The longest time that setTimeout takes. */
const TIMER_MS_MAX = 2 ** 31 - 1;

export class DrainClock {
  readonly #drains: Drains;
  readonly #now: () => number;
  #timer: NodeJS.Timeout | undefined;
  #timerMs: number = Number.POSITIVE_INFINITY;

  constructor(options: DrainsOptions & { readonly now: () => number }) {
    this.#drains = new Drains(options);
    this.#now = options.now;
  }

  begin(target: DrainTarget): number {
    return this.#drains.begin(target, this.#now());
  }

  restore(number: number, target: DrainTarget, sinceMs: number = this.#now()): void {
    this.#drains.restore(number, target, sinceMs);
  }

  closeAt(number: number, atMs: number): void {
    this.#drains.closeAt(number, atMs, this.#now());
    this.#arm();
  }

  passOver(number: number): void {
    this.#drains.passOver(number);
  }

  get last(): number {
    return this.#drains.last;
  }

  lasting(): ReturnType<Drains["lasting"]> {
    return this.#drains.lasting();
  }

  settleAll(): void {
    this.#drains.settleAll(this.#now());
  }

  report(worker: number, use: DrainUse): void {
    this.#drains.report(worker, use, this.#now());
    this.#arm();
  }

  reportAll(all: readonly AllUses[]): void {
    this.#drains.reportAll(all, this.#now());
    this.#arm();
  }

  settle(drains: readonly number[]): void {
    this.#drains.settle(drains, this.#now());
  }

  forgetWorker(worker: number): void {
    this.#drains.forgetWorker(worker, this.#now());
    this.#arm();
  }

  find(kind: DrainKind, key: string): number | undefined {
    return this.#drains.find(kind, key);
  }

  findStaying(kind: DrainKind, key: string): number | undefined {
    return this.#drains.findStaying(kind, key);
  }

  takeStaying(kind: DrainKind, key: string): number | undefined {
    return this.#drains.takeStaying(kind, key);
  }

  has(number: number): boolean {
    return this.#drains.has(number);
  }

  cancel(numbers: readonly number[], why?: UndrainReason): void {
    this.#drains.cancel(numbers, this.#now(), why);
  }

  watch(drains: readonly number[], options: Omit<WatchOptions, "nowMs">): DrainWatch {
    const watch = this.#drains.watch(drains, { ...options, nowMs: this.#now() });
    this.#arm();
    return watch;
  }

  unwatch(watch: DrainWatch): void {
    this.#drains.unwatch(watch);
  }

  usage(drains: Iterable<number>): Usage {
    return this.#drains.usage(drains);
  }

  /** How many last. */
  get count(): number {
    return this.#drains.count;
  }

  list(): readonly DrainStatus[] {
    return this.#drains.list(this.#now());
  }

  /** One timer, for what comes first. A later time than before is seen when the timer goes off. */
  #arm(): void {
    const dueMs = this.#drains.nextDueMs;
    if (dueMs >= this.#timerMs) return;
    clearTimeout(this.#timer);
    this.#timerMs = dueMs;
    // Timers may go off a little early by this clock: one more millisecond saves a second look.
    const waitMs = Math.min(Math.max(0, dueMs - this.#now()) + 1, TIMER_MS_MAX);
    this.#timer = setTimeout(() => {
      this.#timerMs = Number.POSITIVE_INFINITY;
      this.#drains.due(this.#now());
      this.#arm();
    }, waitMs);
    // A deadline far away keeps no main that has stopped.
    this.#timer.unref();
  }
}
