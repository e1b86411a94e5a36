import assert from "node:assert/strict";
import { test } from "node:test";
import { readChangeOrder, SMALL, stateOf, type Written } from "../../testing/model/orders.ts";
import { applyOrders } from "./apply.ts";
import type { Change } from "./channel.ts";
import { countChanges, netChangesOf, removedObjects } from "./net-changes.ts";

/** The changes that orders make to the small configuration. */
function changesOf(...written: readonly Written[]): readonly Change[] {
  const applied = applyOrders(stateOf(...SMALL), written.map(readChangeOrder));
  assert.ok(applied.ok);
  return applied.value;
}

const key = { listener: "127.0.0.1:8080", hostname: "example.com" };
const backend = { cluster_id: "app", backend_id: "app-1" };

test("an object removed and added differently was updated; the same as before, nothing happened", () => {
  const removal: Written = ["REMOVE_FRONTEND", key];
  assert.deepEqual(countChanges(changesOf(removal, ["ADD_FRONTEND", { ...key, deny: true }])), {
    added: 0,
    removed: 0,
    updated: 1,
  });
  assert.deepEqual(netChangesOf(changesOf(removal, ["ADD_FRONTEND", { ...key, cluster_id: "app" }])), []);
});

test("an object that came and went was never there", () => {
  const changes = changesOf(["ADD_CLUSTER", { cluster_id: "x" }], ["REMOVE_CLUSTER", { cluster_id: "x" }]);
  assert.deepEqual(netChangesOf(changes), []);
});

test("a regex frontend that moved behind another was updated", () => {
  const regex = { ...key, path: { regex: "/a" } };
  const add: Written = ["ADD_FRONTEND", { ...regex, deny: true }];
  const state = stateOf(...SMALL, add);
  const moved = applyOrders(state, [["REMOVE_FRONTEND", regex] as const, add].map(readChangeOrder));
  assert.deepEqual(moved.ok && countChanges(moved.value), { added: 0, removed: 0, updated: 1 });
});

test("each change is told with what was there before and what is there after", () => {
  const [change] = netChangesOf(
    changesOf(["UPDATE_BACKEND", { ...backend, weight: 1 }], ["UPDATE_BACKEND", { ...backend, weight: 2 }]),
  );
  assert.partialDeepStrictEqual(change, {
    action: "update",
    kind: "backend",
    key: "app app-1",
    before: { weight: 100 },
    after: { weight: 2 },
  });
});

test("what is to drain is what is gone: a cluster stands for its backends, frontends drain nothing", () => {
  assert.deepEqual(removedObjects(changesOf(["REMOVE_BACKEND", backend])), [
    { kind: "backend", key: "app app-1" },
  ]);
  assert.deepEqual(removedObjects(changesOf(["REMOVE_CLUSTER", { cluster_id: "app", cascade: true }])), [
    { kind: "cluster", key: "app" },
  ]);
  assert.deepEqual(removedObjects(changesOf(["REMOVE_LISTENER", { address: key.listener }])), [
    { kind: "listener", key: key.listener },
  ]);
  assert.deepEqual(
    removedObjects(
      changesOf(["REMOVE_BACKEND", backend], ["ADD_BACKEND", { ...backend, address: "127.0.0.1:2" }]),
    ),
    [],
  );
});
