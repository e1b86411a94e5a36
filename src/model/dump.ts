/**
 * A configuration as the orders that make it from nothing. Equal configurations give equal orders: sorted by
 * key, regex frontends in their own order.
 */
import type { Certificate } from "./objects.ts";
import type { ChangeOrder } from "./orders.ts";
import type { State } from "./state.ts";

/** The orders that make `state` from nothing, in an order in which each can be applied. */
export function ordersOf(state: State): ChangeOrder[] {
  const orders: ChangeOrder[] = [];
  for (const data of sortedValues(state.listeners)) orders.push({ type: "ADD_LISTENER", data });
  for (const data of sortedValues(state.clusters)) orders.push({ type: "ADD_CLUSTER", data });
  for (const data of sortedValues(state.backends)) orders.push({ type: "ADD_BACKEND", data });
  for (const data of sortedValues(state.frontends)) {
    if (!("regex" in data.path)) orders.push({ type: "ADD_FRONTEND", data });
  }
  for (const group of [...state.regexGroups().keys()].sort()) {
    for (const key of state.regexKeysOf(group))
      orders.push({ type: "ADD_FRONTEND", data: state.frontends.get(key)! });
  }
  for (const certificate of sortedValues(state.certificates)) orders.push(additionOf(certificate));
  return orders;
}

/** With all that was found out about it, so that who reads it need not find it out again. */
export function additionOf(certificate: Certificate): ChangeOrder {
  return { type: "ADD_CERTIFICATE", data: { ...certificate, reject_expired: false } };
}

function* sortedValues<Value>(objects: ReadonlyMap<string, Value>): Iterable<Value> {
  for (const key of [...objects.keys()].sort()) yield objects.get(key)!;
}
