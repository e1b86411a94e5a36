/**
 * The orders that lead from one configuration to another.
 *
 * The law: applying `diff(current, wanted)` to `current` gives `wanted`, the order of regex frontends
 * included. What is the same in both is not touched. It costs the size of the two configurations, not of
 * their product.
 */
import { additionOrder } from "./dump.ts";
import { areEqual } from "./equal.ts";
import type { Backend, Frontend } from "./objects.ts";
import type { ChangeOrder, FrontendKey, OrderData } from "./orders.ts";
import { DRAIN_DEFAULTS, REPLACEMENT_DRAIN_DEFAULTS } from "./defaults.ts";
import { regexGroupOf } from "./regex-order.ts";
import type { State } from "./state.ts";

/** In an order in which each can be applied: what names others goes first and comes last. */
export function diff(current: State, wanted: State): ChangeOrder[] {
  const kept = keptFrontends(current, wanted);
  return [
    ...frontendRemovals(current, wanted, kept),
    ...certificateRemovals(current, wanted),
    ...listenerRemovals(current, wanted),
    ...clusterRemovals(current, wanted),
    ...backendRemovals(current, wanted),
    ...listenerChanges(current, wanted),
    ...clusterChanges(current, wanted),
    ...backendChanges(current, wanted),
    ...frontendAdditions(wanted, kept),
    ...certificateChanges(current, wanted),
  ];
}

/** The keys of the frontends that are not touched. */
type Kept = ReadonlySet<string>;

function keptFrontends(current: State, wanted: State): Kept {
  const kept = new Set<string>();
  for (const [key, frontend] of current.frontends) {
    if (regexGroupOf(frontend) === undefined && mayStay(current, wanted, key, frontend)) kept.add(key);
  }
  for (const [group, wantedKeys] of wanted.regexGroups()) {
    for (const key of keptRegexes(current, wanted, group, wantedKeys)) kept.add(key);
  }
  return kept;
}

/** A listener cannot change its protocol: it is removed, and another one is added, with all that it has. */
function staysListener(current: State, wanted: State, address: string): boolean {
  const after = wanted.listeners.get(address);
  return after !== undefined && current.listeners.get(address)?.protocol === after.protocol;
}

/**
 * The same in both, and not of a listener or a cluster that goes: such a cluster cannot be removed while it
 * is named.
 */
function mayStay(current: State, wanted: State, key: string, frontend: Frontend): boolean {
  const { cluster_id, listener } = frontend;
  if (!staysListener(current, wanted, listener)) return false;
  if (cluster_id !== undefined && current.clusters.has(cluster_id) && !wanted.clusters.has(cluster_id))
    return false;
  return areEqual(frontend, wanted.frontends.get(key));
}

/**
 * A regex frontend can only be added at its group's end. So those that stay are the longest beginning of the
 * wanted order that stands in the current one in the same order; all others are removed, and added behind
 * them.
 */
function keptRegexes(current: State, wanted: State, group: string, wantedKeys: readonly string[]): string[] {
  const present = current.regexKeysOf(group);
  const kept: string[] = [];
  let from = 0;
  for (const key of wantedKeys) {
    const frontend = current.frontends.get(key);
    const at = present.indexOf(key, from);
    if (frontend === undefined || at === -1 || !mayStay(current, wanted, key, frontend)) break;
    kept.push(key);
    from = at + 1;
  }
  return kept;
}

/** Those of a listener that goes are removed with it. */
function* frontendRemovals(current: State, wanted: State, kept: Kept): Iterable<ChangeOrder> {
  for (const [key, frontend] of current.frontends) {
    if (kept.has(key) || !staysListener(current, wanted, frontend.listener)) continue;
    yield { type: "REMOVE_FRONTEND", data: keyOfFrontend(frontend) };
  }
}

/** Those of a listener that goes are removed with it. */
function* certificateRemovals(current: State, wanted: State): Iterable<ChangeOrder> {
  for (const [key, { listener, fingerprint }] of current.certificates) {
    if (wanted.certificates.has(key) || !staysListener(current, wanted, listener)) continue;
    yield { type: "REMOVE_CERTIFICATE", data: { listener, fingerprint, drain: DRAIN_DEFAULTS } };
  }
}

function* certificateChanges(current: State, wanted: State): Iterable<ChangeOrder> {
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

function* listenerRemovals(current: State, wanted: State): Iterable<ChangeOrder> {
  for (const address of current.listeners.keys()) {
    if (!staysListener(current, wanted, address))
      yield { type: "REMOVE_LISTENER", data: { address, drain: DRAIN_DEFAULTS } };
  }
}

function* clusterRemovals(current: State, wanted: State): Iterable<ChangeOrder> {
  for (const cluster_id of current.clusters.keys()) {
    if (wanted.clusters.has(cluster_id)) continue;
    yield { type: "REMOVE_CLUSTER", data: { cluster_id, cascade: false, drain: DRAIN_DEFAULTS } };
  }
}

/** Those of a cluster that goes are removed with it. */
function* backendRemovals(current: State, wanted: State): Iterable<ChangeOrder> {
  for (const [key, { cluster_id, backend_id }] of current.backends) {
    if (wanted.backends.has(key) || !wanted.clusters.has(cluster_id)) continue;
    yield { type: "REMOVE_BACKEND", data: { cluster_id, backend_id, drain: DRAIN_DEFAULTS } };
  }
}

function* listenerChanges(current: State, wanted: State): Iterable<ChangeOrder> {
  for (const [address, data] of wanted.listeners) {
    const before = staysListener(current, wanted, address) ? current.listeners.get(address) : undefined;
    if (before === undefined) yield { type: "ADD_LISTENER", data };
    else if (!areEqual(before, data))
      yield { type: "UPDATE_LISTENER", data: { address, ...changedFields(before, data) } };
  }
}

function* clusterChanges(current: State, wanted: State): Iterable<ChangeOrder> {
  for (const [cluster_id, data] of wanted.clusters) {
    const before = current.clusters.get(cluster_id);
    if (before === undefined) yield { type: "ADD_CLUSTER", data };
    else if (!areEqual(before, data))
      yield { type: "UPDATE_CLUSTER", data: { cluster_id, ...changedFields(before, data) } };
  }
}

function* backendChanges(current: State, wanted: State): Iterable<ChangeOrder> {
  for (const [key, data] of wanted.backends) {
    const before = current.backends.get(key);
    if (before === undefined) yield { type: "ADD_BACKEND", data };
    else if (!areEqual(before, data)) yield { type: "UPDATE_BACKEND", data: backendUpdate(before, data) };
  }
}

function* frontendAdditions(wanted: State, kept: Kept): Iterable<ChangeOrder> {
  for (const [key, data] of wanted.frontends) {
    if (!kept.has(key) && regexGroupOf(data) === undefined) yield { type: "ADD_FRONTEND", data };
  }
  for (const keys of wanted.regexGroups().values()) {
    for (const key of keys) {
      if (!kept.has(key)) yield { type: "ADD_FRONTEND", data: wanted.frontends.get(key)! };
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
