import assert from "node:assert/strict";
import { test } from "node:test";
import { Replacements } from "./replacements.ts";

test("a number that dies again and again waits longer and longer; another does not wait for it", () => {
  const replacements = new Replacements();
  assert.deepEqual(replacements.died(0, 1_000), { count: 1, replacedInMs: 0 });
  const second = replacements.died(0, 1_001);
  const third = replacements.died(0, 1_002);
  assert.deepEqual([second.count, third.count], [2, 3]);
  assert.ok(third.replacedInMs > second.replacedInMs && second.replacedInMs > 0);
  assert.deepEqual(replacements.died(1, 1_003), { count: 1, replacedInMs: 0 });
});

test("a number waits until it is started, and then no more", async () => {
  const replacements = new Replacements();
  const { promise, resolve } = Promise.withResolvers<boolean>();
  replacements.schedule(3, 1, () => resolve(replacements.has(3)));
  assert.deepEqual([replacements.has(3), replacements.has(4), replacements.count], [true, false, 1]);
  assert.equal(await promise, false, "it is started, and still waits");
  assert.equal(replacements.count, 0);
});

test("what is cancelled is not started", async () => {
  const replacements = new Replacements();
  const started: number[] = [];
  replacements.schedule(0, 1, () => started.push(0));
  replacements.cancel();
  assert.equal(replacements.count, 0);
  const { promise, resolve } = Promise.withResolvers<void>();
  replacements.schedule(1, 2, resolve);
  await promise;
  assert.deepEqual(started, []);
});
