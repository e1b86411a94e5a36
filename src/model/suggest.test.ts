import assert from "node:assert/strict";
import { test } from "node:test";
import { didYouMean } from "./suggest.ts";

/** The name that is suggested. */
const findNearest = (name: string, candidates: Iterable<string>) =>
  /^; did you mean "(.*)"\?$/.exec(didYouMean(name, candidates))?.[1];

test("the nearest name is found, by letters added, dropped or changed", () => {
  assert.equal(findNearest("ap", ["zz", "app", "apple"]), "app");
  assert.equal(findNearest("wieght", ["backup", "weight"]), "weight");
  assert.equal(findNearest("ADD_BACKENDS", ["ADD_BACKEND", "ADD_CLUSTER"]), "ADD_BACKEND");
});

test("the nearest of several that are near wins, the first among equals", () => {
  assert.equal(findNearest("frontend", ["frontand", "frontends", "frontend-2"]), "frontand");
  assert.equal(findNearest("balance", ["balanzz", "balanc"]), "balanc");
});

test("what is too far is not suggested", () => {
  assert.equal(findNearest("ap", ["api-2", "b"]), undefined);
  assert.equal(findNearest("cluster", ["backend"]), undefined);
  assert.equal(didYouMean("x", []), "");
});

test("only so many candidates are looked at", () => {
  function* endless(): Iterable<string> {
    for (;;) yield "something else";
  }
  assert.equal(findNearest("name", endless()), undefined);
});
