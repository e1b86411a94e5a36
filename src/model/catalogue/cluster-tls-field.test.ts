import assert from "node:assert/strict";
import { test } from "node:test";
import { AUTHORITIES_MAX, CHAIN_CERTIFICATES_MAX, PEM_CHARS_MAX } from "../limits.ts";
import { parseOrderBody } from "./parse-order.ts";

const SECRET = "-----BEGIN PRIVATE KEY-----\nU0VDUkVUU0VDUkVU\n-----END PRIVATE KEY-----\n";
const SHOWN = { certificate: "PEM", key: SECRET };

/** The field as an order that has it carries it. */
function tlsOf(tls: unknown, type: "ADD_CLUSTER" | "UPDATE_CLUSTER" = "ADD_CLUSTER"): unknown {
  const parsed = parseOrderBody(type, { cluster_id: "app", tls });
  assert.ok(parsed.ok, parsed.ok ? "" : parsed.error.message);
  return (parsed.value.data as { readonly tls?: unknown }).tls;
}

/** The code and field of a refusal, which never holds a key. */
function faultOf(tls: unknown): string {
  const parsed = parseOrderBody("ADD_CLUSTER", { cluster_id: "app", tls });
  assert.ok(!parsed.ok, "it was accepted");
  assert.ok(!JSON.stringify(parsed.error).includes("U0VDUkVU"), "a key is in an error");
  return `${parsed.error.code} ${parsed.error.field}`;
}

test("whoever says nothing else has backends verified", () => {
  for (const type of ["ADD_CLUSTER", "UPDATE_CLUSTER"] as const)
    assert.deepEqual(tlsOf({}, type), { verify: true });
  assert.deepEqual(tlsOf({ verify: false }), { verify: false });
});

test("an update takes it away by null; an addition cannot", () => {
  assert.equal(tlsOf(null, "UPDATE_CLUSTER"), null);
  assert.equal(faultOf(null), "INVALID_FIELD data.tls");
});

test("the server's name is brought into its one form, and a wildcard is none", () => {
  assert.deepEqual(tlsOf({ server_name: "App.Internal." }), { server_name: "app.internal", verify: true });
  for (const server_name of ["*.example.com", "*", "", "a b", "a\0b", 7])
    assert.equal(faultOf({ server_name }), "INVALID_FIELD data.tls.server_name");
});

test("a certificate comes with its key, a key and a chain with their certificate", () => {
  const whole = { ...SHOWN, chain: ["PEM"] };
  assert.deepEqual(tlsOf(whole), { ...whole, verify: true });
  assert.equal(faultOf({ certificate: "PEM" }), "INVALID_FIELD data.tls.key");
  assert.equal(faultOf({ key: SECRET }), "INVALID_FIELD data.tls.certificate");
  assert.equal(faultOf({ chain: ["PEM"] }), "INVALID_FIELD data.tls.certificate");
  assert.equal(faultOf({ chain: ["PEM"], key: SECRET }), "INVALID_FIELD data.tls.certificate");
});

test("each part has its bound, and nothing else is taken", () => {
  const large = "x".repeat(PEM_CHARS_MAX + 1);
  assert.equal(faultOf({ ...SHOWN, key: SECRET + large }), "INVALID_CERTIFICATE data.tls.key");
  assert.equal(faultOf({ ...SHOWN, certificate: large }), "INVALID_CERTIFICATE data.tls.certificate");
  assert.equal(faultOf({ ca: [large] }), "INVALID_CERTIFICATE data.tls.ca[0]");
  assert.equal(faultOf({ ca: [] }), "INVALID_FIELD data.tls.ca");
  const many = (count: number): string[] => Array.from({ length: count }, () => "PEM");
  assert.equal(faultOf({ ca: many(AUTHORITIES_MAX + 1) }), "INVALID_FIELD data.tls.ca");
  const chain = many(CHAIN_CERTIFICATES_MAX + 1);
  assert.equal(faultOf({ ...SHOWN, chain }), "INVALID_FIELD data.tls.chain");
  assert.equal(faultOf({ verify: SECRET }), "INVALID_FIELD data.tls.verify");
  assert.equal(faultOf({ keys: SECRET }), "UNKNOWN_FIELD data.tls.keys");
  for (const tls of [true, SECRET, []]) assert.equal(faultOf(tls), "INVALID_FIELD data.tls");
});
