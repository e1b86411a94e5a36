/**
 * What a run of changes comes to, object by object: for the answer of a transaction and of a `dry_run`, and
 * for what is to drain. Not for workers: they follow each change, because the order of regex frontends hangs
 * on it.
 */
import type { ObjectChange } from "./answer-data.ts";
import { areEqual } from "./equal.ts";
import type { Change } from "./channel.ts";
import { splitKey } from "./keys.ts";
import type { ConfigObject, ObjectKind } from "./objects.ts";
import { withoutKey } from "./secrets.ts";

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
  return netOf(changes).map(({ kind, key, before, after }) => ({
    action: actionOf(before, after),
    kind,
    key,
    ...(before === undefined ? {} : { before: withoutKey(before) }),
    ...(after === undefined ? {} : { after: withoutKey(after) }),
  }));
}

export function countChanges(changes: readonly Change[]): ChangeCounts {
  const counts = { add: 0, remove: 0, update: 0 };
  for (const { before, after } of netOf(changes)) counts[actionOf(before, after)]++;
  return { added: counts.add, removed: counts.remove, updated: counts.update };
}

/** Whether nothing is left of them: each object is in the end what it was, and where it was. */
export function comesToNothing(changes: readonly Change[]): boolean {
  return netOf(changes).length === 0;
}

/**
 * The listeners, clusters, backends and certificates that are gone in the end: what is to drain. What went
 * with its cluster or listener is not named: the whole's use is that of its parts.
 */
export function removedObjects(changes: readonly Change[]): ObjectName[] {
  const removed = netOf(changes).filter(({ kind, after }) => after === undefined && kind !== "frontend");
  const keysOf = (wanted: ObjectKind) =>
    new Set(removed.filter(({ kind }) => kind === wanted).map(({ key }) => key));
  const [clusters, listeners] = [keysOf("cluster"), keysOf("listener")];
  const remain = removed.filter(({ kind, key }) => {
    const [whole] = splitKey(key);
    if (kind === "backend") return !clusters.has(whole);
    return kind !== "certificate" || !listeners.has(whole);
  });
  return remain.map(({ kind, key }) => ({ kind, key }));
}

/** The listeners, clusters and backends that stay, and begin to drain. */
export function drainedObjects(changes: readonly Change[]): ObjectName[] {
  return objectsThatStay(changes, (before, after) => !drains(before) && drains(after));
}

/** Those that drained, and do so no more. */
export function undrainedObjects(changes: readonly Change[]): ObjectName[] {
  return objectsThatStay(changes, (before, after) => drains(before) && !drains(after));
}

/** Whether an object of the configuration drains. */
function drains(value: ConfigObject["value"]): boolean {
  return "draining" in value && value.draining;
}

function objectsThatStay(
  changes: readonly Change[],
  are: (before: ConfigObject["value"], after: ConfigObject["value"]) => boolean,
): ObjectName[] {
  return netOf(changes).flatMap(({ kind, key, before, after }) =>
    before !== undefined && after !== undefined && are(before, after) ? [{ kind, key }] : [],
  );
}

/** From what an object was at the first of its changes to what it is after the last, where that differs. */
export function netOf(changes: readonly Change[]): Change[] {
  const ends: Record<ObjectKind, Map<string, Change>> = {
    listener: new Map(),
    cluster: new Map(),
    frontend: new Map(),
    backend: new Map(),
    certificate: new Map(),
  };
  for (const change of changes) {
    const ofKind = ends[change.kind];
    const start = ofKind.get(change.key);
    ofKind.set(change.key, start === undefined ? change : joined(start, change));
  }
  return Object.values(ends).flatMap((ofKind) => [...ofKind.values()].filter(differs));
}

function joined({ kind, key, before }: Change, { after }: Change): Change {
  return {
    kind,
    key,
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
  };
}

/** A regex frontend that was removed and added again has moved, though it is the same. */
function differs({ before, after }: Change): boolean {
  if (before === undefined || after === undefined) return before !== after;
  return !areEqual(before, after) || ("path" in after && "regex" in after.path);
}

function actionOf(before: unknown, after: unknown): ObjectChange["action"] {
  if (before === undefined) return "add";
  return after === undefined ? "remove" : "update";
}
