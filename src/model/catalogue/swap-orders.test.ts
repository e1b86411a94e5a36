import assert from "node:assert/strict";
import { test } from "node:test";
import type { OrderError } from "../errors.ts";
import { parseOrderBody } from "./parse-order.ts";

const backend = (backend_id: string): object => ({ backend_id, address: "127.0.0.1:9001" });

function refusalOf(swap: {
  readonly add: readonly object[];
  readonly remove?: readonly string[];
}): OrderError {
  const parsed = parseOrderBody("SWAP_BACKENDS", { cluster_id: "app", ...swap });
  assert.ok(!parsed.ok, "it was accepted");
  return parsed.error;
}

test("a backend that is named twice is told with the list that is wrong", () => {
  const repeated = [
    [{ add: [backend("new")], remove: ["old", "old"] }, 'data.remove names "old" twice'],
    [{ add: [backend("new"), backend("new")] }, 'data.add names "new", which is taken'],
    [{ add: [backend("one")], remove: ["one"] }, 'data.add names "one", which is taken'],
  ] as const;
  for (const [swap, begin] of repeated) {
    const { message, field } = refusalOf(swap);
    assert.ok(message.startsWith(begin), message);
    assert.equal(field, begin.split(" ")[0]);
  }
});

test("what is wrong in a new backend is told with its place in the list", () => {
  const { field, message } = refusalOf({ add: [backend("a"), { ...backend("b"), draining: true }] });
  assert.equal(field, "data.add[1].draining");
  assert.match(message, /^unknown field data\.add\[1\]\.draining/);
  assert.equal(refusalOf({ add: [{ ...backend("a"), weight: -1 }] }).field, "data.add[0].weight");
  assert.equal(refusalOf({ add: [7 as unknown as object] }).field, "data.add[0]");
});
