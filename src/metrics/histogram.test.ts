import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Histogram, quantileOf } from "./histogram.ts";

const LONGEST_MS = 2_000_000;

function histogramOf(...times: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const ms of times) histogram.observe(ms);
  return histogram;
}

test("a value falls into a bucket that ends at most a sixteenth above it, and never below it", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: LONGEST_MS * 1_000 }), (microseconds) => {
      const ms = microseconds / 1_000;
      const [[upper, count] = [Number.NaN, 0], ...others] = histogramOf(ms).value.buckets;
      assert.deepEqual([count, others], [1, []]);
      assert.ok(upper >= ms && upper <= ms * (1 + 1 / 16) + 0.001, `${ms} is in the bucket up to ${upper}`);
    }),
  );
});

test("count and sum are those of what was observed, and its buckets stand in order", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: LONGEST_MS })), (times) => {
      const { count, sum, buckets } = histogramOf(...times).value;
      assert.equal(count, times.length);
      assert.equal(
        sum,
        times.reduce((all, ms) => all + ms, 0),
      );
      assert.equal(
        buckets.reduce((all, [, inBucket]) => all + inBucket, 0),
        times.length,
      );
      const uppers = buckets.map(([upper]) => upper);
      assert.deepEqual(
        uppers,
        [...uppers].sort((a, b) => a - b),
      );
    }),
  );
});

test("what is longer than the longest, or less than nothing, has its place too", () => {
  const { count, buckets } = histogramOf(1e12, Number.POSITIVE_INFINITY, -5).value;
  assert.equal(count, 3);
  assert.deepEqual(
    buckets.map(([, inBucket]) => inBucket),
    [1, 2],
  );
});

test("a quantile is the upper end of the bucket in which it lies", () => {
  const { value } = histogramOf(...Array.from({ length: 100 }, (_, index) => index + 1));
  for (const [share, ms] of [
    [0.5, 50],
    [0.99, 99],
    [1, 100],
  ] as const) {
    const quantile = quantileOf(value, share)!;
    assert.ok(quantile >= ms && quantile <= ms * (1 + 1 / 16), `${share} is ${quantile}`);
  }
  assert.equal(quantileOf(histogramOf().value, 0.5), undefined);
});
