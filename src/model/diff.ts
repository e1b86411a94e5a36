/**
 * The orders that lead from one configuration to another.
 *
 * The law: applying `diff(current, wanted)` to `current` gives `wanted`, the order of regex frontends
 * included. What is the same in both is not touched. It costs the size of the two configurations, not of
 * their product.
 */
import { additionOrder } from "./dump.ts";
import { areEqual } from "./equal.ts";
import type { Backend, Cluster, Frontend } from "./objects.ts";
import type { ChangeOrder, FrontendKey, OrderData } from "./orders.ts";
import { DRAIN_DEFAULTS, REPLACEMENT_DRAIN_DEFAULTS } from "./defaults.ts";
import { regexGroupOf } from "./regex-order.ts";
import type { StateView } from "./undone.ts";

/** In an order in which each can be applied: what names others goes first and comes last. */
export function diff(current: StateView, wanted: StateView): ChangeOrder[] {
  const clusters = compare(current.clusters, wanted.clusters);
  const backends = compare(current.backends, wanted.backends);
  const going = goingFrom(current, wanted, clusters.gone);
  return [
    ...frontendRemovals(current, going),
    ...certificateRemovals(current, wanted),
    ...listenerRemovals(current, wanted),
    ...clusterRemovals(going),
    ...backendRemovals(backends, going),
    ...listenerChanges(current, wanted),
    ...clusterChanges(clusters),
    ...backendChanges(backends),
    ...frontendAdditions(current, wanted, going),
    ...certificateChanges(current, wanted),
  ];
}

/** How the objects of one kind differ, each found once: at 100,000 of them, finding is what costs. */
interface Comparison<Value> {
  readonly gone: readonly Value[];
  readonly changed: readonly { readonly before: Value; readonly after: Value }[];
  readonly added: readonly Value[];
}

function compare<Value>(
  current: ReadonlyMap<string, Value>,
  wanted: ReadonlyMap<string, Value>,
): Comparison<Value> {
  const gone: Value[] = [];
  const changed: { before: Value; after: Value }[] = [];
  const added: Value[] = [];
  for (const [key, before] of current) {
    const after = wanted.get(key);
    if (after === undefined) gone.push(before);
    else if (!areEqual(before, after)) changed.push({ before, after });
  }
  if (current.size - gone.length === wanted.size) return { gone, changed, added };
  for (const [key, after] of wanted) if (!current.has(key)) added.push(after);
  return { gone, changed, added };
}

/**
 * What is removed, if it is only to be added again: by their keys, because most of a configuration stays, and
 * these are few.
 */
interface Going {
  readonly listeners: ReadonlySet<string>;
  readonly clusters: ReadonlySet<string>;
  readonly frontends: ReadonlySet<string>;
}

function goingFrom(current: StateView, wanted: StateView, goneClusters: readonly Cluster[]): Going {
  const listeners = new Set<string>();
  for (const address of current.listeners.keys())
    if (!staysListener(current, wanted, address)) listeners.add(address);
  const clusters = new Set(goneClusters.map(({ cluster_id }) => cluster_id));
  const frontends = new Set<string>();
  const going = { listeners, clusters, frontends };
  for (const [key, frontend] of current.frontends) {
    if (regexGroupOf(frontend) === undefined && !mayStay(wanted, going, key, frontend)) frontends.add(key);
  }
  for (const [group, keys] of current.regexGroups()) {
    const kept = new Set(keptRegexes(current, wanted, going, group));
    for (const key of keys) if (!kept.has(key)) frontends.add(key);
  }
  return going;
}

/** A listener cannot change its protocol: it is removed, and another one is added, with all that it has. */
function staysListener(current: StateView, wanted: StateView, address: string): boolean {
  const after = wanted.listeners.get(address);
  return after !== undefined && current.listeners.get(address)?.protocol === after.protocol;
}

/**
 * The same in both, and not of a listener or a cluster that goes: such a cluster cannot be removed while it
 * is named.
 */
function mayStay(
  wanted: StateView,
  { listeners, clusters }: Going,
  key: string,
  frontend: Frontend,
): boolean {
  const { cluster_id, listener } = frontend;
  if (!areEqual(frontend, wanted.frontends.get(key))) return false;
  return !listeners.has(listener) && (cluster_id === undefined || !clusters.has(cluster_id));
}

/**
 * A regex frontend can only be added at its group's end. So those that stay are the longest beginning of the
 * wanted order that stands in the current one in the same order; all others are removed, and added behind
 * them.
 */
function keptRegexes(current: StateView, wanted: StateView, going: Going, group: string): string[] {
  const present = current.regexKeysOf(group);
  const kept: string[] = [];
  let from = 0;
  for (const key of wanted.regexKeysOf(group)) {
    const frontend = current.frontends.get(key);
    const at = present.indexOf(key, from);
    if (frontend === undefined || at === -1 || !mayStay(wanted, going, key, frontend)) break;
    kept.push(key);
    from = at + 1;
  }
  return kept;
}

/** Those of a listener that goes are removed with it. */
function* frontendRemovals(current: StateView, { listeners, frontends }: Going): Iterable<ChangeOrder> {
  for (const key of frontends) {
    const frontend = current.frontends.get(key)!;
    if (!listeners.has(frontend.listener)) yield { type: "REMOVE_FRONTEND", data: keyOfFrontend(frontend) };
  }
}

/** Those of a listener that goes are removed with it. */
function* certificateRemovals(current: StateView, wanted: StateView): Iterable<ChangeOrder> {
  for (const [key, { listener, fingerprint }] of current.certificates) {
    if (wanted.certificates.has(key) || !staysListener(current, wanted, listener)) continue;
    yield { type: "REMOVE_CERTIFICATE", data: { listener, fingerprint, drain: DRAIN_DEFAULTS } };
  }
}

function* certificateChanges(current: StateView, wanted: StateView): Iterable<ChangeOrder> {
  for (const [key, certificate] of wanted.certificates) {
    const stays = staysListener(current, wanted, certificate.listener);
    const before = stays ? current.certificates.get(key) : undefined;
    if (before === undefined) yield additionOrder({ kind: "certificate", key, after: certificate });
    else if (!areEqual(before, certificate)) {
      const old_fingerprint = certificate.fingerprint;
      const drain = REPLACEMENT_DRAIN_DEFAULTS;
      const data = { ...certificate, reject_expired: false, old_fingerprint, drain };
      yield { type: "REPLACE_CERTIFICATE", data };
    }
  }
}

function* listenerRemovals(current: StateView, wanted: StateView): Iterable<ChangeOrder> {
  for (const address of current.listeners.keys()) {
    if (!staysListener(current, wanted, address))
      yield { type: "REMOVE_LISTENER", data: { address, drain: DRAIN_DEFAULTS } };
  }
}

function* clusterRemovals({ clusters }: Going): Iterable<ChangeOrder> {
  for (const cluster_id of clusters) {
    yield { type: "REMOVE_CLUSTER", data: { cluster_id, cascade: false, drain: DRAIN_DEFAULTS } };
  }
}

/** Those of a cluster that goes are removed with it. */
function* backendRemovals({ gone }: Comparison<Backend>, { clusters }: Going): Iterable<ChangeOrder> {
  for (const { cluster_id, backend_id } of gone) {
    if (!clusters.has(cluster_id))
      yield { type: "REMOVE_BACKEND", data: { cluster_id, backend_id, drain: DRAIN_DEFAULTS } };
  }
}

function* listenerChanges(current: StateView, wanted: StateView): Iterable<ChangeOrder> {
  for (const [address, data] of wanted.listeners) {
    const before = staysListener(current, wanted, address) ? current.listeners.get(address) : undefined;
    if (before === undefined) yield { type: "ADD_LISTENER", data };
    else if (!areEqual(before, data))
      yield { type: "UPDATE_LISTENER", data: { address, ...changedFields(before, data) } };
  }
}

function* clusterChanges({ changed, added }: Comparison<Cluster>): Iterable<ChangeOrder> {
  for (const { before, after } of changed) {
    const { cluster_id } = after;
    yield { type: "UPDATE_CLUSTER", data: { cluster_id, ...changedFields(before, after) } };
  }
  for (const data of added) yield { type: "ADD_CLUSTER", data };
}

function* backendChanges({ changed, added }: Comparison<Backend>): Iterable<ChangeOrder> {
  for (const { before, after } of changed) {
    yield { type: "UPDATE_BACKEND", data: backendUpdate(before, after) };
  }
  for (const data of added) yield { type: "ADD_BACKEND", data };
}

function* frontendAdditions(
  current: StateView,
  wanted: StateView,
  { frontends }: Going,
): Iterable<ChangeOrder> {
  // Who stays is in both: if those are all that are wanted, none is new.
  if (current.frontends.size - frontends.size === wanted.frontends.size) return;
  const isNew = (key: string): boolean => frontends.has(key) || !current.frontends.has(key);
  for (const [key, data] of wanted.frontends) {
    if (isNew(key) && regexGroupOf(data) === undefined) yield { type: "ADD_FRONTEND", data };
  }
  for (const keys of wanted.regexGroups().values()) {
    for (const key of keys) {
      if (isNew(key)) yield { type: "ADD_FRONTEND", data: wanted.frontends.get(key)! };
    }
  }
}

function backendUpdate(before: Backend, after: Backend): OrderData["UPDATE_BACKEND"] {
  const { cluster_id, backend_id } = after;
  return { cluster_id, backend_id, ...changedFields(before, after) };
}

/** The fields that differ, as an UPDATE order has them: `null` where the wanted object has none. */
function changedFields<Value extends object>(before: Value, after: Value): Partial<Value> {
  const changed: Record<string, unknown> = {};
  const from = before as Readonly<Record<string, unknown>>;
  const to = after as Readonly<Record<string, unknown>>;
  for (const name of new Set([...Object.keys(from), ...Object.keys(to)])) {
    if (!areEqual(from[name], to[name])) changed[name] = to[name] ?? null;
  }
  return changed as Partial<Value>;
}

function keyOfFrontend({ listener, hostname, path, method }: Frontend): FrontendKey {
  return method === undefined ? { listener, hostname, path } : { listener, hostname, path, method };
}
