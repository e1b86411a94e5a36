import assert from "node:assert/strict";
import { test } from "node:test";
import { SMALL, stateOf, type Written } from "../../../testing/model/orders.ts";
import { certificateKey } from "../keys.ts";
import { listObjects } from "../list.ts";
import type { ListOrder, OrderType } from "../orders.ts";
import { parseOrderBody } from "./parse-order.ts";

const LISTENER = "[::1]:443";
const FINGERPRINT = "5b".repeat(32);

const frontend = (rule: object): Written => [
  "ADD_FRONTEND",
  { listener: "127.0.0.1:8080", cluster_id: "app", ...rule },
];

test("every place that a page may end at is one to go on from", () => {
  const state = stateOf(
    ...SMALL,
    ["ADD_LISTENER", { address: LISTENER, protocol: "http" }],
    ["ADD_CLUSTER", { cluster_id: "b\u00fccher/2" }],
    ["ADD_BACKEND", { cluster_id: "b\u00fccher/2", backend_id: "1:2", address: LISTENER }],
    frontend({ hostname: "*", path: { exact: "/a" }, method: "M-SEARCH" }),
    frontend({ hostname: "*.a.b", path: { regex: "/a b|/[ \n]c" } }),
    frontend({ hostname: "[::1]", path: { prefix: "/" }, method: "GET" }),
  );
  let pages = 0;
  for (const type of ["LIST_LISTENERS", "LIST_CLUSTERS", "LIST_BACKENDS", "LIST_FRONTENDS"]) {
    for (let after: string | null | undefined; after !== null; pages++) {
      const parsed = parseOrderBody(type, { limit: 1, ...(after !== undefined && { after }) });
      assert.ok(parsed.ok, `${type} after ${after}`);
      const { items, next } = listObjects(state, parsed.value as ListOrder);
      assert.equal(items.length, 1);
      after = next;
    }
  }
  assert.equal(pages, 2 + 2 + 2 + 4);
  const certificate = certificateKey({ listener: LISTENER, fingerprint: FINGERPRINT });
  assert.ok(parseOrderBody("LIST_CERTIFICATES", { after: certificate }).ok);
  assert.ok(parseOrderBody("LIST_CONNECTIONS", { after: "0:4096" }).ok);
});

test("what no place looks like is refused", () => {
  const refused: Partial<Record<OrderType, readonly string[]>> = {
    LIST_LISTENERS: ["junk", "127.0.0.1", "127.0.0.1:0", "[0::1]:80"],
    LIST_CLUSTERS: ["a b", "a\n"],
    LIST_BACKENDS: ["app", "app ", " app-1", "app app-1 more"],
    LIST_CERTIFICATES: [LISTENER, `${LISTENER} 5b`, `junk ${FINGERPRINT}`, `${LISTENER} ${"5B".repeat(32)}`],
    LIST_FRONTENDS: [
      "127.0.0.1:80",
      "127.0.0.1:80 a.b GET",
      "127.0.0.1:80 a.b GET prefix",
      "127.0.0.1:80 a.b GET prefix /a b",
      "127.0.0.1:80 a.b GET prefix a",
      "127.0.0.1:80 a.b GET suffix /",
      "127.0.0.1:80 a.b (none) prefix /",
      "127.0.0.1:80 A.b GET prefix /",
      "127.0.0.1:80 a..b GET prefix /",
      "127.0.0.1 a.b GET prefix /",
    ],
    LIST_CONNECTIONS: ["junk", "0", "0:", "-1:0", "0:0:0"],
  };
  for (const [type, places] of Object.entries(refused)) {
    for (const after of ["", "\0", "{} [] {}", "a".repeat(10_000), ...places]) {
      const parsed = parseOrderBody(type, { after });
      assert.ok(!parsed.ok, `${type} after ${JSON.stringify(after)}`);
      assert.equal(parsed.error.code, "INVALID_FIELD");
      assert.equal(parsed.error.message, "data.after must be the `next` of an answer");
    }
  }
});
