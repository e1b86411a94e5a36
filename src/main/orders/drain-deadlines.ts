/**
 * When what still uses a drain is closed, or given up, as its order asked: main waits for it (`drains.ts`),
 * and workers keep what is to be closed, for a main that comes after this one.
 */
import type { KeptDeadline } from "../../model/channel.ts";
import type { DrainOptions } from "../../model/orders.ts";
import type { Control } from "../control.ts";
import type { DrainDeadline } from "../drain-watch.ts";

/** A drain that lasts, and what an order asks of it. */
export interface LastingDrain {
  readonly drain: number;
  readonly options: DrainOptions;
}

/** One for all drains that have the same. `sinceMs`: when the order began. */
export function deadlinesOf(drains: readonly LastingDrain[], sinceMs: number): readonly DrainDeadline[] {
  const deadlines = new Map<string, DrainDeadline & { readonly drains: Set<number> }>();
  for (const { drain, options } of drains) {
    const { deadline_ms: deadlineMs, on_deadline: onDeadline } = options;
    if (deadlineMs === undefined) continue;
    const name = `${deadlineMs} ${onDeadline}`;
    const deadline = deadlines.get(name) ?? { atMs: sinceMs + deadlineMs, onDeadline, drains: new Set() };
    deadlines.set(name, deadline);
    deadline.drains.add(drain);
  }
  return [...deadlines.values()];
}

/**
 * Tells workers when what uses these drains is to be closed. Whoever waits for it may be gone by then, and so
 * may we.
 */
export function tellDeadlines(control: Control, drains: readonly LastingDrain[], sinceMs: number): void {
  const epochMs = Date.now() - control.now();
  const kept = drains.flatMap(({ drain, options }) => {
    const { deadline_ms: deadlineMs, on_deadline: onDeadline } = options;
    if (deadlineMs === undefined || onDeadline !== "close") return [];
    return [{ drain, close_at_ms: sinceMs + deadlineMs + epochMs }];
  });
  tellAll(control, kept);
}

/**
 * Goes on with the deadlines that workers of a main before us have kept: that have passed meanwhile, too.
 * Those who did not know of them keep them from now on.
 */
export function resumeDeadlines(control: Control, deadlines: readonly KeptDeadline[]): void {
  const { drains, now } = control;
  const epochMs = Date.now() - now();
  const lasting = deadlines.filter(({ drain }) => drains.has(drain));
  for (const { drain, close_at_ms } of lasting) drains.closeAt(drain, close_at_ms - epochMs);
  tellAll(control, lasting);
}

function tellAll({ workers, limits }: Control, deadlines: readonly KeptDeadline[]): void {
  const { changesPerMessageMax: countMax } = limits;
  for (let from = 0; from < deadlines.length; from += countMax)
    workers.keepDeadlines(deadlines.slice(from, from + countMax));
}
