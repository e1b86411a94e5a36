/** The laws of going back, over random orders. A failure prints the seed and the orders. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { orderList } from "../../testing/model/configurations.ts";
import { ordersOf, readChangeOrder, type Written } from "../../testing/model/orders.ts";
import { applyOrder, applyOrders } from "./apply.ts";
import { diff } from "./diff.ts";
import { State } from "./state.ts";
import { type UndoStep, undoStepsOf } from "./undo-steps.ts";
import { frontendsFor, Undone } from "./undone.ts";

const runs = { numRuns: 100 };

/** Applies what can be applied, and gives the steps back of each change, as they are kept: as JSON. */
function follow(state: State, written: readonly Written[]): UndoStep[][] {
  return written.flatMap((one) => {
    const applied = applyOrder(state, readChangeOrder(one));
    if (!applied.ok || applied.value.changes.length === 0) return [];
    return [JSON.parse(JSON.stringify([...undoStepsOf(applied.value.changes)])) as UndoStep[]];
  });
}

function undoneOf(steps: readonly UndoStep[][]): Undone {
  const undone = new Undone();
  for (const ofChange of steps.toReversed()) undone.take(ofChange);
  return undone;
}

test("a configuration as it was is seen whole, the order of regexes too", () => {
  fc.assert(
    fc.property(orderList, orderList, (one, more) => {
      const state = new State();
      follow(state, one);
      const wanted = ordersOf(state);
      const groups = new Map([...state.regexGroups()].map(([group, keys]) => [group, [...keys]]));
      const undone = undoneOf(follow(state, more));
      const hash = state.hash();
      const view = undone.viewOf(state);
      assert.deepEqual(ordersOf(view), wanted);
      assert.deepEqual(new Map(view.regexGroups()), groups);
      assert.equal(state.hash(), hash, "nothing has changed");
    }),
    runs,
  );
});

test("the difference of what has changed leads back, and back again to where it came from", () => {
  fc.assert(
    fc.property(orderList, orderList, (one, more) => {
      const state = new State();
      follow(state, one);
      const before = state.hash();
      const undone = undoneOf(follow(state, more));
      const after = state.hash();
      const { current, wanted } = undone.comparedWith(state);
      const back = applyOrders(state, diff(current, wanted));
      assert.ok(back.ok, back.ok ? "" : back.error.error.message);
      assert.equal(state.hash(), before);
      const again = undoneOf([[...undoStepsOf(back.value)]]).comparedWith(state);
      assert.ok(applyOrders(state, diff(again.current, again.wanted)).ok);
      assert.equal(state.hash(), after);
    }),
    runs,
  );
});

test("steps that were taken apart are the same as those that were taken together", () => {
  fc.assert(
    fc.property(orderList, orderList, orderList, (one, older, newer) => {
      const state = new State();
      follow(state, one);
      const wanted = ordersOf(state);
      const first = undoneOf(follow(state, older));
      const undone = undoneOf(follow(state, newer));
      undone.takeAll(first);
      assert.deepEqual(ordersOf(undone.viewOf(state)), wanted);
      const compared = undone.comparedWith(state);
      assert.ok(applyOrders(state, diff(compared.current, compared.wanted)).ok);
      assert.deepEqual(ordersOf(state), wanted);
    }),
    runs,
  );
});

test("what is compared is what has changed, however much there is", () => {
  const state = new State();
  const clusters: Written[] = Array.from({ length: 500 }, (_, index) => [
    "ADD_CLUSTER",
    { cluster_id: `c${index}` },
  ]);
  follow(state, clusters);
  const undone = undoneOf(
    follow(state, [["ADD_BACKEND", { cluster_id: "c7", backend_id: "one", address: "127.0.0.1:9001" }]]),
  );
  const { current, wanted } = undone.comparedWith(state);
  assert.deepEqual([...current.clusters.keys(), ...current.backends.keys()], ["c7", "c7 one"]);
  assert.deepEqual([...wanted.clusters.keys(), ...wanted.backends.keys()], ["c7"]);
});

test("the frontends that may take a host are its own, those of its wildcards and those of every host", () => {
  const state = new State();
  const address = "127.0.0.1:8080";
  const frontend = (hostname: string, path: object = { prefix: "/" }): Written => [
    "ADD_FRONTEND",
    { listener: address, hostname, path, cluster_id: "a" },
  ];
  follow(state, [
    ["ADD_LISTENER", { address, protocol: "http" }],
    ["ADD_LISTENER", { address: "127.0.0.1:8081", protocol: "http" }],
    ["ADD_FRONTEND", { listener: "127.0.0.1:8081", hostname: "*", cluster_id: "a" }],
    ...["a.example.com", "*.example.com", "*.com", "b.example.com", "*.ple.com", "*"].map((name) =>
      frontend(name),
    ),
    frontend("a.example.com", { regex: "/b.*" }),
    frontend("a.example.com", { regex: "/a.*" }),
  ]);
  const found = frontendsFor(state, { listener: address, host: "A.example.com.", path: "/x" });
  assert.deepEqual(
    found.map(({ hostname, path }) => `${hostname} ${Object.values(path)[0]}`),
    ["a.example.com /", "*.example.com /", "*.com /", "* /", "a.example.com /b.*", "a.example.com /a.*"],
  );
});
