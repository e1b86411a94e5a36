import assert from "node:assert/strict";
import { test } from "node:test";
import { findNodeLoop } from "./node-loop.ts";

test("the loop's descriptor is found, and its next timer's time follows the timers that are set", () => {
  const loop = findNodeLoop();
  assert.ok(loop);
  assert.ok(loop.fd > 2);
  const later = setTimeout(() => undefined, 3_600_000);
  const atMost = loop.timerDueInMs();
  assert.ok(atMost <= 3_600_000);
  const sooner = setTimeout(() => undefined, 1_000);
  assert.ok(loop.timerDueInMs() <= 1_000);
  clearTimeout(sooner);
  clearTimeout(later);
});
