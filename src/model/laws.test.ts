/**
 * The laws of the model, over random orders. A failure prints the seed and the orders.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { orderList } from "../../testing/model/configurations.ts";
import { ordersOf, readChangeOrder, type Written } from "../../testing/model/orders.ts";
import { applyOrder, applyOrders, undo } from "./apply.ts";
import type { Change } from "./channel.ts";
import { diff } from "./diff.ts";
import { parseOrderBody } from "./catalogue/parse-order.ts";
import { State } from "./state.ts";

/** Applies those that can be applied. */
function build(written: readonly Written[]): State {
  const state = new State();
  for (const one of written) applyOrder(state, readChangeOrder(one));
  return state;
}

/** Equal by every view: the hash, the dump, the indexes, the order of regexes. */
function assertSame(state: State, expected: State): void {
  assert.deepEqual(ordersOf(state), ordersOf(expected));
  assert.equal(state.hash(), expected.hash());
  assert.deepEqual(state.sizes(), expected.sizes());
  assert.deepEqual(state.regexGroups(), expected.regexGroups());
  for (const id of ["a", "b", "c", "d"]) {
    assert.deepEqual(
      [...state.frontendKeysOfCluster(id)].sort(),
      [...expected.frontendKeysOfCluster(id)].sort(),
    );
    assert.deepEqual(
      [...state.backendKeysOfCluster(id)].sort(),
      [...expected.backendKeysOfCluster(id)].sort(),
    );
  }
  for (const address of expected.listeners.keys()) {
    const keys = [...state.frontendKeysOfListener(address)].sort();
    assert.deepEqual(keys, [...expected.frontendKeysOfListener(address)].sort());
  }
}

const runs = { numRuns: 150 };

test("applying the difference leads to what is wanted", () => {
  fc.assert(
    fc.property(orderList, orderList, (one, other) => {
      const current = build(one);
      const wanted = build(other);
      const applied = applyOrders(current, diff(current, wanted));
      assert.ok(applied.ok, applied.ok ? "" : applied.error.error.message);
      assertSame(current, wanted);
    }),
    runs,
  );
});

test("the difference between a configuration and one a few orders further leads there, too", () => {
  fc.assert(
    fc.property(orderList, orderList, (one, more) => {
      const current = build(one);
      const wanted = build([...one, ...more]);
      const back = build([...one, ...more]);
      assert.ok(applyOrders(current, diff(current, wanted)).ok);
      assertSame(current, wanted);
      assert.ok(applyOrders(back, diff(back, build(one))).ok);
      assertSame(back, build(one));
    }),
    runs,
  );
});

test("there is no difference between equal configurations", () => {
  fc.assert(
    fc.property(orderList, (one) => assert.deepEqual(diff(build(one), build(one)), [])),
    runs,
  );
});

test("an order that fails changes nothing", () => {
  fc.assert(
    fc.property(orderList, (written) => {
      const state = new State();
      for (const one of written) {
        const before = ordersOf(state);
        const hash = state.hash();
        if (applyOrder(state, readChangeOrder(one)).ok) continue;
        assert.deepEqual(ordersOf(state), before);
        assert.equal(state.hash(), hash);
      }
    }),
    { numRuns: 50 },
  );
});

test("orders of which one fails change nothing together", () => {
  fc.assert(
    fc.property(orderList, orderList, (one, more) => {
      const state = build(one);
      const failing = readChangeOrder(["REMOVE_CLUSTER", { cluster_id: "nobody" }]);
      const orders = more.map((written) => readChangeOrder(written));
      assert.ok(!applyOrders(state, [...orders, failing]).ok);
      assertSame(state, build(one));
    }),
    { numRuns: 50 },
  );
});

test("an order sent twice changes nothing the second time", () => {
  fc.assert(
    fc.property(orderList, (written) => {
      const state = new State();
      for (const one of written) {
        applyOrder(state, readChangeOrder(one));
        const hash = state.hash();
        applyOrder(state, readChangeOrder(one));
        assert.equal(state.hash(), hash);
      }
    }),
    { numRuns: 100 },
  );
});

test("what is taken back is as it was, the order of regexes too", () => {
  fc.assert(
    fc.property(orderList, orderList, (one, more) => {
      const state = build(one);
      const changes: Change[] = [];
      for (const written of more) {
        const applied = applyOrder(state, readChangeOrder(written));
        if (applied.ok) changes.push(...applied.value.changes);
      }
      undo(state, changes);
      assertSame(state, build(one));
    }),
    runs,
  );
});

test("who follows the changes, as JSON in another process, arrives at the same state", () => {
  fc.assert(
    fc.property(orderList, (written) => {
      const state = new State();
      const follower = new State();
      for (const one of written) {
        const applied = applyOrder(state, readChangeOrder(one));
        const changes = applied.ok ? applied.value.changes : [];
        for (const change of JSON.parse(JSON.stringify(changes)) as Change[]) follower.applyChange(change);
        assert.equal(follower.hash(), state.hash());
      }
      assertSame(follower, state);
    }),
    runs,
  );
});

test("the hash hangs on the configuration alone, not on the way there", () => {
  fc.assert(
    fc.property(orderList, (written) => {
      const state = build(written);
      const rebuilt = new State();
      for (const order of ordersOf(state)) {
        const parsed = parseOrderBody(order.type, JSON.parse(JSON.stringify(order.data)));
        assert.ok(parsed.ok, parsed.ok ? "" : parsed.error.message);
        assert.ok(applyOrder(rebuilt, readChangeOrder([order.type, order.data])).ok);
      }
      assertSame(rebuilt, state);
      assert.ok(applyOrders(state, diff(state, new State())).ok);
      assert.equal(state.hash(), new State().hash());
    }),
    runs,
  );
});
