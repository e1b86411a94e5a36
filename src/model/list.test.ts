import assert from "node:assert/strict";
import { test } from "node:test";
import { applyAll, readOrder, SMALL, stateOf, type Written } from "../../testing/model/orders.ts";
import { listObjects } from "./list.ts";
import type { ListOrder } from "./orders.ts";
import type { State } from "./state.ts";

const list = (state: State, ...written: Written) => listObjects(state, readOrder(written) as ListOrder);
const clusters = (...ids: readonly string[]): Written[] =>
  ids.map((cluster_id) => ["ADD_CLUSTER", { cluster_id }]);
const idsOf = (items: readonly unknown[]) => items.map((item) => (item as { cluster_id: string }).cluster_id);

/** All pages, as a client reads them; `between` runs after each page. */
function allPages(state: State, limit: number, between: () => void = () => undefined): string[] {
  const ids: string[] = [];
  for (let after: string | null | undefined; after !== null;) {
    const page: { items: readonly unknown[]; next: string | null } = list(state, "LIST_CLUSTERS", {
      limit,
      ...(after !== undefined && { after }),
    });
    ids.push(...idsOf(page.items));
    after = page.next;
    between();
  }
  return ids;
}

test("objects are listed complete and sorted by key, whatever order they were added in", () => {
  const state = stateOf(...clusters("c", "a", "b"));
  const { items, next } = list(state, "LIST_CLUSTERS", {});
  assert.deepEqual(idsOf(items), ["a", "b", "c"]);
  assert.deepEqual(items[0], state.clusters.get("a"));
  assert.equal(next, null);
});

test("pages of any size give each object once, and the last has no next", () => {
  const ids = Array.from({ length: 57 }, (_, index) => `app-${(index * 31) % 57}`);
  const state = stateOf(...clusters(...ids));
  for (const limit of [1, 2, 7, 56, 57, 58]) assert.deepEqual(allPages(state, limit), ids.toSorted());
});

test("what is there all the time is listed once, though others come and go between the pages", () => {
  const stays = ["b", "d", "f", "h"];
  const state = stateOf(...clusters(...stays, "c", "e"));
  let round = 0;
  const listed = allPages(state, 2, () => {
    applyAll(state, ...clusters(`a${round}`, `g${round}`));
    if (round === 0) applyAll(state, ["REMOVE_CLUSTER", { cluster_id: "c" }]);
    round++;
  });
  assert.deepEqual(
    listed.filter((id) => stays.includes(id)),
    stays,
  );
  assert.equal(new Set(listed).size, listed.length);
});

test("filters are the fields of the key, alone and together", () => {
  const listener = "127.0.0.1:8080";
  const state = stateOf(
    ...SMALL,
    ["ADD_LISTENER", { address: "127.0.0.1:8081", protocol: "http" }],
    ["ADD_FRONTEND", { listener: "127.0.0.1:8081", hostname: "example.com", cluster_id: "other" }],
    [
      "ADD_FRONTEND",
      { listener, hostname: "example.com", path: { exact: "/a" }, method: "GET", cluster_id: "other" },
    ],
    ["ADD_CLUSTER", { cluster_id: "two" }],
    ["ADD_BACKEND", { cluster_id: "two", backend_id: "app-1", address: "127.0.0.1:9001" }],
  );
  const count = (type: string, filter: object) => list(state, type, filter).items.length;
  assert.equal(count("LIST_FRONTENDS", {}), 3);
  assert.equal(count("LIST_FRONTENDS", { listener }), 2);
  assert.equal(count("LIST_FRONTENDS", { hostname: "EXAMPLE.com" }), 3);
  assert.equal(count("LIST_FRONTENDS", { listener, path: { exact: "/a" } }), 1);
  assert.equal(count("LIST_FRONTENDS", { method: "GET" }), 1);
  assert.equal(count("LIST_FRONTENDS", { cluster_id: "other" }), 2);
  assert.equal(count("LIST_FRONTENDS", { cluster_id: "other", listener }), 1);
  assert.equal(count("LIST_FRONTENDS", { hostname: "other.com" }), 0);
  assert.equal(count("LIST_BACKENDS", { backend_id: "app-1" }), 2);
  assert.equal(count("LIST_BACKENDS", { cluster_id: "two" }), 1);
  assert.equal(count("LIST_BACKENDS", { cluster_id: "none" }), 0);
  assert.equal(count("LIST_LISTENERS", { address: listener }), 1);
  assert.equal(count("LIST_CLUSTERS", { cluster_id: "app" }), 1);
});
