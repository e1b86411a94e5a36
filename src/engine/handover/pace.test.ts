import assert from "node:assert/strict";
import { test } from "node:test";
import { Pace } from "./pace.ts";

const LIMITS = { handOverFrozenMin: 16, handOverFrozenMax: 100, handOverFrozenMs: 10 };

/** How many may go in each of five rounds, where each of them takes so long. */
function rounds(eachMs: number): readonly number[] {
  const pace = new Pace(LIMITS);
  const seen: number[] = [];
  for (let round = 0; round < 5; round++) {
    seen.push(pace.max);
    pace.arrived(pace.max, pace.max * eachMs);
  }
  return seen;
}

test("few go at first, and twice as many each time while they are quick, up to the most", () => {
  assert.deepEqual(rounds(0), [16, 32, 64, 100, 100]);
  assert.deepEqual(rounds(0.1), [16, 32, 64, 100, 100]);
});

test("no more go at one time than would be in time, at the speed of those before", () => {
  assert.deepEqual(rounds(0.4), [16, 25, 25, 25, 25]);
  assert.deepEqual(rounds(0.625), [16, 16, 16, 16, 16]);
});

test("half as many go when they stood still for too long, but never none", () => {
  const pace = new Pace(LIMITS);
  for (let round = 0; round < 3; round++) pace.arrived(pace.max, 0);
  const seen: number[] = [];
  for (let round = 0; round < 5; round++) {
    pace.arrived(pace.max, 11);
    seen.push(pace.max);
  }
  assert.deepEqual(seen, [50, 25, 16, 16, 16]);
});

test("where few are there to go, no more are let go at once later", () => {
  const pace = new Pace(LIMITS);
  for (let round = 0; round < 4; round++) pace.arrived(1, 0);
  assert.equal(pace.max, 20);
});

test("a batch of which nothing arrived says nothing about the pace", () => {
  const pace = new Pace(LIMITS);
  const { max } = pace;
  pace.arrived(0, 0);
  assert.equal(pace.max, max);
  pace.arrived(1, 0);
  assert.ok(pace.max > max);
});
