/**
 * The drains that main waits for: which use belongs to which number, and when a count is reported. Counts
 * that change often are reported at most every `drainReportMs`; the end is reported in the turn it comes.
 */
import { assert } from "../base/assert.ts";
import type { DrainRequest, DrainUse } from "../model/channel.ts";
import { NO_DRAIN, type Use, type UseWatcher } from "./use.ts";

export class Drains implements UseWatcher {
  readonly #uses = new Map<number, Use>();
  readonly #changed = new Set<Use>();
  #reportedAt = -Infinity;

  /** Binds drains to what was just removed; gives the use of each. One that nothing uses is over at once. */
  begin(requests: readonly DrainRequest[], removed: ReadonlyMap<string, Use>): DrainUse[] {
    return requests.map((request) => {
      const use = removed.get(`${request.kind} ${request.key}`);
      const connections = use?.count ?? 0;
      if (use !== undefined && connections > 0) {
        assert(use.drain === NO_DRAIN, "two drains of one object");
        use.drain = request.drain;
        this.#uses.set(request.drain, use);
      }
      return { drain: request.drain, connections };
    });
  }

  find(drain: number): Use | undefined {
    return this.#uses.get(drain);
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
      if (use.count > 0) continue;
      this.#uses.delete(use.drain);
      use.drain = NO_DRAIN;
    }
    if (all) this.#reportedAt = now;
    return reports;
  }

  /** When the next report is due, if one waits. */
  nextReport(reportMs: number): number {
    return this.#changed.size === 0 ? Infinity : this.#reportedAt + reportMs;
  }
}
