import assert from "node:assert/strict";
import { test } from "node:test";
import { Prng } from "./prng.ts";

const take = (prng: Prng, count: number): number[] => Array.from({ length: count }, () => prng.next32());

test("equal seeds give equal sequences, different seeds different ones", () => {
  assert.deepEqual(take(new Prng(7), 100), take(new Prng(7), 100));
  assert.notDeepEqual(take(new Prng(7), 4), take(new Prng(8), 4));
  assert.notDeepEqual(take(new Prng(1), 4), take(new Prng(1 + 2 ** 32), 4));
});

test("numbers are unsigned 32-bit integers, and every bit is set about half the time", () => {
  const numbers = take(new Prng(1), 20_000);
  assert.ok(numbers.every((number) => Number.isInteger(number) && number >= 0 && number < 2 ** 32));
  for (let bit = 0; bit < 32; bit++) {
    const set = numbers.filter((number) => (number >>> bit) & 1).length;
    assert.ok(Math.abs(set - 10_000) < 400, `bit ${bit} was set ${set} times of 20,000`);
  }
});

test("below and between give every integer of their range, and nothing else", () => {
  const prng = new Prng(3);
  const seen = new Set(Array.from({ length: 500 }, () => prng.below(10)));
  assert.deepEqual(
    [...seen].toSorted((a, b) => a - b),
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  );
  const between = new Set(Array.from({ length: 100 }, () => prng.between(-1, 1)));
  assert.deepEqual(
    [...between].toSorted((a, b) => a - b),
    [-1, 0, 1],
  );
  assert.equal(prng.below(1), 0);
});

test("chance is never true at 0, always at 1, and about as often as asked between", () => {
  const prng = new Prng(5);
  const count = (probability: number): number =>
    Array.from({ length: 10_000 }, () => prng.chance(probability)).filter(Boolean).length;
  assert.equal(count(0), 0);
  assert.equal(count(1), 10_000);
  assert.ok(Math.abs(count(0.25) - 2_500) < 200);
});
