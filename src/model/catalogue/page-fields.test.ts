import assert from "node:assert/strict";
import { test } from "node:test";
import { SMALL, stateOf, type Written } from "../../../testing/model/orders.ts";
import { certificateKey } from "../keys.ts";
import { listObjects } from "../list.ts";
import { AFTER_CHARS_MAX } from "../limits.ts";
import type { ListOrder } from "../orders.ts";
import { parseOrderBody } from "./parse-order.ts";

const OBJECT_LISTS = [
  "LIST_LISTENERS",
  "LIST_CLUSTERS",
  "LIST_BACKENDS",
  "LIST_FRONTENDS",
  "LIST_CERTIFICATES",
];
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
  for (const type of OBJECT_LISTS.filter((list) => list !== "LIST_CERTIFICATES")) {
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

test("any text is a place among objects, and among connections only what a page ends at", () => {
  for (const type of OBJECT_LISTS) {
    for (const after of ["junk", "zn\uffff", "a".repeat(AFTER_CHARS_MAX)])
      assert.ok(parseOrderBody(type, { after }).ok, `${type} after ${JSON.stringify(after)}`);
    assert.equal(refusalOf(type, ""), "data.after must be the `next` of an answer, or any text");
    assert.match(refusalOf(type, "a".repeat(AFTER_CHARS_MAX + 1)), /data\.after/);
  }
  for (const after of ["", "junk", "0", "0:", "-1:0", "0:0:0"])
    assert.equal(refusalOf("LIST_CONNECTIONS", after), "data.after must be the `next` of an answer");
});

function refusalOf(type: string, after: string): string {
  const parsed = parseOrderBody(type, { after });
  assert.ok(!parsed.ok, `${type} after ${JSON.stringify(after)}`);
  assert.equal(parsed.error.code, "INVALID_FIELD");
  return parsed.error.message;
}
