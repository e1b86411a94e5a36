import assert from "node:assert/strict";
import { test } from "node:test";
import { SMALL, stateOf, type Written } from "../../testing/model/orders.ts";
import { applyOrders } from "./apply.ts";
import { diff } from "./diff.ts";
import { State } from "./state.ts";

const LISTENER = "127.0.0.1:8080";
const regexes = (...letters: readonly string[]): Written[] =>
  letters.map((letter) => [
    "ADD_FRONTEND",
    { listener: LISTENER, hostname: "example.com", path: { regex: `/${letter}` }, deny: true },
  ]);

/** The orders in short, after seeing that they lead to what is wanted. */
function between(current: State, wanted: State): string[] {
  const orders = diff(current, wanted);
  assert.ok(applyOrders(current, orders).ok);
  assert.equal(current.hash(), wanted.hash());
  return orders.map(
    ({ type, data }) => `${type} ${"path" in data ? JSON.stringify(data.path) : JSON.stringify(data)}`,
  );
}

const typesBetween = (current: State, wanted: State) =>
  between(current, wanted).map((order) => order.split(" ")[0]);

test("from nothing everything is added, to nothing everything is removed, each once", () => {
  assert.deepEqual(typesBetween(new State(), stateOf(...SMALL)), [
    "ADD_LISTENER",
    "ADD_CLUSTER",
    "ADD_BACKEND",
    "ADD_FRONTEND",
  ]);
  assert.deepEqual(typesBetween(stateOf(...SMALL), new State()), ["REMOVE_LISTENER", "REMOVE_CLUSTER"]);
});

test("a listener of another protocol takes the place of the one before, with all that it has", () => {
  const secured = stateOf(
    ["ADD_LISTENER", { address: LISTENER, protocol: "https" }],
    ...SMALL.filter(([type]) => type !== "ADD_LISTENER"),
  );
  const expected = ["REMOVE_LISTENER", "ADD_LISTENER", "ADD_FRONTEND"];
  assert.deepEqual(typesBetween(stateOf(...SMALL), secured), expected);
  const back = typesBetween(secured, stateOf(...SMALL));
  assert.deepEqual(back, expected);
});

test("what differs in a field is updated in that field alone, null where the wanted has none", () => {
  const wanted = stateOf(
    ...SMALL,
    ["UPDATE_LISTENER", { address: LISTENER, public_address: "192.0.2.1:80" }],
    ["UPDATE_BACKEND", { cluster_id: "app", backend_id: "app-1", weight: 5 }],
    ["UPDATE_CLUSTER", { cluster_id: "app", load_balancing: "hash" }],
  );
  assert.deepEqual(between(stateOf(...SMALL), wanted), [
    `UPDATE_LISTENER {"address":"${LISTENER}","public_address":"192.0.2.1:80"}`,
    'UPDATE_CLUSTER {"cluster_id":"app","load_balancing":"hash"}',
    'UPDATE_BACKEND {"cluster_id":"app","backend_id":"app-1","weight":5}',
  ]);
  assert.match(between(wanted, stateOf(...SMALL))[0]!, /"public_address":null/);
});

test("a cluster's send_proxy_protocol comes, changes and goes by updates, and is hashed", () => {
  const sending = (version: string) =>
    stateOf(...SMALL, ["UPDATE_CLUSTER", { cluster_id: "app", send_proxy_protocol: version }]);
  const update = (version: string) => [
    `UPDATE_CLUSTER {"cluster_id":"app","send_proxy_protocol":${version}}`,
  ];
  assert.deepEqual(between(stateOf(...SMALL), sending("v1")), update('"v1"'));
  assert.deepEqual(between(sending("v1"), sending("v2")), update('"v2"'));
  assert.deepEqual(between(sending("v2"), stateOf(...SMALL)), update("null"));
  assert.equal(new Set([stateOf(...SMALL), sending("v1"), sending("v2")].map((s) => s.hash())).size, 3);
  const cleared = stateOf(
    ...SMALL,
    ["UPDATE_CLUSTER", { cluster_id: "app", send_proxy_protocol: "v1" }],
    ["UPDATE_CLUSTER", { cluster_id: "app", send_proxy_protocol: null }],
  );
  assert.equal(cleared.hash(), stateOf(...SMALL).hash());
  assert.equal("send_proxy_protocol" in cleared.clusters.get("app")!, false);
});

test("a frontend that ends elsewhere is removed and added", () => {
  const wanted = stateOf(...SMALL.slice(0, 3), [
    "ADD_FRONTEND",
    { listener: LISTENER, hostname: "example.com", deny: true },
  ]);
  assert.deepEqual(typesBetween(stateOf(...SMALL), wanted), ["REMOVE_FRONTEND", "ADD_FRONTEND"]);
});

test("a frontend that stays, of a cluster that goes, makes way for it and comes back", () => {
  const wanted = stateOf(SMALL[0]!, SMALL[3]!);
  assert.deepEqual(typesBetween(stateOf(...SMALL), wanted), [
    "REMOVE_FRONTEND",
    "REMOVE_CLUSTER",
    "ADD_FRONTEND",
  ]);
});

test("the order of regexes is led to with the fewest orders: what begins right is not touched", () => {
  const state = (...letters: readonly string[]) => stateOf(SMALL[0]!, ...regexes(...letters));
  assert.deepEqual(between(state("a", "b", "c"), state("a", "b", "c")), []);
  assert.deepEqual(between(state("a", "b", "c"), state("a", "c")), ['REMOVE_FRONTEND {"regex":"/b"}']);
  assert.deepEqual(between(state("a", "b", "c"), state("a", "c", "b")), [
    'REMOVE_FRONTEND {"regex":"/b"}',
    'ADD_FRONTEND {"regex":"/b"}',
  ]);
  assert.deepEqual(between(state("b", "a"), state("a", "b")), [
    'REMOVE_FRONTEND {"regex":"/b"}',
    'ADD_FRONTEND {"regex":"/b"}',
  ]);
  assert.deepEqual(between(state("a", "b"), state("new", "a", "b")).length, 5);
});
