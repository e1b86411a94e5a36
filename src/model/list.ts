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
import type { Certificate, ConfigObject } from "./objects.ts";
import type { ListOrder, OrderData } from "./orders.ts";
import { certificateSummary, withoutKey } from "./secrets.ts";
import type { State } from "./state.ts";

type Value = ConfigObject["value"];

/** The page that an order asks for. */
export function listObjects(state: State, order: ListOrder): ListData<object> {
  const { limit, after = "" } = order.data;
  const objects = objectsOf(state, order);
  const matching = matchingKeys(objects, candidatesOf(state, order), filterOf(order), after);
  const keys = smallestKeys(matching, limit + 1);
  const page = keys.slice(0, limit);
  return {
    items: page.map((key) => summaryOf(objects.get(key)!)),
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
    case "LIST_CERTIFICATES":
      return state.certificates;
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
  if (order.type === "LIST_CERTIFICATES" && order.data.listener !== undefined) {
    return state.certificateKeysOfListener(order.data.listener);
  }
  return objectsOf(state, order).keys();
}

type Filter = (value: Value) => boolean;

/** Fields are given as they are stored, but for those of certificates that ask for more than a field. */
function filterOf(order: ListOrder): Filter {
  if (order.type === "LIST_CERTIFICATES") return certificateFilter(order.data);
  const { limit: _, after: __, ...fields } = order.data;
  return fieldFilter(fields);
}

function certificateFilter(data: OrderData["LIST_CERTIFICATES"]): Filter {
  const { limit: _, after: __, name, expires_before_ms: expiry = Infinity, ...fields } = data;
  const hasFields = fieldFilter(fields);
  const serves = servingNames(name);
  return (value) => {
    const { names, not_after_ms: notAfterMs } = value as Certificate;
    if (notAfterMs >= expiry || !hasFields(value)) return false;
    return serves === undefined || names.some((one) => serves.includes(one));
  };
}

function fieldFilter(fields: object): Filter {
  const wanted = Object.entries(fields);
  return (value) => {
    const stored = value as unknown as Readonly<Record<string, unknown>>;
    return wanted.every(([field, given]) => areEqual(stored[field], given));
  };
}

/** The names of certificates that serve a host: its own, and the wildcard for its first label. */
function servingNames(name: string | undefined): readonly string[] | undefined {
  return name === undefined ? undefined : [name, name.replace(/^[^.]+/, "*")];
}

/** An object as a list shows it: no key, and of a certificate not its texts either. */
function summaryOf(value: Value): object {
  return "fingerprint" in value ? certificateSummary(value) : withoutKey(value);
}

function* matchingKeys(
  objects: ReadonlyMap<string, Value>,
  candidates: Iterable<string>,
  filter: Filter,
  after: string,
): Iterable<string> {
  for (const key of candidates) {
    if (key > after && filter(objects.get(key)!)) yield key;
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
