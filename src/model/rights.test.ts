import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { stateOf } from "../../testing/model/orders.ts";
import { parseOrderBody } from "./catalogue/parse-order.ts";
import { CATALOGUE, ORDER_TYPES } from "./catalogue/catalogue.ts";
import type { RightLevel } from "./right-level.ts";
import { findForbidden, findRight, type Right } from "./rights.ts";

const STATE = stateOf(
  ["ADD_LISTENER", { address: "127.0.0.1:80", protocol: "http" }],
  ["ADD_CLUSTER", { cluster_id: "app-1" }],
  ["ADD_FRONTEND", { listener: "127.0.0.1:80", hostname: "mine.example", cluster_id: "app-1" }],
  ["ADD_FRONTEND", { listener: "127.0.0.1:80", hostname: "others.example", cluster_id: "other" }],
  ["ADD_FRONTEND", { listener: "127.0.0.1:80", hostname: "denied.example", deny: true }],
);

/** The code and field of the refusal, or `allowed`. */
function verdict(right: Pick<Right, "may" | "clusters">, type: string, data?: object): string {
  const order = parseOrderBody(type, data);
  assert.ok(order.ok, JSON.stringify(order));
  const forbidden = findForbidden(right, order.value, STATE);
  return forbidden === undefined ? "allowed" : `${forbidden.code} ${forbidden.field ?? ""}`.trim();
}

test("each order needs its level, and a higher one includes it", () => {
  const levels: readonly RightLevel[] = ["read", "write", "admin"];
  for (const type of ORDER_TYPES) {
    const { right, example } = CATALOGUE[type];
    for (const may of levels) {
      const isAllowed = levels.indexOf(may) >= levels.indexOf(right);
      assert.equal(verdict({ may }, type, example), isAllowed ? "allowed" : "FORBIDDEN", `${may} ${type}`);
    }
  }
});

test("an order that changes objects needs more than looking, and none on processes or files less than all", () => {
  for (const type of ORDER_TYPES) {
    const { right, changesState } = CATALOGUE[type];
    if (changesState) assert.notEqual(right, "read", type);
    if (/STOP|UPGRADE|RESTART|SET_WORKERS|_STATE$|CONFIGURATION/.test(type) && type !== "DUMP_STATE")
      assert.equal(right, "admin", type);
  }
});

test("keys are shown to those who may do everything", () => {
  assert.equal(verdict({ may: "write" }, "DUMP_STATE", { keys: true }), "FORBIDDEN");
  assert.equal(verdict({ may: "read" }, "DUMP_STATE", { keys: false }), "allowed");
  assert.equal(verdict({ may: "admin" }, "DUMP_STATE", { keys: true }), "allowed");
});

test("a worker is drained by those who may do everything, though a cluster is by others, too", () => {
  for (const type of ["DRAIN", "UNDRAIN"]) {
    assert.equal(verdict({ may: "write" }, type, { worker: 1 }), "FORBIDDEN");
    assert.equal(verdict({ may: "write" }, type, { cluster_id: "app-1" }), "allowed");
    assert.equal(verdict({ may: "admin", clusters: ["*"] }, type, { worker: 1 }), "FORBIDDEN");
    assert.equal(verdict({ may: "admin" }, type, { worker: 1 }), "allowed");
  }
});

const SOME: Pick<Right, "may" | "clusters"> = { may: "write", clusters: ["app-*", "exact"] };
const LISTENER = "127.0.0.1:80";
const ADDED = [{ backend_id: "b", address: "10.0.0.2:80" }];

test("who may change some clusters changes these with what belongs to them, and nothing else", () => {
  const foreign = "FORBIDDEN data.cluster_id";
  const cases: readonly (readonly [string, object, string])[] = [
    ["ADD_CLUSTER", { cluster_id: "app-2" }, "allowed"],
    ["ADD_CLUSTER", { cluster_id: "exact" }, "allowed"],
    ["ADD_CLUSTER", { cluster_id: "exactly" }, foreign],
    ["REMOVE_CLUSTER", { cluster_id: "other", cascade: true }, foreign],
    ["ADD_BACKEND", { cluster_id: "app-1", backend_id: "a", address: "10.0.0.1:80" }, "allowed"],
    ["UPDATE_BACKEND", { cluster_id: "other", backend_id: "a", weight: 1 }, foreign],
    ["ADD_FRONTEND", { listener: LISTENER, hostname: "new.example", cluster_id: "app-1" }, "allowed"],
    ["ADD_FRONTEND", { listener: LISTENER, hostname: "new.example", cluster_id: "other" }, foreign],
    ["ADD_FRONTEND", { listener: LISTENER, hostname: "new.example", deny: true }, "FORBIDDEN"],
    ["REMOVE_FRONTEND", { listener: LISTENER, hostname: "mine.example" }, "allowed"],
    ["REMOVE_FRONTEND", { listener: LISTENER, hostname: "others.example" }, foreign],
    ["REMOVE_FRONTEND", { listener: LISTENER, hostname: "denied.example" }, "FORBIDDEN"],
    ["REMOVE_FRONTEND", { listener: LISTENER, hostname: "nobodys.example" }, "allowed"],
    ["ADD_LISTENER", { address: "127.0.0.1:81", protocol: "http" }, "FORBIDDEN"],
    ["REMOVE_CERTIFICATE", { listener: LISTENER, fingerprint: "aa".repeat(32) }, "FORBIDDEN"],
    ["DRAIN", { cluster_id: "app-1", backend_id: "a" }, "allowed"],
    ["UNDRAIN", { cluster_id: "other" }, foreign],
    ["DRAIN", { address: LISTENER }, "FORBIDDEN"],
    ["DRAIN", { worker: 1 }, "FORBIDDEN"],
    ["SWAP_BACKENDS", { cluster_id: "other", add: ADDED }, foreign],
    ["SWAP_BACKENDS", { cluster_id: "app-1", add: ADDED }, "allowed"],
    ["CLOSE_CONNECTIONS", { cluster_id: "app-1" }, "allowed"],
    ["CLOSE_CONNECTIONS", { cluster_id: "other" }, foreign],
    ["CLOSE_CONNECTIONS", { client: "192.0.2.1" }, "FORBIDDEN"],
    ["LIST_CONNECTIONS", {}, "allowed"],
    ["REVERT", { revision: 1 }, "FORBIDDEN"],
    ["LIST_CLUSTERS", {}, "allowed"],
    ["SUBSCRIBE_EVENTS", {}, "allowed"],
  ];
  for (const [type, data, wanted] of cases)
    assert.equal(verdict(SOME, type, data), wanted, `${type} ${JSON.stringify(data)}`);
});

test("in a transaction each order is judged, and the refusal says which", () => {
  const add = (cluster_id: string) => ({ type: "ADD_CLUSTER", data: { cluster_id } });
  assert.equal(verdict(SOME, "TRANSACTION", { orders: [add("app-2"), add("app-3")] }), "allowed");
  assert.equal(
    verdict(SOME, "TRANSACTION", { orders: [add("app-2"), add("other")] }),
    "FORBIDDEN data.orders[1].data.cluster_id",
  );
});

test("without entries everybody may do all; with them, those listed, root and the proxy's own user", () => {
  assert.deepEqual(findRight(undefined, 1_000, 7), { may: "admin" });
  const rights: readonly Right[] = [{ uid: 1_000, may: "read" }];
  assert.deepEqual(findRight(rights, 1_000, 7), { uid: 1_000, may: "read" });
  assert.equal(findRight(rights, 1_001, 7), undefined);
  assert.deepEqual(findRight(rights, 0, 7), { may: "admin" });
  assert.deepEqual(findRight(rights, 7, 7), { may: "admin" });
  assert.deepEqual(findRight([{ uid: 0, may: "read" }], 0, 0), { uid: 0, may: "read" });
});

test("law: a pattern matches as the regular expression that it stands for", () => {
  const letters = fc.string({ unit: fc.constantFrom("a", "b", "*"), minLength: 1, maxLength: 8 });
  const id = fc.string({ unit: fc.constantFrom("a", "b"), minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(letters, id, (pattern, cluster_id) => {
      const wanted = new RegExp(`^${pattern.replaceAll("*", ".*")}$`).test(cluster_id);
      const found = verdict({ may: "write", clusters: [pattern] }, "ADD_CLUSTER", { cluster_id });
      assert.equal(found === "allowed", wanted, `${pattern} ${cluster_id}`);
    }),
    { numRuns: 1_000 },
  );
});
