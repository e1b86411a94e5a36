import assert from "node:assert/strict";
import { test } from "node:test";
import { applyAll, stateOf } from "../../../testing/model/orders.ts";

const address = "127.0.0.1:8080";

test("a listener whose revision_header is off is as one that never had it, however it was put off", () => {
  const plain = stateOf(["ADD_LISTENER", { address, protocol: "http" }]).hash();
  const state = stateOf(["ADD_LISTENER", { address, protocol: "http", revision_header: false }]);
  assert.equal(state.hash(), plain);
  for (const off of [false, null]) {
    applyAll(state, ["UPDATE_LISTENER", { address, revision_header: true }]);
    assert.equal(state.listeners.get(address)?.revision_header, true);
    applyAll(state, ["UPDATE_LISTENER", { address, revision_header: off }]);
    assert.equal(state.hash(), plain);
  }
});
