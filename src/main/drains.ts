/**
 * What was removed, or is to drain, and is still in use: counts each drain's connections over all workers,
 * and tells those who watch it (`drain-watch.ts`). Pure: the time is an argument, and `nextDueMs` says when
 * to look again. It knows no sockets and no orders.
 *
 * Rules of this file:
 *  1. A drain begins with its removal, counts until every worker has told its first use (`settle`), and ends
 *     when nothing uses it. It does not need anybody who watches.
 *  2. The same key can be removed again while it drains: each removal is a drain of its own. But what drained
 *     before it was removed goes on with the drain that it has (`takeStaying`).
 *  3. Drains need no limit of their own: each one that lasts holds at least one connection, and those are
 *     limited.
 */
import { assert } from "../base/assert.ts";
import type { DrainStatus } from "../model/answer-data.ts";
import type { DrainUse } from "../model/channel.ts";
import type { DrainKind } from "../model/objects.ts";
import {
  type DrainDeadline,
  DrainWatch,
  NOBODY,
  type UndrainReason,
  type Usage,
  type WatchOptions,
} from "./drain-watch.ts";

/** What drains, and by which order, as `QUERY_DRAINS` shows it. */
export interface DrainTarget {
  readonly order: string;
  readonly kind: DrainKind;
  readonly key: string;
  /** The key's fields, for people. */
  readonly object: Readonly<Record<string, unknown>>;
  /** It was not removed: it is in the configuration, and drains. */
  readonly stays?: boolean;
}

/** What uses each drain in one worker: all that it has. */
export interface AllUses {
  readonly worker: number;
  readonly uses: readonly DrainUse[];
}

/** A drain as the next main has to know it. */
export interface LastingDrain {
  readonly number: number;
  readonly target: DrainTarget;
  readonly sinceMs: number;
  /** What still uses it then is closed, though no order waits for that. */
  readonly closeAtMs?: number;
}

interface WorkerCount {
  readonly worker: number;
  readonly connections: number;
}

interface Drain {
  readonly number: number;
  readonly target: DrainTarget;
  readonly sinceMs: number;
  readonly uses: Map<number, number>;
  readonly watches: Set<DrainWatch>;
  /** `counting` and `restored`: not every worker has told its first use. */
  state: "counting" | "restored" | "draining";
  connections: number;
}

export interface DrainsOptions {
  /** Asks all workers to close what still uses a drain. */
  readonly closeUsers: (drain: number) => void;
  /** What was in use when it was removed is used no more. */
  readonly drained: (target: DrainTarget, drainedMs: number) => void;
}

export class Drains {
  readonly #options: DrainsOptions;
  readonly #drains: Map<number, Drain> = new Map();
  readonly #newest: Map<string, number> = new Map();
  /** Of objects that are in the configuration, and drain. */
  readonly #staying: Map<string, number> = new Map();
  readonly #watches: Set<DrainWatch> = new Set();
  #lastNumber = 0;
  #dueMs: number = Number.POSITIVE_INFINITY;

  constructor(options: DrainsOptions) {
    this.#options = options;
  }

  /** Begins to count; the number goes to the workers with the change that removes it. */
  begin(target: DrainTarget, nowMs: number): number {
    const number = ++this.#lastNumber;
    this.#add(number, target, nowMs);
    return number;
  }

  /**
   * Goes on with a drain of a main before us, under its number: it counts, until `settleAll`. What is known
   * already is so.
   */
  restore(number: number, target: DrainTarget, sinceMs: number): void {
    this.passOver(number);
    if (!this.#drains.has(number)) this.#add(number, target, sinceMs).state = "restored";
  }

  /** This number, and all below it, were given by a main before us. */
  passOver(number: number): void {
    this.#lastNumber = Math.max(this.#lastNumber, number);
  }

  /** The last number that was given. */
  get last(): number {
    return this.#lastNumber;
  }

  /** All that last, for the next main. */
  lasting(): readonly LastingDrain[] {
    return [...this.#drains.values()].map(({ number, target, sinceMs, watches }) => {
      const stays = this.#staying.get(nameOf(target.kind, target.key)) === number;
      const closes = [...watches]
        .filter(({ hasClient }) => !hasClient)
        .flatMap((watch) => watch.closesAtMs(number) ?? []);
      return {
        number,
        target: { ...target, stays },
        sinceMs,
        ...(closes.length > 0 && { closeAtMs: Math.min(...closes) }),
      };
    });
  }

  /**
   * What still uses a drain at this time is closed; no order waits for that. Several may say so: the earliest
   * counts.
   */
  closeAt(number: number, atMs: number, nowMs: number): void {
    const watches = [...(this.#drains.get(number)?.watches ?? [])];
    if (watches.some((watch) => (watch.closesAtMs(number) ?? Infinity) <= atMs)) return;
    const deadlines = [{ atMs, onDeadline: "close" as const, drains: new Set([number]) }];
    const listener = NOBODY;
    this.unwatch(this.watch([number], { listener, deadlines, progressMs: 0, sinceMs: nowMs, nowMs }));
  }

  /** Every worker has told its uses of all drains. */
  settleAll(nowMs: number): void {
    for (const drain of [...this.#drains.values()]) {
      const { state, target, sinceMs } = drain;
      if (state === "draining") continue;
      drain.state = "draining";
      if (drain.connections > 0) continue;
      this.#end(drain, nowMs);
      // It was in use when it was removed, and has ended while there was no main.
      if (state === "restored") this.#options.drained(target, nowMs - sinceMs);
    }
  }

  /** A worker tells how many of its connections use it. What has ended already is past. */
  report(worker: number, use: DrainUse, nowMs: number): void {
    const drain = this.#drains.get(use.drain);
    if (drain !== undefined) this.#count(drain, worker, use.connections, nowMs);
  }

  /** Workers tell all that they have, at one moment: what one does not name, it does not use. */
  reportAll(all: readonly AllUses[], nowMs: number): void {
    for (const drain of this.#drains.values()) {
      const counts = all.map(({ worker, uses }) => {
        const use = uses.find((one) => one.drain === drain.number);
        return { worker, connections: use?.connections ?? 0 };
      });
      this.#countAll(drain, counts, nowMs);
    }
  }

  /** Every worker has told its first use: what nobody uses has ended. */
  settle(drains: readonly number[], nowMs: number): void {
    for (const number of drains) {
      const drain = this.#drains.get(number);
      assert(drain?.state === "counting", "settles a drain that does not count");
      drain.state = "draining";
      if (drain.connections === 0) this.#end(drain, nowMs);
    }
  }

  /** A worker is gone, and its connections with it. */
  forgetWorker(worker: number, nowMs: number): void {
    for (const drain of this.#drains.values()) {
      if (drain.uses.has(worker)) this.#count(drain, worker, 0, nowMs);
    }
  }

  /** The newest drain of this key that has not ended. */
  find(kind: DrainKind, key: string): number | undefined {
    return this.#newest.get(nameOf(kind, key));
  }

  /** The drain of an object that is in the configuration; `undefined` once nothing uses it. */
  findStaying(kind: DrainKind, key: string): number | undefined {
    return this.#staying.get(nameOf(kind, key));
  }

  /** The same, for an object that is about to be removed, or to drain no more. */
  takeStaying(kind: DrainKind, key: string): number | undefined {
    const name = nameOf(kind, key);
    const number = this.#staying.get(name);
    this.#staying.delete(name);
    return number;
  }

  /** Whether it has not ended. */
  has(number: number): boolean {
    return this.#drains.has(number);
  }

  /** These drain no more: they are used again, or are gone. Who waits for them is told why. */
  cancel(numbers: readonly number[], nowMs: number, why: UndrainReason = "undrained"): void {
    for (const number of numbers) {
      const drain = this.#drains.get(number);
      if (drain === undefined) continue;
      for (const watch of drain.watches) watch.undrain(number, why);
      this.#end(drain, nowMs);
    }
  }

  /** Watches settled drains. Tells `progress` at once, or `finished` when none of them is left. */
  watch(drains: readonly number[], options: WatchOptions): DrainWatch {
    const lasting = drains.filter((number) => this.#drains.has(number));
    const watch = new DrainWatch(lasting, options);
    if (lasting.length === 0) {
      watch.finish(options.nowMs);
      return watch;
    }
    this.#watches.add(watch);
    for (const number of watch.drains) this.#drains.get(number)!.watches.add(watch);
    this.#owe(watch, options.nowMs);
    return watch;
  }

  /** Its client is gone. The drains go on, and so does a deadline that closes them. */
  unwatch(watch: DrainWatch): void {
    watch.leave();
    const { closing } = watch;
    for (const number of [...watch.drains]) if (!closing.has(number)) this.#giveUp(watch, number);
    if (watch.drains.size === 0) this.#watches.delete(watch);
  }

  /** What these drains hold together. */
  usage(drains: Iterable<number>): Usage {
    const workers: Record<string, number> = {};
    let connections = 0;
    for (const number of drains) {
      for (const [worker, uses] of this.#drains.get(number)?.uses ?? []) {
        workers[worker] = (workers[worker] ?? 0) + uses;
        connections += uses;
      }
    }
    return { connections, workers };
  }

  /** How many last. */
  get count(): number {
    return this.#drains.size;
  }

  /** When `due` must be called at the latest; `Infinity` when there is nothing to wait for. */
  get nextDueMs(): number {
    return this.#dueMs;
  }

  /** Tells the progress that waited, and ends the waiting of those whose deadline has passed. */
  due(nowMs: number): void {
    this.#dueMs = Number.POSITIVE_INFINITY;
    for (const watch of this.#watches) {
      for (const deadline of watch.takeDeadlines(nowMs)) this.#meetDeadline(watch, deadline);
      if (!this.#watches.has(watch)) continue;
      if (watch.isOwed) this.#owe(watch, nowMs);
      this.#dueMs = Math.min(this.#dueMs, watch.dueMs);
    }
  }

  /**
   * All drains that last, oldest first. Times are durations: how long it drains, how long until its deadline.
   */
  list(nowMs: number): readonly DrainStatus[] {
    return [...this.#drains.values()]
      .filter((drain) => drain.state === "draining")
      .map((drain) => ({
        order: drain.target.order,
        object: { kind: drain.target.kind, key: drain.target.key, ...drain.target.object },
        ...this.usage([drain.number]),
        since_ms: Math.round(nowMs - drain.sinceMs),
        deadline_ms: deadlineOf(drain, nowMs),
      }));
  }

  #add(number: number, target: DrainTarget, sinceMs: number): Drain {
    const uses: Map<number, number> = new Map();
    const watches: Set<DrainWatch> = new Set();
    const drain: Drain = { number, target, sinceMs, uses, watches, state: "counting", connections: 0 };
    this.#drains.set(number, drain);
    const name = nameOf(target.kind, target.key);
    this.#newest.set(name, Math.max(number, this.#newest.get(name) ?? 0));
    if (target.stays === true) this.#staying.set(name, number);
    return drain;
  }

  #count(drain: Drain, worker: number, connections: number, nowMs: number): void {
    this.#countAll(drain, [{ worker, connections }], nowMs);
  }

  #countAll(drain: Drain, counts: readonly WorkerCount[], nowMs: number): void {
    let hasChanged = false;
    for (const { worker, connections } of counts) {
      const before = drain.uses.get(worker) ?? 0;
      if (connections === 0) drain.uses.delete(worker);
      else drain.uses.set(worker, connections);
      drain.connections += connections - before;
      hasChanged ||= connections !== before;
    }
    assert(drain.connections >= 0, "counts fewer than no connections");
    if (drain.state !== "draining") return;
    if (drain.connections === 0) {
      this.#end(drain, nowMs);
      this.#options.drained(drain.target, nowMs - drain.sinceMs);
    } else if (hasChanged) for (const watch of drain.watches) this.#owe(watch, nowMs);
  }

  #end(drain: Drain, nowMs: number): void {
    this.#drains.delete(drain.number);
    const name = nameOf(drain.target.kind, drain.target.key);
    if (this.#newest.get(name) === drain.number) this.#newest.delete(name);
    if (this.#staying.get(name) === drain.number) this.#staying.delete(name);
    for (const watch of drain.watches) {
      watch.drains.delete(drain.number);
      if (watch.drains.size > 0) {
        this.#owe(watch, nowMs);
        continue;
      }
      this.#watches.delete(watch);
      if (watch.isUndrained) watch.tellUndrained(this.usage(watch.kept));
      else if (watch.kept.length > 0) watch.keep(this.usage(watch.kept));
      else watch.finish(nowMs);
    }
  }

  /** Tells progress now, or as soon as its turn comes. */
  #owe(watch: DrainWatch, nowMs: number): void {
    watch.owe(() => this.usage(watch.drains), nowMs);
    this.#dueMs = Math.min(this.#dueMs, watch.dueMs);
  }

  #meetDeadline(watch: DrainWatch, { onDeadline, drains }: DrainDeadline): void {
    for (const number of drains) {
      if (!watch.drains.has(number)) continue;
      if (onDeadline === "close") this.#options.closeUsers(number);
      // Who has no client was there for this deadline only.
      if (onDeadline === "keep" || !watch.hasClient) this.#giveUp(watch, number);
    }
    if (watch.drains.size > 0 || !this.#watches.delete(watch)) return;
    if (watch.isUndrained) watch.tellUndrained(this.usage(watch.kept));
    else watch.keep(this.usage(watch.kept));
  }

  #giveUp(watch: DrainWatch, number: number): void {
    watch.giveUp(number);
    this.#drains.get(number)?.watches.delete(watch);
  }
}

function nameOf(kind: DrainKind, key: string): string {
  return `${kind} ${key}`;
}

function deadlineOf(drain: Drain, nowMs: number): number | null {
  let atMs = Number.POSITIVE_INFINITY;
  for (const watch of drain.watches) atMs = Math.min(atMs, watch.deadlineOf(drain.number));
  return Number.isFinite(atMs) ? Math.max(0, Math.round(atMs - nowMs)) : null;
}
