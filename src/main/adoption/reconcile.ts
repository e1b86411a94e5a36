/**
 * What a worker that was taken over differs in from what we know, as one change for it: by its own state,
 * which it has sent as a state file has it.
 */
import { assert } from "../../base/assert.ts";
import { applyOrders } from "../../model/apply.ts";
import type { Change, DrainRequest } from "../../model/channel.ts";
import { diff } from "../../model/diff.ts";
import { drainedObjects, removedObjects } from "../../model/net-changes.ts";
import type { State } from "../../model/state.ts";
import type { DrainClock } from "../drain-clock.ts";
import { drainTarget } from "../orders/publish.ts";

/** What makes `wanted` of a worker's own state. That one is changed. */
export function changesBetween(own: State, wanted: State): readonly Change[] {
  const applied = applyOrders(own, diff(own, wanted));
  assert(applied.ok, "a difference between two states cannot be applied");
  return applied.value;
}

/**
 * The drains of what these changes remove, or let drain. What another worker was told of before us drains
 * under its number; the others begin now.
 */
export function drainsOf(changes: readonly Change[], drains: DrainClock): readonly DrainRequest[] {
  const removed = removedObjects(changes).map(({ kind, key }) => {
    const order = `REMOVE_${kind.toUpperCase()}`;
    const drain = drains.find(kind, key) ?? drains.begin(drainTarget(order, kind, key));
    return { drain, kind, key, order };
  });
  const drained = drainedObjects(changes).map(({ kind, key }) => {
    const order = "DRAIN";
    const drain = drains.findStaying(kind, key) ?? drains.begin(drainTarget(order, kind, key, true));
    return { drain, kind, key, order, stays: true as const };
  });
  return [...removed, ...drained];
}
