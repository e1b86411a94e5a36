/**
 * A configuration as what makes it from nothing: as changes for those who follow, as orders for files and
 * answers. Kinds in an order in which each object finds what it names, regex frontends in their own order.
 */
import { assertNever } from "../base/assert.ts";
import type { Change } from "./channel.ts";
import type { Backend, Certificate, Cluster, ConfigObject, Frontend, Listener } from "./objects.ts";
import type { ChangeOrder } from "./orders.ts";
import type { State } from "./state.ts";
import type { StateView } from "./undone.ts";

/** The addition of one object to a configuration. */
export type Addition = Change & { readonly after: ConfigObject["value"] };

/**
 * What makes `state` from nothing, as it is now, each kind in the order in which it came: in no time, also
 * with hundreds of thousands of objects, so that the state may change while this is written or sent.
 */
export function additionsOf(state: State): readonly Addition[] {
  return listAdditions(state, (objects) => objects);
}

/** The orders that make `state` from nothing. Equal configurations give equal orders: sorted by key. */
export function ordersOf(state: StateView): ChangeOrder[] {
  return listAdditions(state, sorted).map(additionOrder);
}

/** The order that adds an object, with all that was found out about it: who reads it need not find it out. */
export function additionOrder({ kind, after }: Addition): ChangeOrder {
  switch (kind) {
    case "listener":
      return { type: "ADD_LISTENER", data: after as Listener };
    case "cluster":
      return { type: "ADD_CLUSTER", data: after as Cluster };
    case "backend":
      return { type: "ADD_BACKEND", data: after as Backend };
    case "frontend":
      return { type: "ADD_FRONTEND", data: after as Frontend };
    case "certificate":
      return { type: "ADD_CERTIFICATE", data: { ...(after as Certificate), reject_expired: false } };
    default:
      return assertNever(kind);
  }
}

type Objects = <Value>(objects: ReadonlyMap<string, Value>) => Iterable<readonly [string, Value]>;

function listAdditions(state: StateView, inOrder: Objects): Addition[] {
  const all: Addition[] = [];
  for (const [key, after] of inOrder(state.listeners)) all.push({ kind: "listener", key, after });
  for (const [key, after] of inOrder(state.clusters)) all.push({ kind: "cluster", key, after });
  for (const [key, after] of inOrder(state.backends)) all.push({ kind: "backend", key, after });
  for (const [key, after] of inOrder(state.frontends)) {
    if (!("regex" in after.path)) all.push({ kind: "frontend", key, after });
  }
  for (const [, keys] of inOrder(state.regexGroups())) {
    for (const key of keys) all.push({ kind: "frontend", key, after: state.frontends.get(key)! });
  }
  for (const [key, after] of inOrder(state.certificates)) all.push({ kind: "certificate", key, after });
  return all;
}

function* sorted<Value>(objects: ReadonlyMap<string, Value>): Iterable<readonly [string, Value]> {
  for (const key of [...objects.keys()].sort()) yield [key, objects.get(key)!];
}
