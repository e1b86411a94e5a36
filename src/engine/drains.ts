/**
 * The drains that main waits for, of what was removed and of what stays: which use belongs to which number,
 * and when a count is reported. Counts that change often are reported at most every `drainReportMs`; the end
 * is reported in the turn it comes.
 */
import type { DrainRequest, DrainUse, KeptDeadline } from "../model/channel.ts";
import type { HeldDrain } from "../model/adoption.ts";
import type { UseRecord } from "../model/handover.ts";
import { NO_DRAIN, Use, type UsedObject, type UseWatcher } from "./use.ts";

/** What stands in the configuration, and is used. */
export interface PresentObject {
  readonly use: Use;
  readonly isDraining: boolean;
}

/** As main, or another worker's record, has it. */
type BoundRequest = DrainRequest & Pick<UseRecord, "close_at_ms">;

export class Drains implements UseWatcher {
  readonly #uses = new Map<number, { readonly request: DrainRequest; readonly use: Use }>();
  readonly #changed = new Set<Use>();
  /** When main is to close what uses them: of those above, and of those that may come from another worker. */
  readonly #closeTimes = new Map<number, number>();
  #reportedAt = -Infinity;
  #last = 0;
  /** What was removed while connections of another worker come: by `kind key`, in order. */
  #kept: Map<string, Use[]> | undefined;

  /** The newest drain that began. */
  get last(): number {
    return this.#last;
  }

  /**
   * Binds drains to what just began to drain; gives the use of each. One that nothing uses is over at once,
   * or when no more connections of another worker can come that use it.
   */
  begin(requests: readonly DrainRequest[], drained: ReadonlyMap<string, Use>): DrainUse[] {
    return requests.map((request) => {
      const name = `${request.kind} ${request.key}`;
      const use = drained.get(name);
      const connections = use?.count ?? 0;
      this.#last = Math.max(this.#last, request.drain);
      if (use !== undefined && (connections > 0 || this.#kept !== undefined)) {
        this.#bind(request, use);
        this.#kept?.set(name, [...(this.#kept.get(name) ?? []), use]);
      }
      return { drain: request.drain, connections };
    });
  }

  /** What used it drains no more: it is used as before. */
  forget(use: Use): void {
    if (use.drain !== NO_DRAIN) this.#unbind(use);
    this.#changed.delete(use);
  }

  /** From now on what is removed can be found: connections of another worker may use it. */
  keepRemoved(): void {
    this.#kept ??= new Map();
  }

  /** No more connections of another worker come: what nothing uses is over. */
  forgetRemoved(): void {
    this.#kept = undefined;
    for (const drain of this.#closeTimes.keys()) if (!this.#uses.has(drain)) this.#closeTimes.delete(drain);
    for (const { use } of this.#uses.values())
      if (use.count === 0 && !this.#changed.has(use)) this.#unbind(use);
  }

  /**
   * The use that another worker's record means, which was written when `lastDrain` was the newest that it
   * knew. `present`: what stands under its key now. What was removed since is found if it was kept.
   */
  findMeant(record: UseRecord, lastDrain: number, present: PresentObject | undefined): Use | undefined {
    const { kind, key, drain, stays } = record;
    if (drain === undefined) {
      const kept = this.#kept?.get(`${kind} ${key}`)?.find((use) => use.drain > lastDrain);
      return kept ?? present?.use;
    }
    const bound = this.#uses.get(drain)?.use;
    if (bound !== undefined) return bound;
    const request = { ...record, drain };
    if (stays === undefined || present === undefined) return this.#bind(request, new Use(this));
    const { use, isDraining } = present;
    return isDraining && use.drain === NO_DRAIN ? this.#bind(request, use) : use;
  }

  /** Keeps when main is to close what uses a drain, if that is used here, or may be. */
  keepDeadline({ drain, close_at_ms }: KeptDeadline): void {
    if (this.#kept === undefined && !this.#uses.has(drain)) return;
    this.#closeTimes.set(drain, Math.min(close_at_ms, this.#closeTimes.get(drain) ?? Infinity));
  }

  /** How many connections use what drains, now. */
  get counts(): readonly HeldDrain[] {
    return [...this.#uses.values()].map(({ request, use }) => {
      return { ...request, ...this.#closeTimeOf(request.drain), connections: use.count };
    });
  }

  /** As another worker has to know what is used. */
  recordOf({ kind, key, use }: UsedObject): UseRecord {
    const request = this.#uses.get(use.drain)?.request;
    return request === undefined ? { kind, key } : { ...request, ...this.#closeTimeOf(use.drain) };
  }

  find(drain: number): Use | undefined {
    return this.#uses.get(drain)?.use;
  }

  useChanged(use: Use): void {
    this.#changed.add(use);
  }

  /** What main has to be told now; call at the end of each turn. */
  report(now: number, reportMs: number): readonly DrainUse[] {
    if (this.#changed.size === 0) return [];
    const all = now - this.#reportedAt >= reportMs;
    const reports: DrainUse[] = [];
    for (const use of this.#changed) {
      if (!all && use.count > 0) continue;
      reports.push({ drain: use.drain, connections: use.count });
      this.#changed.delete(use);
      if (use.count === 0 && this.#kept === undefined) this.#unbind(use);
    }
    if (all) this.#reportedAt = now;
    return reports;
  }

  /** When the next report is due, if one waits. */
  nextReport(reportMs: number): number {
    return this.#changed.size === 0 ? Infinity : this.#reportedAt + reportMs;
  }

  #bind({ close_at_ms, ...request }: BoundRequest, use: Use): Use {
    const { drain } = request;
    use.drain = drain;
    this.#uses.set(drain, { request, use });
    if (close_at_ms !== undefined) this.keepDeadline({ drain, close_at_ms });
    return use;
  }

  /** One that drained, and was removed while connections of another worker came, can have two numbers. */
  #unbind(use: Use): void {
    for (const [drain, bound] of this.#uses) {
      if (bound.use !== use) continue;
      this.#uses.delete(drain);
      this.#closeTimes.delete(drain);
    }
    use.drain = NO_DRAIN;
  }

  #closeTimeOf(drain: number): { readonly close_at_ms?: number } {
    const close_at_ms = this.#closeTimes.get(drain);
    return close_at_ms === undefined ? {} : { close_at_ms };
  }
}
