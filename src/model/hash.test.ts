import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ConfigurationHash, textDigest } from "./hash.ts";

function hashOf(...facts: readonly unknown[]): string {
  const hash = new ConfigurationHash();
  for (const fact of facts) hash.add("fact", fact);
  return hash.text();
}

const fact = fc.dictionary(fc.string({ maxLength: 4 }), fc.oneof(fc.string(), fc.integer(), fc.boolean()), {
  maxKeys: 4,
});

test("neither the order of facts nor the order of fields changes the hash", () => {
  fc.assert(
    fc.property(fc.array(fact), (facts) => {
      const turned = facts.toReversed().map((one) => Object.fromEntries(Object.entries(one).toReversed()));
      assert.equal(hashOf(...turned), hashOf(...facts));
    }),
  );
});

test("a fact taken out leaves no trace", () => {
  fc.assert(
    fc.property(fact, fact, (stays, goes) => {
      const hash = new ConfigurationHash();
      hash.add("fact", goes);
      hash.add("fact", stays);
      hash.remove("fact", goes);
      assert.equal(hash.text(), hashOf(stays));
    }),
  );
});

test("facts that look alike have different hashes", () => {
  const facts: readonly unknown[] = [
    "1",
    1,
    true,
    "true",
    {},
    "",
    { a: "1" },
    { a: 1 },
    { a: { b: "1" } },
    { ab: "1" },
    { a: "b", b: "a" },
    { a: "a", b: "b" },
    { a: "1", b: "" },
    { a: "", b: "1" },
    { a: { x: "1" }, b: {} },
    { a: {}, b: { x: "1" } },
  ];
  assert.equal(new Set(facts.map((one) => hashOf(one))).size, facts.length);
  const relabelled = new ConfigurationHash();
  relabelled.add("other", "1");
  assert.notEqual(relabelled.text(), hashOf("1"));
});

test("twenty thousand similar facts have as many hashes, in every half of the hash", () => {
  const halves = [new Set<string>(), new Set<string>()];
  for (let index = 0; index < 20_000; index++) {
    const text = hashOf({ cluster_id: `app-${index}`, weight: 100 });
    halves[0]!.add(text.slice(0, 16));
    halves[1]!.add(text.slice(16));
  }
  assert.deepEqual(
    halves.map((half) => half.size),
    [20_000, 20_000],
  );
});

test("the hash is the same in every process and version: it is written into state files", () => {
  assert.equal(hashOf(), "00000000000000000000000000000000");
  assert.equal(
    hashOf({ cluster_id: "app", weight: 100, path: { prefix: "/" } }),
    "f7be212549f65090093c51b5deb821a2",
  );
});

test("what state files hold stays what it is", () => {
  const long = "x".repeat(3_000);
  const told = { name: "app", weight: 100, backup: false, path: { prefix: "/" }, tags: {}, more: long };
  assert.equal(hashOf(told, "text", 7), "58b9814e562db192f3ce7132f912892f");
});

test("a long text's digest tells every change of one character, its length and its order, and stays the same", () => {
  const text = "ABCDEFGHIJ".repeat(200);
  const digests = new Set([textDigest(text)]);
  for (let at = 0; at < text.length; at++) {
    digests.add(textDigest(`${text.slice(0, at)}z${text.slice(at + 1)}`));
    digests.add(textDigest(text.slice(0, at)));
  }
  assert.equal(digests.size, 1 + text.length * 2);
  assert.notEqual(textDigest("A"), textDigest("A\0"));
  assert.notEqual(textDigest("\u0141"), textDigest("A\u0001"));
  const longer = "筧".repeat(20_000);
  assert.notEqual(textDigest(longer), textDigest(`${longer.slice(1)}A`));
  assert.equal(textDigest("DER in base64"), "b1b7c9af54cfa35736f8a97744e84132");
});
