import assert from "node:assert/strict";
import { test } from "node:test";
import { factOf } from "./certificate-fact.ts";
import type { Certificate } from "./objects.ts";

/** All fields, each with a value that differs from the other's. */
const one: Certificate = {
  listener: "127.0.0.1:443",
  fingerprint: "a3".repeat(32),
  names: ["example.com", "*.example.com"],
  key_type: "ecdsa-p256",
  not_before_ms: 1_000,
  not_after_ms: 2_000,
  certificate: "AAAA",
  chain: ["BBBB", "CCCC"],
  key: "DDDD",
};
const other: Certificate = {
  listener: "127.0.0.1:444",
  fingerprint: "5b".repeat(32),
  names: ["example.com"],
  key_type: "rsa",
  not_before_ms: 1_001,
  not_after_ms: 2_001,
  certificate: "AAAB",
  chain: ["BBBB"],
  key: "DDDE",
};

function fact(changed: Partial<Certificate> = {}): unknown {
  return factOf("certificate", { ...one, ...changed });
}

test("every field of a certificate counts", () => {
  const fields = Object.keys(one) as readonly (keyof Certificate)[];
  const facts = new Set(fields.map((field) => fact({ [field]: other[field] })));
  assert.equal(facts.add(fact()).size, fields.length + 1);
});

test("what stands in one field is not taken for what stands in another", () => {
  const facts = [
    fact({ names: ["a", "b"] }),
    fact({ names: ["ab"] }),
    fact({ names: ["b", "a"] }),
    fact({ chain: ["BBBBCCCC"] }),
    fact({ chain: ["CCCC", "BBBB"] }),
    fact({ chain: [] }),
    fact({ certificate: "AAAADDDD", key: "" }),
    fact({ certificate: "", key: "AAAADDDD" }),
    fact({ not_before_ms: 1, not_after_ms: 2 }),
    fact({ not_before_ms: 12, not_after_ms: 2 }),
  ];
  assert.equal(new Set(facts).size, facts.length);
});

test("equal certificates are one fact, however they came, and it stays the same in state files", () => {
  const copy = JSON.parse(JSON.stringify(one)) as Certificate;
  assert.equal(factOf("certificate", copy), fact());
  assert.equal(fact(), "14b0fbd64fffb84b5dacf2eaf5fc1a63");
});

test("everything else is taken in as it is", () => {
  const backend = { cluster_id: "app", backend_id: "one", address: "127.0.0.1:80", weight: 1, backup: false };
  assert.equal(factOf("backend", backend), backend);
});
