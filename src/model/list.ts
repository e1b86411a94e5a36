/**
 * Pages of objects for the `LIST_` orders: filtered by their key's fields, sorted by key.
 *
 * A page begins after a key, not at a number, so pages stay right while the configuration changes between
 * them: an object that is there all the time is listed exactly once. A page costs one pass over the
 * candidates, not a sort of all.
 */
import type { ListData } from "./answer-data.ts";
import { assertNever } from "../base/assert.ts";
import { areEqual } from "./equal.ts";
import type { ConfigObject } from "./objects.ts";
import type { ListOrder } from "./orders.ts";
import type { State } from "./state.ts";

type Value = ConfigObject["value"];

/** The page that an order asks for. */
export function listObjects(state: State, order: ListOrder): ListData<Value> {
  const { limit, after = "", ...filter } = order.data;
  const objects = objectsOf(state, order);
  const keys = smallestKeys(matchingKeys(objects, candidatesOf(state, order), filter, after), limit + 1);
  const page = keys.slice(0, limit);
  return {
    items: page.map((key) => objects.get(key)!),
    next: keys.length > limit ? page.at(-1)! : null,
  };
}

function objectsOf(state: State, order: ListOrder): ReadonlyMap<string, Value> {
  switch (order.type) {
    case "LIST_LISTENERS":
      return state.listeners;
    case "LIST_CLUSTERS":
      return state.clusters;
    case "LIST_FRONTENDS":
      return state.frontends;
    case "LIST_BACKENDS":
      return state.backends;
    default:
      return assertNever(order);
  }
}

/** The keys that may match: all, or those that an index finds. */
function candidatesOf(state: State, order: ListOrder): Iterable<string> {
  if (order.type === "LIST_FRONTENDS") {
    const { listener, cluster_id } = order.data;
    if (cluster_id !== undefined) return state.frontendKeysOfCluster(cluster_id);
    if (listener !== undefined) return state.frontendKeysOfListener(listener);
  }
  if (order.type === "LIST_BACKENDS" && order.data.cluster_id !== undefined) {
    return state.backendKeysOfCluster(order.data.cluster_id);
  }
  return objectsOf(state, order).keys();
}

function* matchingKeys(
  objects: ReadonlyMap<string, Value>,
  candidates: Iterable<string>,
  filter: object,
  after: string,
): Iterable<string> {
  const wanted = Object.entries(filter);
  for (const key of candidates) {
    if (key <= after) continue;
    const value = objects.get(key) as unknown as Readonly<Record<string, unknown>>;
    if (wanted.every(([field, given]) => areEqual(value[field], given))) yield key;
  }
}

/** The `count` smallest, sorted. Holds at most twice as many. */
function smallestKeys(keys: Iterable<string>, count: number): string[] {
  let smallest: string[] = [];
  let bound: string | undefined;
  for (const key of keys) {
    if (bound !== undefined && key > bound) continue;
    smallest.push(key);
    if (smallest.length < count * 2) continue;
    smallest = smallest.sort().slice(0, count);
    bound = smallest.at(-1);
  }
  return smallest.sort().slice(0, count);
}
