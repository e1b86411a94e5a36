import assert from "node:assert/strict";
import { test } from "node:test";
import type { Certificate } from "./objects.ts";
import { SharedChains } from "./shared-chains.ts";

function certificate(...chain: readonly string[]): Certificate {
  return {
    listener: "127.0.0.1:8443",
    fingerprint: "ab".repeat(32),
    names: ["a.example"],
    key_type: "rsa",
    not_before_ms: 0,
    not_after_ms: 1,
    certificate: "Q0VSVA==",
    chain,
    key: "S0VZ",
  };
}

test("certificates with the same chain share it, and say the same as before", () => {
  const chains = new SharedChains();
  const first = chains.sharing(certificate("middle", "root"));
  const second = chains.sharing(certificate("middle", "root"));
  assert.equal(second.chain, first.chain);
  assert.deepEqual(second, certificate("middle", "root"));
});

test("chains that differ behind their first certificate are not taken for each other", () => {
  const chains = new SharedChains();
  chains.sharing(certificate("middle", "root"));
  for (const chain of [["middle"], ["middle", "other"], ["middle", "root", "more"], []]) {
    assert.deepEqual(chains.sharing(certificate(...chain)).chain, chain);
  }
});

test("what is used stays when there are too many", () => {
  const chains = new SharedChains();
  const { chain } = chains.sharing(certificate("used"));
  for (let index = 0; index < 1_000; index++) {
    chains.sharing(certificate(`chain ${index}`));
    if (index % 100 === 0) assert.equal(chains.sharing(certificate("used")).chain, chain);
  }
  const { chain: again } = chains.sharing(certificate("chain 0"));
  assert.deepEqual(again, ["chain 0"]);
});
