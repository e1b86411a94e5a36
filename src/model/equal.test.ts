import assert from "node:assert/strict";
import { test } from "node:test";
import { areEqual } from "./equal.ts";

test("objects with the same fields are equal, in whatever order", () => {
  assert.ok(areEqual({ a: 1, b: { c: "x" } }, { b: { c: "x" }, a: 1 }));
  assert.ok(areEqual("x", "x"));
});

test("a field more, less or different makes objects differ", () => {
  for (const other of [
    { a: 1 },
    { a: 1, b: 2, c: 3 },
    { a: 1, b: "2" },
    { a: 1, c: 2 },
    { a: { b: 2 } },
    null,
    "a",
  ]) {
    assert.ok(!areEqual({ a: 1, b: 2 }, other));
    assert.ok(!areEqual(other, { a: 1, b: 2 }));
  }
});

test("a field named like something that every object has is a field like others", () => {
  assert.ok(!areEqual({ constructor: "x" }, { toString: "x" }));
  assert.ok(!areEqual({}, { constructor: "x" }));
});
