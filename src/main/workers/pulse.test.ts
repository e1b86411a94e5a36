import assert from "node:assert/strict";
import { test } from "node:test";
import { MAIN_LIMITS } from "../limits.ts";
import { Pulse } from "./pulse.ts";

const newPulse = (): Pulse => new Pulse({ silenceMsMax: 2_000, checkEveryMs: 500, nowMs: 0 });

test("a worker that is heard every half second is never silent", () => {
  const pulse = newPulse();
  for (let nowMs = 0; nowMs <= 10_000; nowMs += 500) {
    pulse.heard(0, nowMs);
    assert.deepEqual(pulse.silent(nowMs), []);
  }
});

test("a worker is silent when nothing was heard for longer than the limit", () => {
  const pulse = newPulse();
  pulse.heard(0, 0);
  pulse.heard(1, 0);
  for (let nowMs = 500; nowMs <= 2_000; nowMs += 500) {
    pulse.heard(1, nowMs);
    assert.deepEqual(pulse.silent(nowMs), []);
  }
  assert.deepEqual(pulse.silent(2_500), [0]);
});

test("main's own pause is not held against its workers", () => {
  const pulse = newPulse();
  pulse.heard(0, 0);
  assert.deepEqual(pulse.silent(500), []);
  assert.deepEqual(pulse.silent(60_000), [], "main slept for a minute");
  assert.deepEqual(pulse.silent(60_500), []);
  assert.deepEqual(pulse.silent(61_000), []);
  assert.deepEqual(pulse.silent(62_000), [0], "and the worker did not speak since");
});

test("a worker that has gone is not looked for", () => {
  const pulse = newPulse();
  pulse.heard(0, 0);
  pulse.forget(0);
  for (let nowMs = 500; nowMs < 9_000; nowMs += 500) assert.deepEqual(pulse.silent(nowMs), []);
});

test("patience outlasts the signs of life before it", () => {
  const pulse = newPulse();
  pulse.heard(0, 3_000);
  pulse.heard(0, 100);
  for (let nowMs = 500; nowMs <= 5_000; nowMs += 500) assert.deepEqual(pulse.silent(nowMs), []);
  assert.deepEqual(pulse.silent(5_500), [0]);
});

test("main's own pause does not shorten patience", () => {
  const pulse = newPulse();
  pulse.heard(0, 20_000);
  assert.deepEqual(pulse.silent(5_000), []);
  assert.deepEqual(pulse.silent(8_000), []);
});

test("by the limits that hold, a worker that hangs is found within two seconds, and not while it beats", () => {
  const { workerSilenceMsMax: silenceMsMax, watchEveryMs: checkEveryMs } = MAIN_LIMITS;
  for (let hungAtMs = 10_000; hungAtMs < 10_500; hungAtMs += 10) {
    const pulse = new Pulse({ silenceMsMax, checkEveryMs, nowMs: 0 });
    let foundAtMs: number | undefined;
    for (let nowMs = 0; foundAtMs === undefined; nowMs += 10) {
      if (nowMs % 500 === 0 && nowMs <= hungAtMs) pulse.heard(0, nowMs);
      if (nowMs % checkEveryMs === 0 && pulse.silent(nowMs).length > 0) foundAtMs = nowMs;
    }
    assert.ok(foundAtMs > hungAtMs && foundAtMs - hungAtMs <= 2_000, `${foundAtMs - hungAtMs} ms`);
  }
});
