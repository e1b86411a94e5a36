import assert from "node:assert/strict";
import { test } from "node:test";
import { type CostRound, costRatio, medianCost, spreadText } from "./processor-cost.ts";

function round(total: number, user = total / 2): CostRound {
  return { total, user, kernel: total - user, other: 0, unitsPerSecond: 1, faults: 0 };
}

const ROUNDS = new Map([
  ["kakehi", [round(9), round(10), round(30)]],
  ["haproxy", [round(20), round(20), round(20)]],
  ["nginx", [round(8), round(8), round(8)]],
]);

test("a ratio is held against the cheapest of those that were measured", () => {
  assert.equal(medianCost(ROUNDS, "kakehi"), 10);
  assert.equal(costRatio(ROUNDS, "kakehi", ["haproxy"]), 0.5);
  assert.equal(costRatio(ROUNDS, "kakehi", ["haproxy", "nginx"]), 1.25);
  assert.equal(costRatio(ROUNDS, "kakehi", ["haproxy", "absent"]), 0.5);
});

test("without anybody to be held against there is no ratio, and no goal is met by it", () => {
  assert.ok(Number.isNaN(costRatio(ROUNDS, "kakehi", ["absent"])));
  assert.ok(Number.isNaN(costRatio(ROUNDS, "absent", ["haproxy"])));
});

test("the spread is from the cheapest round to the dearest", () => {
  assert.equal(spreadText([round(9), round(30), round(10)]), "9.0 – 30.0");
});
