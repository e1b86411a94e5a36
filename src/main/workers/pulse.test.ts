import assert from "node:assert/strict";
import { test } from "node:test";
import { MAIN_LIMITS } from "../limits.ts";
import { Pulse } from "./pulse.ts";

const newPulse = (): Pulse => new Pulse({ silenceMsMax: 2_000, lookEveryMs: 500, nowMs: 0 });

test("a worker that is heard every half second is never silent", () => {
  const pulse = newPulse();
  for (let nowMs = 0; nowMs <= 10_000; nowMs += 500) {
    pulse.heard(0, nowMs);
    assert.deepEqual(pulse.silent(nowMs), []);
  }
});

test("a worker is silent when nothing was heard for as long as the limit", () => {
  const pulse = newPulse();
  pulse.heard(0, 0);
  pulse.heard(1, 0);
  for (let nowMs = 500; nowMs < 2_000; nowMs += 500) {
    pulse.heard(1, nowMs);
    assert.deepEqual(pulse.silent(nowMs), []);
  }
  assert.deepEqual(pulse.silent(2_000), [0]);
});

test("main's own pause is not held against its workers", () => {
  const pulse = newPulse();
  pulse.heard(0, 0);
  assert.deepEqual(pulse.silent(500), []);
  assert.deepEqual(pulse.silent(60_000), [], "main slept for a minute");
  assert.deepEqual(pulse.silent(60_500), []);
  assert.deepEqual(pulse.silent(61_000), [0], "and the worker did not speak since");
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
  for (let nowMs = 500; nowMs < 5_000; nowMs += 500) assert.deepEqual(pulse.silent(nowMs), []);
  assert.deepEqual(pulse.silent(5_000), [0]);
});

test("main's own pause does not shorten patience", () => {
  const pulse = newPulse();
  pulse.heard(0, 20_000);
  assert.deepEqual(pulse.silent(5_000), []);
  assert.deepEqual(pulse.silent(8_000), []);
});

test("a look comes when somebody can be silent, and at the latest in its time", () => {
  const pulse = new Pulse({ silenceMsMax: 1_800, lookEveryMs: 500, nowMs: 0 });
  assert.equal(pulse.nextLookMs, 500);
  pulse.heard(0, 0);
  for (const nowMs of [500, 1_000, 1_500]) assert.deepEqual(pulse.silent(nowMs), []);
  assert.equal(pulse.nextLookMs, 1_800);
  assert.deepEqual(pulse.silent(1_800), [0]);
  assert.equal(pulse.nextLookMs, 2_300);
});

test("main is never asked to look without a pause", () => {
  const pulse = new Pulse({ silenceMsMax: 1_800, lookEveryMs: 500, nowMs: 0 });
  for (let worker = 0; worker < 100; worker++) pulse.heard(worker, worker / 100);
  assert.deepEqual(pulse.silent(1_799.99), []);
  assert.ok(pulse.nextLookMs >= 1_810);
});

test("by the limits that hold, a worker that hangs is found within two seconds, and not while it beats", () => {
  const { workerSilenceMsMax: silenceMsMax, watchEveryMs: lookEveryMs } = MAIN_LIMITS;
  for (let hungAtMs = 10_000; hungAtMs < 10_500; hungAtMs += 10) {
    const pulse = new Pulse({ silenceMsMax, lookEveryMs, nowMs: 0 });
    let foundAtMs: number | undefined;
    for (let nowMs = 0; foundAtMs === undefined; nowMs += 10) {
      if (nowMs % 500 === 0 && nowMs <= hungAtMs) pulse.heard(0, nowMs);
      if (nowMs >= pulse.nextLookMs && pulse.silent(nowMs).length > 0) foundAtMs = nowMs;
    }
    assert.ok(foundAtMs > hungAtMs && foundAtMs - hungAtMs <= 2_000, `${foundAtMs - hungAtMs} ms`);
  }
});

test("by the limits that hold, no pause of main's makes a worker silent that beats, whenever it comes", () => {
  const { workerSilenceMsMax: silenceMsMax, watchEveryMs: lookEveryMs } = MAIN_LIMITS;
  for (const pauseMs of [100, 300, 600, 700, 800, 1_000, 1_500, 2_500, 60_000]) {
    for (let pausedAtMs = 10_000; pausedAtMs < 11_000; pausedAtMs += 10) {
      const pulse = new Pulse({ silenceMsMax, lookEveryMs, nowMs: 0 });
      const isAway = (ms: number): boolean => ms > pausedAtMs && ms < pausedAtMs + pauseMs;
      for (let nowMs = 0; nowMs < pausedAtMs + pauseMs + 5_000; nowMs += 10) {
        if (isAway(nowMs)) continue;
        // Timers come before what waits to be read.
        if (nowMs >= pulse.nextLookMs)
          assert.deepEqual(pulse.silent(nowMs), [], `${pauseMs} at ${pausedAtMs}`);
        if (nowMs % 500 === 0) pulse.heard(0, nowMs);
        if (nowMs === pausedAtMs + pauseMs) pulse.heard(0, nowMs);
      }
    }
  }
});
