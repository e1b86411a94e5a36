import assert from "node:assert/strict";
import { test } from "node:test";
import type { OrderError } from "../errors.ts";
import { TRANSACTION_ORDERS_MAX } from "../limits.ts";
import { parseOrderBody } from "./parse-order.ts";

const CLUSTER = { type: "ADD_CLUSTER", data: { cluster_id: "app" } };

function refusalOf(...orders: readonly unknown[]): OrderError {
  const parsed = parseOrderBody("TRANSACTION", { orders });
  assert.ok(!parsed.ok, "it was accepted");
  return parsed.error;
}

test("the orders of a transaction are read as if each had come alone, with its defaults", () => {
  const removal = { type: "REMOVE_BACKEND", data: { cluster_id: "app", backend_id: "a" } };
  const parsed = parseOrderBody("TRANSACTION", { orders: [CLUSTER, removal] });
  const alone = [CLUSTER, removal].map(({ type, data }) => {
    const order = parseOrderBody(type, data);
    return order.ok && order.value;
  });
  assert.deepEqual(parsed.ok && parsed.value, { type: "TRANSACTION", data: { orders: alone } });
});

test("a transaction of nothing is one", () => {
  assert.ok(parseOrderBody("TRANSACTION", { orders: [] }).ok);
});

test("what is wrong with one order is told with its index, counted from 0", () => {
  const cases: readonly (readonly [entry: unknown, code: string, field: string])[] = [
    [{ type: "ADD_CLUSTER", data: { cluster_id: "" } }, "INVALID_FIELD", "data.orders[1].data.cluster_id"],
    [{ type: "ADD_CLUSTER", data: { cluster: "a" } }, "UNKNOWN_FIELD", "data.orders[1].data.cluster"],
    [{ type: "ADD_CLUSTR", data: {} }, "UNKNOWN_ORDER", "data.orders[1].type"],
    [{ data: {} }, "BAD_ORDER", "data.orders[1].type"],
    [{ ...CLUSTER, id: "1" }, "UNKNOWN_FIELD", "data.orders[1].id"],
    [{ type: "STATUS" }, "INVALID_FIELD", "data.orders[1].type"],
    [{ type: "DRAIN", data: { worker: 1 } }, "INVALID_FIELD", "data.orders[1].type"],
    [{ type: "LOAD_STATE", data: { path: "/x" } }, "INVALID_FIELD", "data.orders[1].type"],
    [{ type: "TRANSACTION", data: { orders: [] } }, "INVALID_FIELD", "data.orders[1].type"],
  ];
  for (const [entry, code, field] of cases) {
    const { message, ...error } = refusalOf(CLUSTER, entry);
    assert.deepEqual(error, { code, field });
    assert.match(message, /^orders\[1\]: /);
  }
});

test("what is no list of orders is refused", () => {
  for (const orders of [undefined, null, {}, "x"])
    assert.ok(!parseOrderBody("TRANSACTION", { orders }).ok, JSON.stringify(orders));
  for (const entry of [null, [], "ADD_CLUSTER", 1]) {
    const { code, field } = refusalOf(CLUSTER, entry);
    assert.deepEqual([code, field], ["INVALID_FIELD", "data.orders[1]"]);
  }
});

test("a transaction of too many orders is refused by the limit's name", () => {
  const orders = Array.from({ length: TRANSACTION_ORDERS_MAX }, () => CLUSTER);
  assert.ok(parseOrderBody("TRANSACTION", { orders }).ok);
  const { code, field, message } = refusalOf(...orders, CLUSTER);
  assert.deepEqual([code, field], ["LIMIT_EXCEEDED", "data.orders"]);
  assert.match(message, /at most 10000 orders, and this one 10001/);
});
