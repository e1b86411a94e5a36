/**
 * Orders and states for tests of the model: written as a client writes them, read as main reads them.
 */
import assert from "node:assert/strict";
import { applyOrder } from "../../src/model/apply.ts";
import type { AppliedOrder } from "../../src/model/apply/verdict.ts";
import { parseOrderBody } from "../../src/model/catalogue/parse-order.ts";
import { additionsOf, sortedOrders } from "../../src/model/dump.ts";
import type { OrderError } from "../../src/model/errors.ts";
import type { StateLimits } from "../../src/model/limits.ts";
import { type ChangeOrder, isChangeOrder, type Order } from "../../src/model/orders.ts";
import { State } from "../../src/model/state.ts";
import type { StateView } from "../../src/model/undone.ts";

/** An order's type, and its data as a client writes it. */
export type Written = readonly [type: string, data: object];

/** A small configuration: one listener, one cluster with a backend, one frontend. */
export const SMALL: readonly Written[] = [
  ["ADD_LISTENER", { address: "127.0.0.1:8080", protocol: "http" }],
  ["ADD_CLUSTER", { cluster_id: "app" }],
  ["ADD_BACKEND", { cluster_id: "app", backend_id: "app-1", address: "127.0.0.1:9001" }],
  ["ADD_FRONTEND", { listener: "127.0.0.1:8080", hostname: "example.com", cluster_id: "app" }],
];

/** Reads an order that must be valid. */
export function readOrder([type, data]: Written): Order {
  const parsed = parseOrderBody(type, JSON.parse(JSON.stringify(data)));
  assert(parsed.ok, parsed.ok ? "" : parsed.error.message);
  return parsed.value;
}

export function readChangeOrder(written: Written): ChangeOrder {
  const order = readOrder(written);
  assert(isChangeOrder(order), `${order.type} changes no object`);
  return order;
}

/** Applies orders that must succeed; gives what the last one did. */
export function applyAll(state: State, ...orders: readonly Written[]): AppliedOrder {
  let last: AppliedOrder = { changes: [], message: "" };
  for (const written of orders) {
    const applied = applyOrder(state, readChangeOrder(written));
    assert(applied.ok, applied.ok ? "" : `${written[0]}: ${applied.error.message}`);
    last = applied.value;
  }
  return last;
}

/** A new state that these orders make. */
export function stateOf(...orders: readonly Written[]): State {
  const state = new State();
  applyAll(state, ...orders);
  return state;
}

/** Applies an order that must be refused, and must change nothing. */
export function refusalOf(state: State, written: Written, limits?: StateLimits): OrderError {
  const hash = state.hash();
  const applied = applyOrder(state, readChangeOrder(written), limits);
  assert(!applied.ok, `${written[0]} was not refused`);
  assert.equal(state.hash(), hash);
  return applied.error;
}

/** The orders that make `state` from nothing, sorted by key. */
export function ordersOf(state: StateView): readonly ChangeOrder[] {
  const steps = sortedOrders(additionsOf(state));
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
