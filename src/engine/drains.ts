/**
 * The drains that main waits for: which use belongs to which number, and when a count is reported. Counts
 * that change often are reported at most every `drainReportMs`; the end is reported in the turn it comes.
 */
import { assert } from "../base/assert.ts";
import type { DrainRequest, DrainUse } from "../model/channel.ts";
import type { HeldDrain } from "../model/adoption.ts";
import type { UseRecord } from "../model/handover.ts";
import { NO_DRAIN, Use, type UsedObject, type UseWatcher } from "./use.ts";

export class Drains implements UseWatcher {
  readonly #uses = new Map<number, { readonly request: DrainRequest; readonly use: Use }>();
  readonly #changed = new Set<Use>();
  #reportedAt = -Infinity;
  #last = 0;
  /** What was removed while connections of another worker come: by `kind key`, in order. */
  #kept: Map<string, Use[]> | undefined;

  /** The newest drain that began. */
  get last(): number {
    return this.#last;
  }

  /**
   * Binds drains to what was just removed; gives the use of each. One that nothing uses is over at once, or
   * when no more connections of another worker can come that use it.
   */
  begin(requests: readonly DrainRequest[], removed: ReadonlyMap<string, Use>): DrainUse[] {
    return requests.map((request) => {
      const name = `${request.kind} ${request.key}`;
      const use = removed.get(name);
      const connections = use?.count ?? 0;
      this.#last = Math.max(this.#last, request.drain);
      if (use !== undefined && (connections > 0 || this.#kept !== undefined)) {
        assert(use.drain === NO_DRAIN, "two drains of one object");
        this.#bind(request, use);
        this.#kept?.set(name, [...(this.#kept.get(name) ?? []), use]);
      }
      return { drain: request.drain, connections };
    });
  }

  /** From now on what is removed can be found: connections of another worker may use it. */
  keepRemoved(): void {
    this.#kept ??= new Map();
  }

  /** No more connections of another worker come: what nothing uses is over. */
  forgetRemoved(): void {
    this.#kept = undefined;
    for (const { use } of this.#uses.values())
      if (use.count === 0 && !this.#changed.has(use)) this.#unbind(use);
  }

  /**
   * The use that another worker's record means, which was written when `lastDrain` was the newest that it
   * knew. `present`: of what stands under its key now. What was removed since is found if it was kept.
   */
  findMeant(record: UseRecord, lastDrain: number, present: Use | undefined): Use | undefined {
    const { kind, key, drain } = record;
    if (drain !== undefined)
      return this.#uses.get(drain)?.use ?? this.#bind({ ...record, drain }, new Use(this));
    return this.#kept?.get(`${kind} ${key}`)?.find((use) => use.drain > lastDrain) ?? present;
  }

  /** How many connections use what drains, now. */
  get counts(): readonly HeldDrain[] {
    return [...this.#uses.values()].map(({ request, use }) => ({ ...request, connections: use.count }));
  }

  /** As another worker has to know what is used. */
  recordOf({ kind, key, use }: UsedObject): UseRecord {
    return this.#uses.get(use.drain)?.request ?? { kind, key };
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

  #bind(request: DrainRequest, use: Use): Use {
    use.drain = request.drain;
    this.#uses.set(request.drain, { request, use });
    return use;
  }

  #unbind(use: Use): void {
    this.#uses.delete(use.drain);
    use.drain = NO_DRAIN;
  }
}
