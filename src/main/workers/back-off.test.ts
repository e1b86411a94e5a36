import assert from "node:assert/strict";
import { test } from "node:test";
import { BACK_OFF_LIMITS, recordDeath, restartDelayMs } from "./back-off.ts";

/** The waits after each of these deaths. */
function delaysAfter(deathsMs: readonly number[]): readonly number[] {
  let deaths: readonly number[] = [];
  return deathsMs.map((nowMs) => restartDelayMs((deaths = recordDeath(deaths, nowMs))));
}

test("a worker that dies once is started again at once", () => {
  assert.deepEqual(delaysAfter([5_000]), [0]);
});

test("a worker that dies again and again waits twice as long each time, up to the limit", () => {
  const delays = delaysAfter(Array.from({ length: 12 }, (_, index) => index * 100));
  assert.deepEqual(delays.slice(0, 5), [0, 100, 200, 400, 800]);
  assert.equal(delays.at(-1), BACK_OFF_LIMITS.delayMsMax);
});

test("a death is forgotten after the window", () => {
  assert.deepEqual(delaysAfter([0, 10, 10 + BACK_OFF_LIMITS.windowMs]), [0, 100, 0]);
});

test("the history of one that dies for ever stays bounded", () => {
  let deaths: readonly number[] = [];
  for (let nowMs = 0; nowMs < 10_000; nowMs++) deaths = recordDeath(deaths, nowMs);
  assert.equal(deaths.length, 32);
});
