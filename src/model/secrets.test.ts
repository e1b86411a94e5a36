import assert from "node:assert/strict";
import { test } from "node:test";
import { ordersOf, stateOf } from "../../testing/model/orders.ts";
import { applyOrder } from "./apply.ts";
import { DRAIN_DEFAULTS } from "./defaults.ts";
import { listObjects } from "./list.ts";
import { netChangesOf } from "./net-changes.ts";
import type { Certificate, Cluster } from "./objects.ts";
import type { ChangeOrder } from "./orders.ts";
import { orderWithoutKey } from "./secrets.ts";

const SECRET = "U0VDUkVU";
const LISTENER = "127.0.0.1:8443";

/** Each change that can bring a key, one after another: additions, changes, what is already so, conflicts. */
function ordersWithKeys(): readonly ChangeOrder[] {
  const cluster: Cluster = {
    cluster_id: "app",
    load_balancing: "round_robin",
    sticky_session: false,
    https_redirect: false,
    tls: { verify: true, certificate: "MIIB", key: `${SECRET}1` },
  };
  const certificate: Certificate = {
    listener: LISTENER,
    fingerprint: "a3".repeat(32),
    names: ["a.example"],
    key_type: "ecdsa-p256",
    not_before_ms: 0,
    not_after_ms: 1,
    certificate: "MIIB",
    chain: [],
    key: `${SECRET}2`,
  };
  const sent = { ...certificate, reject_expired: false };
  const next = { ...sent, fingerprint: "5b".repeat(32), key: `${SECRET}3` };
  const tls = { verify: false, certificate: "MIIC", key: `${SECRET}4` };
  return [
    { type: "ADD_CLUSTER", data: cluster },
    { type: "ADD_CLUSTER", data: { ...cluster, tls } },
    { type: "UPDATE_CLUSTER", data: { cluster_id: "app", tls } },
    { type: "ADD_CERTIFICATE", data: sent },
    { type: "ADD_CERTIFICATE", data: { ...sent, key: `${SECRET}5` } },
    {
      type: "REPLACE_CERTIFICATE",
      data: { ...next, old_fingerprint: sent.fingerprint, drain: DRAIN_DEFAULTS },
    },
  ];
}

const LISTENING = ["ADD_LISTENER", { address: LISTENER, protocol: "https" }] as const;

test("no key is in what an order is answered with, nor in the order as it is shown", () => {
  const state = stateOf(LISTENING);
  let keys = 0;
  for (const order of ordersWithKeys()) {
    if (JSON.stringify(order).includes(SECRET)) keys++;
    const applied = applyOrder(state, order);
    const answered = applied.ok
      ? [applied.value.message, netChangesOf(applied.value.changes)]
      : [applied.error];
    for (const text of [answered, orderWithoutKey(order)].map((one) => JSON.stringify(one)))
      assert.ok(!text.includes(SECRET), `${order.type}: ${text}`);
  }
  assert.equal(keys, 6);
});

test("lists and dumps show all but the keys, and the configuration keeps them", () => {
  const state = stateOf(LISTENING);
  for (const order of ordersWithKeys()) applyOrder(state, order);
  const dumped = JSON.stringify(ordersOf(state).map(orderWithoutKey));
  const clusters = JSON.stringify(listObjects(state, { type: "LIST_CLUSTERS", data: { limit: 10 } }));
  const certificates = JSON.stringify(listObjects(state, { type: "LIST_CERTIFICATES", data: { limit: 10 } }));
  for (const text of [dumped, clusters, certificates]) assert.ok(!text.includes(SECRET), text);
  assert.match(dumped, /"tls":\{"verify":false,"certificate":"MIIC"\}/);
  assert.match(clusters, /"tls":\{"verify":false,"certificate":"MIIC"\}/);
  assert.match(certificates, /a\.example/);
  const kept = JSON.stringify(ordersOf(state));
  assert.deepEqual(kept.match(/U0VDUkVU\d/g), [`${SECRET}4`, `${SECRET}3`]);
});
