/**
 * What a worker that was taken over differs in from what we know, as one change for it: by its own state,
 * which it has sent as a state file has it.
 */
import { readSync } from "node:fs";
import { assert } from "../../base/assert.ts";
import { applyOrders } from "../../model/apply.ts";
import type { Change, DrainRequest } from "../../model/channel.ts";
import { diff } from "../../model/diff.ts";
import { drainedObjects, removedObjects } from "../../model/net-changes.ts";
import { StateFileReader } from "../../model/state-file.ts";
import type { State } from "../../model/state.ts";
import type { DrainClock } from "../drain-clock.ts";
import { drainTarget } from "../orders/publish.ts";

const PIECE_BYTES = 1024 * 1024;

/** The state in a memory file, wherever it was left; `undefined` if it cannot be read. */
export function readSentState(fd: number): State | undefined {
  const reader = new StateFileReader();
  const piece = new Uint8Array(PIECE_BYTES);
  let position = 0;
  for (;;) {
    const read = readSync(fd, piece, 0, PIECE_BYTES, position);
    if (read === 0) break;
    position += read;
    reader.push(piece.slice(0, read));
  }
  const file = reader.end();
  return file.ok ? file.value.state : undefined;
}

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
