import assert from "node:assert/strict";
import { test } from "node:test";
import { Conditions } from "./conditions.ts";

test("who waits is told when the condition is met, not before, and once", async () => {
  const conditions = new Conditions(() => false);
  let [ready, looks] = [0, 0];
  const met = conditions.until(() => ++looks > 0 && ready === 2, undefined);
  ready = 1;
  conditions.changed();
  assert.equal(looks, 2);
  ready = 2;
  conditions.changed();
  conditions.changed();
  assert.equal(await met, true);
  assert.equal(looks, 3);
});

test("a condition that is met already is no wait", async () => {
  assert.equal(await new Conditions(() => true).until(() => true, 0), true);
});

test("nobody waits longer than their patience, or without hope", async () => {
  let hope = true;
  const conditions = new Conditions(() => !hope);
  assert.equal(await conditions.until(() => false, 1), false);
  const hopeless = conditions.until(() => false, undefined);
  hope = false;
  conditions.changed();
  assert.equal(await hopeless, false);
});
