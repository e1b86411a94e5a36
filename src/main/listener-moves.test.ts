import assert from "node:assert/strict";
import { test } from "node:test";
import { readChangeOrder, SMALL, stateOf, type Written } from "../../testing/model/orders.ts";
import { applyOrders } from "../model/apply.ts";
import { listenerMovesOf } from "./listener-moves.ts";

const OLD = "127.0.0.1:8080";
const NEW = "127.0.0.1:8081";

function movesOf(...orders: readonly Written[]): ReturnType<typeof listenerMovesOf> {
  const applied = applyOrders(stateOf(...SMALL), orders.map(readChangeOrder));
  assert.ok(applied.ok);
  return listenerMovesOf(applied.value);
}

const add = (address: string): Written => ["ADD_LISTENER", { address, protocol: "http" }];
const remove = (address: string): Written => ["REMOVE_LISTENER", { address }];

test("sockets are opened and closed for what differs in the end", () => {
  assert.deepEqual(movesOf(add(NEW), remove(OLD)), { opened: [NEW], closed: [OLD], reopened: [] });
  const update: Written = ["UPDATE_LISTENER", { address: OLD, front_timeout_ms: 5 }];
  assert.deepEqual(movesOf(update), { opened: [], closed: [], reopened: [] });
});

test("a listener that comes and goes within a change needs no socket", () => {
  assert.deepEqual(movesOf(add(NEW), remove(NEW)), { opened: [], closed: [], reopened: [] });
});

test("a listener that goes and comes back is another one with the same socket", () => {
  assert.deepEqual(movesOf(remove(OLD), add(OLD)), { opened: [], closed: [], reopened: [OLD] });
  assert.deepEqual(movesOf(remove(OLD), add(OLD), remove(OLD)), { opened: [], closed: [OLD], reopened: [] });
});
