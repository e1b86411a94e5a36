import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { countCheck, type Health, newHealth } from "./health.ts";

const THRESHOLDS = { healthy: 2, unhealthy: 3 };

/** The verdicts after each check of `results`: `+` passed, `-` failed. */
function verdictsOf(results: string, thresholds = THRESHOLDS): string {
  const health = newHealth();
  return Array.from(results, (result) => {
    countCheck(health, result === "+", thresholds);
    return health.verdict;
  }).join(" ");
}

for (const [what, results, verdicts] of [
  ["the first check that passes makes it up", "+", "up"],
  ["the first check that fails makes it down", "-", "down"],
  ["what is up goes down at the failure that completes the row", "+---", "up up up down"],
  ["a check that passes ends a row of failures", "+--+--", "up up up up up up"],
  ["what is down comes up at the check that completes the row", "-++", "down down up"],
  ["a check that fails ends a row of passes", "-+-+-", "down down down down down"],
  ["flapping changes nothing", "+-+-+-+-", "up up up up up up up up"],
  ["down and up again", "+---++", "up up up down down up"],
] as const) {
  test(`${what} (${results})`, () => {
    assert.equal(verdictsOf(results), verdicts);
  });
}

test("with thresholds of one each check decides", () => {
  assert.equal(verdictsOf("+-+", { healthy: 1, unhealthy: 1 }), "up down up");
});

test("the verdict turns exactly when it is said to, and only with the last checks all against it", () => {
  const thresholds = fc.record({
    healthy: fc.integer({ min: 1, max: 5 }),
    unhealthy: fc.integer({ min: 1, max: 5 }),
  });
  fc.assert(
    fc.property(thresholds, fc.array(fc.boolean(), { maxLength: 60 }), (limits, results) => {
      const health: Health = newHealth();
      for (const [index, passed] of results.entries()) {
        const { verdict: before } = health;
        const turned = countCheck(health, passed, limits);
        assert.equal(turned, health.verdict !== before);
        if (!turned || before === "unknown") continue;
        const needed = passed ? limits.healthy : limits.unhealthy;
        assert.ok(results.slice(index + 1 - needed, index + 1).every((one) => one === passed));
      }
    }),
  );
});
