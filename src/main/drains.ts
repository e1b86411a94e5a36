/**
 * What was removed and is still in use: counts each drain's connections over all workers, and tells those who
 * watch it. Pure: the time is an argument, and `nextDueMs` says when to look again. It knows no sockets and
 * no orders.
 *
 * Rules of this file:
 *  1. A drain begins with its removal, counts until every worker has told its first use (`settle`), and ends
 *     when nothing uses it. It does not need anybody who watches.
 *  2. The same key can be removed again while it drains: each removal is a drain of its own.
 *  3. A watch tells its end once: `finished` when all its drains ended, or `kept` when its deadline passed
 *     before.
 *  4. Drains need no limit of their own: each one that lasts holds at least one connection, and those are
 *     limited.
 */
import { assert } from "../base/assert.ts";
import type { DrainStatus } from "../model/answer-data.ts";
import type { DrainUse } from "../model/channel.ts";
import type { ObjectKind } from "../model/objects.ts";

/** What was removed, and by which order, as `QUERY_DRAINS` shows it. */
export interface DrainTarget {
  readonly order: string;
  readonly kind: ObjectKind;
  readonly key: string;
  /** The key's fields, for people. */
  readonly object: Readonly<Record<string, unknown>>;
}

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

interface Drain {
  readonly number: number;
  readonly target: DrainTarget;
  readonly sinceMs: number;
  readonly uses: Map<number, number>;
  readonly watches: Set<Watch>;
  state: "counting" | "draining";
  connections: number;
}

/** One order that waits for its drains. Made and ended by `Drains` only. */
export interface DrainWatch {
  readonly drains: ReadonlySet<number>;
  readonly sinceMs: number;
}

interface Watch extends DrainWatch {
  readonly drains: Set<number>;
  readonly progressMs: number;
  /** Absent: its client is gone, and only its deadline keeps it. */
  listener: DrainListener | undefined;
  deadline: DrainDeadline | undefined;
  nextProgressMs: number;
  progressOwed: "nothing" | "progress";
}

export class Drains {
  readonly #closeUsers: (drain: number) => void;
  readonly #drains: Map<number, Drain> = new Map();
  readonly #newest: Map<string, number> = new Map();
  readonly #watches: Set<Watch> = new Set();
  #lastNumber = 0;
  #dueMs: number = Number.POSITIVE_INFINITY;

  /** `closeUsers` asks all workers to close what still uses a drain. */
  constructor(options: { closeUsers: (drain: number) => void }) {
    this.#closeUsers = options.closeUsers;
  }

  /** Begins to count; the number goes to the workers with the change that removes it. */
  begin(target: DrainTarget, nowMs: number): number {
    const number = ++this.#lastNumber;
    const uses: Map<number, number> = new Map();
    this.#drains.set(number, {
      number,
      target,
      sinceMs: nowMs,
      uses,
      watches: new Set(),
      state: "counting",
      connections: 0,
    });
    this.#newest.set(nameOf(target.kind, target.key), number);
    return number;
  }

  /** A worker tells how many of its connections use it. What has ended already is past. */
  report(worker: number, use: DrainUse, nowMs: number): void {
    const drain = this.#drains.get(use.drain);
    if (drain !== undefined) this.#count(drain, worker, use.connections, nowMs);
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
  find(kind: ObjectKind, key: string): number | undefined {
    return this.#newest.get(nameOf(kind, key));
  }

  /** Watches settled drains. Tells `progress` at once, or `finished` when none of them is left. */
  watch(drains: readonly number[], options: WatchOptions): DrainWatch {
    const watch: Watch = {
      drains: new Set(drains.filter((number) => this.#drains.has(number))),
      sinceMs: options.sinceMs,
      progressMs: options.progressMs,
      listener: options.listener,
      deadline: options.deadline,
      nextProgressMs: options.nowMs,
      progressOwed: "nothing",
    };
    if (watch.drains.size === 0) {
      options.listener.finished(options.nowMs - options.sinceMs);
      return watch;
    }
    this.#watches.add(watch);
    for (const number of watch.drains) this.#drains.get(number)!.watches.add(watch);
    if (watch.deadline !== undefined) this.#dueMs = Math.min(this.#dueMs, watch.deadline.atMs);
    this.#owe(watch, options.nowMs);
    return watch;
  }

  /** Its client is gone. The drains go on, and so does a deadline that closes them. */
  unwatch(watch: DrainWatch): void {
    const known = watch as Watch;
    known.listener = undefined;
    if (known.deadline?.onDeadline !== "close") this.#forgetWatch(known);
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

  /** When `due` must be called at the latest; `Infinity` when there is nothing to wait for. */
  get nextDueMs(): number {
    return this.#dueMs;
  }

  /** Tells the progress that waited, and ends the waiting of those whose deadline has passed. */
  due(nowMs: number): void {
    this.#dueMs = Number.POSITIVE_INFINITY;
    for (const watch of this.#watches) {
      if (watch.deadline !== undefined && watch.deadline.atMs <= nowMs)
        this.#meetDeadline(watch, watch.deadline);
      if (!this.#watches.has(watch)) continue;
      if (watch.progressOwed === "progress") this.#owe(watch, nowMs);
      this.#dueMs = Math.min(this.#dueMs, watch.deadline?.atMs ?? Number.POSITIVE_INFINITY);
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

  #count(drain: Drain, worker: number, connections: number, nowMs: number): void {
    const before = drain.uses.get(worker) ?? 0;
    if (connections === 0) drain.uses.delete(worker);
    else drain.uses.set(worker, connections);
    drain.connections += connections - before;
    assert(drain.connections >= 0, "counts fewer than no connections");
    if (drain.state === "counting") return;
    if (drain.connections === 0) this.#end(drain, nowMs);
    else if (connections !== before) for (const watch of drain.watches) this.#owe(watch, nowMs);
  }

  #end(drain: Drain, nowMs: number): void {
    this.#drains.delete(drain.number);
    const name = nameOf(drain.target.kind, drain.target.key);
    if (this.#newest.get(name) === drain.number) this.#newest.delete(name);
    for (const watch of drain.watches) {
      watch.drains.delete(drain.number);
      if (watch.drains.size > 0) {
        this.#owe(watch, nowMs);
        continue;
      }
      this.#watches.delete(watch);
      watch.listener?.finished(nowMs - watch.sinceMs);
    }
  }

  /** Tells progress now, or as soon as its turn comes. */
  #owe(watch: Watch, nowMs: number): void {
    if (nowMs < watch.nextProgressMs) {
      watch.progressOwed = "progress";
      this.#dueMs = Math.min(this.#dueMs, watch.nextProgressMs);
      return;
    }
    watch.progressOwed = "nothing";
    watch.nextProgressMs = nowMs + watch.progressMs;
    watch.listener?.progress(this.usage(watch.drains));
  }

  #meetDeadline(watch: Watch, deadline: DrainDeadline): void {
    watch.deadline = undefined;
    if (deadline.onDeadline === "close") {
      for (const number of [...watch.drains]) this.#closeUsers(number);
      if (watch.listener === undefined) this.#forgetWatch(watch);
      return;
    }
    this.#forgetWatch(watch);
    watch.listener?.kept(this.usage(watch.drains));
  }

  #forgetWatch(watch: Watch): void {
    this.#watches.delete(watch);
    for (const number of watch.drains) this.#drains.get(number)?.watches.delete(watch);
  }
}

function nameOf(kind: ObjectKind, key: string): string {
  return `${kind} ${key}`;
}

function deadlineOf(drain: Drain, nowMs: number): number | null {
  let atMs = Number.POSITIVE_INFINITY;
  for (const watch of drain.watches) atMs = Math.min(atMs, watch.deadline?.atMs ?? atMs);
  return Number.isFinite(atMs) ? Math.max(0, Math.round(atMs - nowMs)) : null;
}
