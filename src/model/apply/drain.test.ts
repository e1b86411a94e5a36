import assert from "node:assert/strict";
import { test } from "node:test";
import { applyAll, readOrder, refusalOf, SMALL, stateOf } from "../../../testing/model/orders.ts";
import { parseOrderBody } from "../catalogue/parse-order.ts";

const BACKEND = { cluster_id: "app", backend_id: "app-1" };

test("what drains says so in its object, and no more once that is taken back", () => {
  const state = stateOf(...SMALL);
  const hash = state.hash();
  const cases = [
    [BACKEND, "backend app-1 of cluster app", () => state.backends.get("app app-1")],
    [{ cluster_id: "app" }, "cluster app", () => state.clusters.get("app")],
    [{ address: "127.0.0.1:8080" }, "listener 127.0.0.1:8080", () => state.listeners.get("127.0.0.1:8080")],
  ] as const;
  for (const [subject, name, find] of cases) {
    assert.equal(applyAll(state, ["DRAIN", subject]).message, `${name} drains`);
    assert.equal(find()?.draining, true);
    assert.notEqual(state.hash(), hash);
    assert.equal(applyAll(state, ["UNDRAIN", subject]).message, `${name} takes new requests again`);
    assert.equal(state.hash(), hash);
  }
});

test("what drains already, or does not drain, is no change", () => {
  const state = stateOf(...SMALL, ["DRAIN", BACKEND]);
  assert.deepEqual(applyAll(state, ["DRAIN", BACKEND]).changes, []);
  applyAll(state, ["UNDRAIN", BACKEND]);
  assert.deepEqual(applyAll(state, ["UNDRAIN", BACKEND]).changes, []);
});

test("what is not there cannot drain", () => {
  const state = stateOf(...SMALL);
  assert.match(refusalOf(state, ["DRAIN", { cluster_id: "ap" }]).message, /did you mean "app"\?/);
  assert.equal(refusalOf(state, ["DRAIN", { address: "127.0.0.1:1" }]).code, "NOT_FOUND");
  assert.equal(refusalOf(state, ["UNDRAIN", { ...BACKEND, backend_id: "x" }]).field, "data.backend_id");
});

test("one thing drains by an order", () => {
  assert.deepEqual(readOrder(["UNDRAIN", BACKEND]).data, BACKEND);
  assert.ok(parseOrderBody("UNDRAIN", { worker: 1 }).ok);
  const workerToo = { ...BACKEND, worker: 1 };
  const [none, half] = [{}, { worker: 1, backend_id: "app-1" }];
  for (const data of [none, half, workerToo, { ...BACKEND, address: "127.0.0.1:8080" }]) {
    const parsed = parseOrderBody("DRAIN", data);
    assert.ok(!parsed.ok && /must name one thing/.test(parsed.error.message), JSON.stringify(data));
  }
});
