import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ordersOf,
  applyAll,
  readChangeOrder,
  refusalOf,
  stateOf,
  type Written,
} from "../../../testing/model/orders.ts";
import { applyOrder } from "../apply.ts";
import { listObjects } from "../list.ts";
import { netChangesOf, removedObjects } from "../net-changes.ts";
import type { OrderData } from "../orders.ts";
import { orderWithoutKey } from "../secrets.ts";

const LISTENER = "127.0.0.1:8443";
const HTTPS: Written = ["ADD_LISTENER", { address: LISTENER, protocol: "https" }];
const SECRET = "U0VDUkVU";
const [OLD, NEW, OTHER] = ["aa".repeat(32), "bb".repeat(32), "cc".repeat(32)];

function dataOf(fingerprint: string, more: object = {}): object {
  return {
    listener: LISTENER,
    fingerprint,
    certificate: "Q0VSVA==",
    chain: ["Q0hBSU4="],
    key: SECRET,
    names: ["a.example"],
    key_type: "ecdsa-p256",
    not_before_ms: 0,
    not_after_ms: 2_000,
    ...more,
  };
}

const added = (fingerprint: string, more: object = {}): Written => [
  "ADD_CERTIFICATE",
  dataOf(fingerprint, more),
];
const replaced = (old: string, fingerprint: string, more: object = {}): Written => [
  "REPLACE_CERTIFICATE",
  { ...dataOf(fingerprint, more), old_fingerprint: old },
];
const removed = (fingerprint: string): Written => ["REMOVE_CERTIFICATE", { listener: LISTENER, fingerprint }];

test("a certificate needs an https listener that is there", () => {
  assert.equal(refusalOf(stateOf(), added(OLD)).code, "UNKNOWN_LISTENER");
  const error = refusalOf(stateOf(["ADD_LISTENER", { address: LISTENER, protocol: "http" }]), added(OLD));
  assert.deepEqual([error.code, error.field], ["INVALID_FIELD", "data.listener"]);
});

test("a certificate that main has not read is refused", () => {
  const error = refusalOf(stateOf(HTTPS), [
    "ADD_CERTIFICATE",
    { listener: LISTENER, certificate: "Q0VSVA==", key: SECRET },
  ]);
  assert.equal(error.code, "INVALID_CERTIFICATE");
});

test("the same certificate twice is no change; another chain under its fingerprint is EXISTS, without keys", () => {
  const state = stateOf(HTTPS, added(OLD));
  assert.deepEqual(applyAll(state, added(OLD)).changes, []);
  const error = refusalOf(state, added(OLD, { chain: [] }));
  assert.equal(error.code, "EXISTS");
  assert.ok(error.existing !== undefined && !JSON.stringify(error).includes(SECRET));
});

test("a replacement is one change with both, and safe to send twice", () => {
  const state = stateOf(HTTPS, added(OLD));
  const { changes, message } = applyAll(state, replaced(OLD, NEW));
  assert.deepEqual(
    changes.map(({ key, after }) => [key, after !== undefined]),
    [
      [`${LISTENER} ${NEW}`, true],
      [`${LISTENER} ${OLD}`, false],
    ],
  );
  assert.equal(message, `certificate ${NEW} for a.example has replaced ${OLD}`);
  assert.deepEqual(applyAll(state, replaced(OLD, NEW)).changes, []);
  assert.deepEqual([...state.certificates.keys()], [`${LISTENER} ${NEW}`]);
});

test("a certificate can be replaced by itself with another chain, and by one that is there", () => {
  const state = stateOf(HTTPS, added(OLD), added(NEW));
  assert.equal(applyAll(state, replaced(OLD, OLD, { chain: [] })).changes.length, 1);
  assert.deepEqual(applyAll(state, replaced(OLD, OLD, { chain: [] })).changes, []);
  applyAll(state, replaced(OLD, NEW));
  assert.deepEqual([...state.certificates.keys()], [`${LISTENER} ${NEW}`]);
  assert.equal(
    refusalOf(stateOf(HTTPS, added(OLD), added(NEW)), replaced(OLD, NEW, { names: [] })).code,
    "EXISTS",
  );
});

test("NOT_FOUND: what is replaced or removed must be there", () => {
  const state = stateOf(HTTPS);
  assert.equal(refusalOf(state, replaced(OLD, NEW)).field, "data.old_fingerprint");
  assert.equal(refusalOf(state, removed(OLD)).code, "NOT_FOUND");
  assert.equal(refusalOf(stateOf(), removed(OLD)).code, "NOT_FOUND");
});

test("a fingerprint that is near to one of the listener's is suggested", () => {
  const { message } = refusalOf(stateOf(HTTPS, added(OLD)), removed(OLD.replace("aa", "ab")));
  assert(message.endsWith(`; did you mean "${OLD}"?`), message);
});

test("a removed certificate is to drain, but not one that went with its listener", () => {
  const state = stateOf(HTTPS, added(OLD), added(NEW));
  const key = `${LISTENER} ${OLD}`;
  assert.deepEqual(removedObjects(applyAll(state, removed(OLD)).changes), [{ kind: "certificate", key }]);
  const { changes, message } = applyAll(state, ["REMOVE_LISTENER", { address: LISTENER }]);
  assert.equal(message, `listener ${LISTENER} removed with 1 certificate`);
  assert.deepEqual(removedObjects(changes), [{ kind: "listener", key: LISTENER }]);
  assert.equal(state.certificates.size, 0);
});

test("no key is in what changes say, in lists or in dumps; all else is", () => {
  const state = stateOf(HTTPS);
  const { changes } = applyAll(state, added(OLD));
  const dump = ordersOf(state);
  assert.ok(JSON.stringify(dump).includes(SECRET), "state files have it");
  const page = listObjects(state, { type: "LIST_CERTIFICATES", data: { limit: 10 } });
  for (const shown of [netChangesOf(changes), dump.map(orderWithoutKey), page]) {
    const text = JSON.stringify(shown);
    assert.ok(!text.includes(SECRET) && text.includes(OLD), text);
  }
  const applied = applyOrder(stateOf(HTTPS), readChangeOrder(replaced(OTHER, OTHER)));
  assert.ok(!JSON.stringify(applied).includes(SECRET));
});

test("lists are filtered by listener, name with its wildcard, and expiry", () => {
  const state = stateOf(
    HTTPS,
    ["ADD_LISTENER", { address: "127.0.0.1:8444", protocol: "https" }],
    added(OLD, { names: ["*.example.com"], not_after_ms: 1_000 }),
    added(NEW, { names: ["www.example.com"] }),
    added(OTHER, { names: ["example.com"], listener: "127.0.0.1:8444" }),
  );
  const list = (data: Omit<OrderData["LIST_CERTIFICATES"], "limit">) => {
    const { items } = listObjects(state, { type: "LIST_CERTIFICATES", data: { limit: 10, ...data } });
    return items.map((item) => (item as { readonly fingerprint: string }).fingerprint.slice(0, 2));
  };
  assert.deepEqual(list({}), ["aa", "bb", "cc"]);
  assert.deepEqual(list({ listener: LISTENER }), ["aa", "bb"]);
  assert.deepEqual(list({ name: "www.example.com" }), ["aa", "bb"]);
  assert.deepEqual(list({ name: "example.com" }), ["cc"]);
  assert.deepEqual(list({ name: "a.b.example.com" }), []);
  assert.deepEqual(list({ expires_before_ms: 1_001 }), ["aa"]);
  assert.deepEqual(list({ expires_before_ms: 1_000 }), []);
  assert.deepEqual(list({ fingerprint: NEW }), ["bb"]);
});

test("https listeners have defaults of their own, and give them back for null", () => {
  const state = stateOf(HTTPS);
  const fields = { tls_versions: ["TLSv1.2", "TLSv1.3"], alpn: ["http/1.1"], strict_sni: false };
  const before = state.listeners.get(LISTENER)!;
  assert.deepEqual({ ...before, ...fields }, before);
  const change = { address: LISTENER, tls_versions: ["TLSv1.3"], cipher_list: "HIGH", groups: ["X25519"] };
  applyAll(state, ["UPDATE_LISTENER", change]);
  assert.deepEqual(state.listeners.get(LISTENER)?.tls_versions, ["TLSv1.3"]);
  applyAll(state, [
    "UPDATE_LISTENER",
    { address: LISTENER, tls_versions: null, cipher_list: null, groups: null },
  ]);
  assert.deepEqual(state.listeners.get(LISTENER), before);
});

test("an update changes client_auth as a whole, and null takes it away", () => {
  const state = stateOf(HTTPS);
  const before = state.listeners.get(LISTENER)!;
  for (const client_auth of [
    { ca: ["QQ=="], mode: "request" },
    { ca: ["QQ==", "Qg=="], mode: "require" },
  ]) {
    applyAll(state, ["UPDATE_LISTENER", { address: LISTENER, client_auth }]);
    assert.deepEqual(state.listeners.get(LISTENER), { ...before, client_auth });
  }
  assert.equal(
    applyAll(state, ["UPDATE_LISTENER", { address: LISTENER, client_auth: { ca: ["QQ==", "Qg=="] } }]).changes
      .length,
    0,
    "the same again",
  );
  applyAll(state, ["UPDATE_LISTENER", { address: LISTENER, client_auth: null }]);
  assert.deepEqual(state.listeners.get(LISTENER), before);
});

test("INVALID_FIELD: listeners without TLS take no fields of TLS", () => {
  const state = stateOf(["ADD_LISTENER", { address: LISTENER, protocol: "http" }]);
  const error = refusalOf(state, ["UPDATE_LISTENER", { address: LISTENER, strict_sni: true }]);
  assert.deepEqual([error.code, error.field], ["INVALID_FIELD", "data.strict_sni"]);
});
