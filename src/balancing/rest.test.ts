import assert from "node:assert/strict";
import { test } from "node:test";
import {
  countFailure,
  FAILURES_BEFORE_REST,
  forgetFailures,
  isDown,
  makeAvailable,
  REST_MS_MAX,
  REST_MS_MIN,
  type Rest,
  takeDown,
} from "./rest.ts";

/** How long it rests after each of `count` failures, each of them right after the rest before. */
function restsOf(count: number): number[] {
  const rest: Rest = { failures: 0, restsUntilMs: 0 };
  let nowMs = 5;
  return Array.from({ length: count }, () => {
    countFailure(rest, nowMs);
    const restMs = Math.max(0, rest.restsUntilMs - nowMs);
    nowMs += restMs;
    return restMs;
  });
}

test("the failures before the last of the limit bring no rest", () => {
  assert.deepEqual(
    restsOf(FAILURES_BEFORE_REST - 1),
    Array.from({ length: FAILURES_BEFORE_REST - 1 }, () => 0),
  );
});

test("a rest is twice as long after each failure that follows, up to the longest", () => {
  const rests = restsOf(FAILURES_BEFORE_REST + 9).slice(FAILURES_BEFORE_REST - 1);
  assert.equal(rests[0], REST_MS_MIN);
  for (const [index, restMs] of rests.slice(1).entries()) {
    assert.equal(restMs, Math.min(REST_MS_MAX, rests[index]! * 2));
  }
  assert.equal(rests.at(-1), REST_MS_MAX);
});

test("many thousand failures bring the longest rest, not an endless one", () => {
  assert.equal(restsOf(5_000).at(-1), REST_MS_MAX);
});

test("failures while it rests do not count: many at once are one", () => {
  const rest: Rest = { failures: 0, restsUntilMs: 0 };
  for (let failure = 0; failure < 100; failure++) countFailure(rest, 10);
  assert.deepEqual(rest, { failures: FAILURES_BEFORE_REST, restsUntilMs: 10 + REST_MS_MIN });
});

test("a success makes it available at once, and as good as new", () => {
  const rest: Rest = { failures: 0, restsUntilMs: 0 };
  for (let failure = 0; failure < FAILURES_BEFORE_REST; failure++) countFailure(rest, 10);
  forgetFailures(rest);
  assert.deepEqual(rest, { failures: 0, restsUntilMs: 0 });
  countFailure(rest, 20);
  assert.equal(rest.restsUntilMs, 0);
});

test("what requests meet does not count while it is down, and does not end it", () => {
  const rest: Rest = { failures: 2, restsUntilMs: 0 };
  takeDown(rest);
  countFailure(rest, 10);
  forgetFailures(rest);
  assert.ok(isDown(rest));
  makeAvailable(rest);
  assert.deepEqual(rest, { failures: 0, restsUntilMs: 0 });
});
