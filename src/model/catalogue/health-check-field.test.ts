import assert from "node:assert/strict";
import { test } from "node:test";
import { ordersOf, applyAll, stateOf } from "../../../testing/model/orders.ts";
import { diff } from "../diff.ts";
import { HEALTH_COUNT_MAX, HEALTH_INTERVAL_MS_MIN, HEALTH_STATUSES_MAX, PATH_CHARS_MAX } from "../limits.ts";
import { State } from "../state.ts";
import { parseOrderBody } from "./parse-order.ts";

/** What a cluster holds that is added with this; or which field is refused, and why. */
function read(health_check: unknown): unknown {
  const parsed = parseOrderBody("ADD_CLUSTER", { cluster_id: "app", health_check });
  if (!parsed.ok) return `${parsed.error.code} ${parsed.error.field}`;
  return parsed.value.type === "ADD_CLUSTER" && parsed.value.data.health_check;
}

const DEFAULTS = { interval_ms: 10_000, timeout_ms: 5_000, healthy: 3, unhealthy: 3 };

test("what is left out of a health check gets its default, and is stored", () => {
  assert.deepEqual(read({ path: "/health?deep=1" }), { path: "/health?deep=1", ...DEFAULTS });
  const given = { path: "/", interval_ms: 10, timeout_ms: 1, healthy: 1, unhealthy: 1, status: [204] };
  assert.deepEqual(read(given), given);
});

test("a status may be a number or a list; it is stored as a list, in ascending order, each once", () => {
  assert.deepEqual(read({ path: "/", status: 204 }), { path: "/", ...DEFAULTS, status: [204] });
  assert.deepEqual(read({ path: "/", status: [404, 200, 404] }), {
    path: "/",
    ...DEFAULTS,
    status: [200, 404],
  });
});

for (const [field, value] of [
  ["path", undefined],
  ["path", "health"],
  ["path", ""],
  ["path", "/a b"],
  ["path", "/a\r\nX: y"],
  ["path", "/#top"],
  ["path", "/\u00e9"],
  ["path", `/${"x".repeat(PATH_CHARS_MAX)}`],
  ["path", 1],
  ["interval_ms", HEALTH_INTERVAL_MS_MIN - 1],
  ["interval_ms", 86_400_001],
  ["interval_ms", null],
  ["timeout_ms", 0],
  ["timeout_ms", 1.5],
  ["healthy", 0],
  ["unhealthy", HEALTH_COUNT_MAX + 1],
  ["status", 199],
  ["status", 600],
  ["status", "200"],
  ["status", []],
  ["status", [200, 101]],
  ["status", [[200]]],
  ["status", Array.from({ length: HEALTH_STATUSES_MAX + 1 }, (_, index) => 200 + index)],
] as const) {
  test(`INVALID_FIELD: ${field} of a health check may not be ${JSON.stringify(value)?.slice(0, 40)}`, () => {
    assert.equal(read({ path: "/", [field]: value }), `INVALID_FIELD data.health_check.${field}`);
  });
}

test("a health check is an object of known fields", () => {
  assert.equal(read({ path: "/", intervall_ms: 1 }), "UNKNOWN_FIELD data.health_check.intervall_ms");
  for (const other of ["/", true, [], null]) assert.equal(read(other), "INVALID_FIELD data.health_check");
});

test("an update replaces a health check as a whole, and null removes it", () => {
  const state = stateOf(["ADD_CLUSTER", { cluster_id: "app", health_check: { path: "/a", healthy: 1 } }]);
  applyAll(state, ["UPDATE_CLUSTER", { cluster_id: "app", health_check: { path: "/b" } }]);
  assert.deepEqual(state.clusters.get("app")?.health_check, { path: "/b", ...DEFAULTS });
  applyAll(state, ["UPDATE_CLUSTER", { cluster_id: "app", health_check: null }]);
  assert.ok(!("health_check" in state.clusters.get("app")!));
  assert.equal(state.hash(), stateOf(["ADD_CLUSTER", { cluster_id: "app" }]).hash());
});

test("a health check is dumped, found by a diff, and part of the hash", () => {
  const withCheck = (path: string) =>
    stateOf(["ADD_CLUSTER", { cluster_id: "app", health_check: { path, status: [200, 204] } }]);
  const [one, other] = [withCheck("/a"), withCheck("/b")];
  assert.notEqual(one.hash(), other.hash());
  const rebuilt = new State();
  for (const { type, data } of ordersOf(one)) applyAll(rebuilt, [type, data]);
  assert.equal(rebuilt.hash(), one.hash());
  for (const { type, data } of diff(one, other)) applyAll(one, [type, data]);
  assert.equal(one.hash(), other.hash());
});
