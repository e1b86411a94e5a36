import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { CATALOGUE, isOrderType } from "./catalogue.ts";
import { parseCommonOrder } from "./common-orders.ts";

/** What the schema gives, as text: so that the order of fields counts too, as in a state file. */
function bySchema(type: string, data: unknown): string | undefined {
  assert.ok(isOrderType(type));
  const parsed = CATALOGUE[type].schema.safeParse(data);
  return parsed.success ? JSON.stringify({ type, data: parsed.data }) : undefined;
}

/** Mostly what is plain, so that orders are taken; sometimes what the schema refuses, changes, or takes. */
function mostly<Value>(plain: readonly Value[], ...others: readonly unknown[]): fc.Arbitrary<unknown> {
  return fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...plain) },
    { weight: 1, arbitrary: fc.constantFrom(...others) },
  );
}

const id = mostly(["app", "app-1", "ü"], "", "a b", "x".repeat(300), 7, null);
const address = mostly(["127.0.0.1:80", "[::1]:80"], "[0::1]:80", "127.0.0.1:0", "127.0.0.1", "a:1", 80);
const hostname = mostly(["example.com", "*.example.com", "*"], "Example.com", "a.", "", "a..b", "[::1]", 1);
const pathRules = [{ prefix: "/" }, { prefix: "/api" }, { exact: "/" }, { exact: "/login" }];
const notPlain = [
  { regex: "/a+" },
  { prefix: "/", exact: "/" },
  JSON.parse('{"__proto__":"/"}'),
  {},
  [],
  ["/"],
];
const path = mostly(pathRules, ...notPlain, { prefix: "" }, { prefix: "/?" }, { prefix: 1 }, null, "/");
const flag = mostly([false], true, null, 0, "false");
const weight = mostly([0, 1, 256], -0, 257, -1, 1.5, Infinity, "1", null, true);
const tags = mostly([{}], { team: "blue" }, [], null, "");
const policy = mostly(["round_robin"], "hash", "none", 1, null);
const time = mostly([0, 1_790_000_000_000, -1], 8_640_000_000_000_001, 0.5, -0, "0", null);
const pem = mostly(["MIIB", "-----BEGIN"], "", " \n", "x".repeat(131_073), 1, null);
const digits = "a3".repeat(32);
const fingerprint = mostly([digits], digits.toUpperCase(), digits.slice(1), "a3:".repeat(32), 1);
const names = mostly<unknown>(
  [[], ["example.com"], ["a.example", "*.a.example", "192.0.2.1", "[::1]"]],
  ["a.example", "a.example"],
  ["A.example"],
  ["*"],
  [7],
  Array.from({ length: 1_001 }, (_, index) => `n${index}.example`),
  { 0: "a.example", length: 1 },
  null,
);
const chain = mostly<unknown>(
  [[], ["MIIB"], ["MIIB", "MIIC"]],
  [""],
  "MIIB",
  [1],
  Array.from("M".repeat(11)),
);
const keyType = mostly(["rsa", "ecdsa-p256", "ed25519"], "RSA", "dsa", 1);
const extra = mostly(
  [{}],
  { sticky_id: undefined },
  { health_check: null },
  { method: "GET" },
  { deny: true },
) as fc.Arbitrary<object>;

/** What may be left out is sometimes left out; what is not plain is rare. */
const data: Readonly<Record<string, fc.Arbitrary<object>>> = {
  ADD_CLUSTER: fc.record(
    { cluster_id: id, load_balancing: policy, sticky_session: flag, https_redirect: flag },
    { requiredKeys: ["cluster_id"] },
  ),
  ADD_BACKEND: fc.record(
    { cluster_id: id, backend_id: id, address, weight, backup: flag },
    { requiredKeys: ["cluster_id", "backend_id", "address"] },
  ),
  ADD_FRONTEND: fc.record(
    { listener: address, hostname, cluster_id: id, path, tags },
    { requiredKeys: ["listener", "hostname", "cluster_id"] },
  ),
  ADD_CERTIFICATE: fc.record(
    {
      listener: address,
      certificate: pem,
      chain,
      key: pem,
      names,
      reject_expired: flag,
      fingerprint,
      key_type: keyType,
      not_before_ms: time,
      not_after_ms: time,
    },
    {
      requiredKeys: [
        ...["listener", "certificate", "chain", "key", "names"],
        ...["fingerprint", "key_type", "not_before_ms", "not_after_ms"],
      ] as never[],
    },
  ),
};

for (const [type, plain] of Object.entries(data)) {
  test(`${type}: what is taken by hand is what the schema gives`, () => {
    let taken = 0;
    fc.assert(
      fc.property(plain, extra, (fields, more) => {
        const given = { ...fields, ...more };
        const common = parseCommonOrder(type, given);
        if (common === undefined) return;
        taken++;
        assert.equal(JSON.stringify(common), bySchema(type, given));
      }),
      { numRuns: 2_000 },
    );
    assert.ok(taken > 100, `only ${taken} were taken`);
  });
}

test("what state files are full of is taken, complete or with its defaults left out", () => {
  const backend = { cluster_id: "app", backend_id: "one", address: "127.0.0.1:80" };
  const frontend = { listener: "127.0.0.1:80", hostname: "example.com", cluster_id: "app" };
  for (const [type, given] of [
    ["ADD_CLUSTER", { cluster_id: "app" }],
    ["ADD_BACKEND", backend],
    ["ADD_FRONTEND", frontend],
    ["ADD_FRONTEND", { ...frontend, path: { exact: "/login" } }],
  ] as const) {
    const common = parseCommonOrder(type, given);
    assert.ok(common !== undefined, type);
    assert.deepEqual(parseCommonOrder(type, common.data), common);
  }
});

test("a field without a value is not one that is left out", () => {
  const given = { cluster_id: "app", backend_id: "one", address: "127.0.0.1:80", sticky_id: undefined };
  assert.equal(parseCommonOrder("ADD_BACKEND", given), undefined);
});
