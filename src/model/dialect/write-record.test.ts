import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { orderList } from "../../../testing/model/configurations.ts";
import { ordersOf, readChangeOrder, stateOf, SMALL, type Written } from "../../../testing/model/orders.ts";
import { applyOrder, applyOrders } from "../apply.ts";
import { RecordReader } from "../records.ts";
import { State } from "../state.ts";
import { findUnmet } from "./expectation.ts";
import { parseDialectRecord } from "./parse-dialect.ts";
import { applicationsOf } from "./views.ts";
import { dialectFileText, dialectOrdersOf } from "./write-record.ts";

/** What a file of theirs makes from nothing. */
function readAll(text: string): State {
  const state = new State();
  const reader = new RecordReader();
  for (const record of reader.push(new TextEncoder().encode(text))) {
    assert.equal(record.kind, "record");
    const action = parseDialectRecord(record.kind === "record" ? record.value : {});
    assert.ok(action.ok, action.ok ? "" : action.error.message);
    assert.equal(findUnmet(state, action.value.expects), undefined);
    const applied = applyOrders(state, action.value.orders);
    assert.ok(applied.ok, applied.ok ? "" : applied.error.error.message);
  }
  assert.equal(reader.end(), undefined);
  return state;
}

test("what can be said in Sōzu's records comes back from them as it was; the rest is named", () => {
  let said = 0;
  let unsaid = 0;
  fc.assert(
    fc.property(orderList, (orders) => {
      const state = new State();
      for (const written of orders) {
        // Certificates are read by main: its own test has them.
        if (!written[0].includes("CERTIFICATE")) applyOrder(state, readChangeOrder(written));
      }
      const records = dialectOrdersOf(state);
      if (!records.ok) {
        unsaid++;
        return assert.match(records.error, / has no equivalent in Sōzu$/);
      }
      said++;
      assert.deepEqual(ordersOf(readAll(dialectFileText(records.value))), ordersOf(state));
    }),
    { numRuns: 200 },
  );
  assert.ok(said > 10 && unsaid > 10, `${said} could be said, ${unsaid} could not`);
});

test("each object that those records cannot say is named with what they lack", () => {
  const cases: readonly (readonly [Written, RegExp])[] = [
    [["ADD_CLUSTER", { cluster_id: "h", load_balancing: "hash" }], /^load_balancing hash of cluster h has/],
    [["ADD_CLUSTER", { cluster_id: "h", health_check: { path: "/" } }], /^health_check of cluster h/],
    [["ADD_CLUSTER", { cluster_id: "h", send_proxy_protocol: "v1" }], /^send_proxy_protocol v1/],
    [["DRAIN", { address: "127.0.0.1:8080" }], /^draining of listener 127\.0\.0\.1:8080/],
    [
      ["ADD_LISTENER", { address: "127.0.0.1:1", protocol: "http", front_timeout_ms: 1_500 }],
      /^front_timeout_ms 1500 of listener 127\.0\.0\.1:1/,
    ],
    [
      ["ADD_FRONTEND", { listener: "127.0.0.1:8080", hostname: "d", deny: true }],
      /^deny of frontend 127\.0\.0\.1:8080 d/,
    ],
    [
      ["ADD_FRONTEND", { listener: "127.0.0.1:8080", hostname: "d", cluster_id: "app", tags: { a: "1" } }],
      /^tags of frontend/,
    ],
  ];
  for (const [written, expected] of cases) {
    const records = dialectOrdersOf(stateOf(...SMALL, written));
    assert.match(records.ok ? "" : records.error, expected);
  }
});

test("a state file is written as Sōzu writes one", () => {
  const records = dialectOrdersOf(stateOf(["ADD_CLUSTER", { cluster_id: "xxx" }]));
  assert.ok(records.ok);
  assert.equal(
    dialectFileText(records.value),
    '{"id":"SAVE-0","version":0,"type":"PROXY","data":{"type":"ADD_APPLICATION","data":' +
      '{"app_id":"xxx","sticky_session":false,"https_redirect":false,"load_balancing":"round_robin"}}}\n\0',
  );
});

test("applications are found by id and by domain", () => {
  const state = stateOf(...SMALL);
  const byId = applicationsOf(state, { by: "id", clusterId: "app" });
  assert.equal(byId.length, 1);
  assert.deepEqual(applicationsOf(state, { by: "domain", hostname: "example.com", pathBegin: "" }), byId);
  assert.deepEqual(
    applicationsOf(state, { by: "domain", hostname: "example.com", pathBegin: undefined }),
    byId,
  );
  assert.deepEqual(applicationsOf(state, { by: "domain", hostname: "example.com", pathBegin: "/a" }), []);
  assert.deepEqual(applicationsOf(state, { by: "id", clusterId: "other" }), []);
});
