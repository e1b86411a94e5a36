/**
 * What a run of changes comes to, object by object: for the answer of a transaction and of a `dry_run`, and
 * for what is to drain. Not for workers: they follow each change, because the order of regex frontends hangs
 * on it.
 */
import type { ObjectChange } from "./answer-data.ts";
import { areEqual } from "./canonical.ts";
import type { Change } from "./channel.ts";
import type { ObjectKind } from "./objects.ts";

/** How many objects were added, removed and updated in the end. */
export interface ChangeCounts {
  readonly added: number;
  readonly removed: number;
  readonly updated: number;
}

/** Names an object. */
export interface ObjectName {
  readonly kind: ObjectKind;
  readonly key: string;
}

/**
 * One entry for each object that differs in the end, or that stands at another place among the regex
 * frontends.
 */
export function netChangesOf(changes: readonly Change[]): ObjectChange[] {
  const ends = new Map<string, Change>();
  for (const change of changes) {
    const id = `${change.kind} ${change.key}`;
    const start = ends.get(id) ?? change;
    ends.set(id, {
      kind: change.kind,
      key: change.key,
      ...(start.before === undefined ? {} : { before: start.before }),
      ...(change.after === undefined ? {} : { after: change.after }),
    });
  }
  return [...ends.values()].filter(differs).map((change) => ({ action: actionOf(change), ...change }));
}

export function countChanges(changes: readonly Change[]): ChangeCounts {
  const counts = { add: 0, remove: 0, update: 0 };
  for (const { action } of netChangesOf(changes)) counts[action]++;
  return { added: counts.add, removed: counts.remove, updated: counts.update };
}

/**
 * The listeners, clusters and backends that are gone in the end: what is to drain. A backend that went with
 * its cluster is not named: the cluster's use is its backends'.
 */
export function removedObjects(changes: readonly Change[]): ObjectName[] {
  const removed = netChangesOf(changes).filter(
    ({ action, kind }) => action === "remove" && kind !== "frontend",
  );
  const clusters = new Set(removed.filter(({ kind }) => kind === "cluster").map(({ key }) => key));
  const remain = removed.filter(
    ({ kind, key }) => kind !== "backend" || !clusters.has(key.slice(0, key.indexOf(" "))),
  );
  return remain.map(({ kind, key }) => ({ kind, key }));
}

/** A regex frontend that was removed and added again has moved, though it is the same. */
function differs(change: Change): boolean {
  const { before, after } = change;
  if (before === undefined || after === undefined) return before !== after;
  return !areEqual(before, after) || ("path" in after && "regex" in after.path);
}

function actionOf(change: Change): ObjectChange["action"] {
  if (change.before === undefined) return "add";
  return change.after === undefined ? "remove" : "update";
}
