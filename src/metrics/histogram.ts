/**
 * A distribution of times in bounded memory: buckets that grow with the value, so that each is known to a
 * sixteenth whether it is a microsecond or an hour.
 *
 * ```text
 *  units       0 1 2 … 15 │ 16 17 … 31 │ 32–33 34–35 … 62–63 │ 64–67 … │ …
 *  buckets     one each   │ one each   │ 16 of two            │ 16 of four …
 * ```
 *
 * Rules of this file:
 *  1. `observe` is one shift and three stores: no allocation, no search.
 *  2. What is larger than the largest bucket is counted there.
 */
import type { HistogramValue } from "../model/metric-values.ts";

/** Values are kept in microseconds and told in milliseconds. */
const UNITS_PER_MS = 1_000;
const LINEAR_BITS = 4;
const LINEAR = 2 ** LINEAR_BITS;
/** The last octave ends with 2³¹ microseconds: 35 minutes. */
const OCTAVES = 31 - LINEAR_BITS;
const BUCKET_COUNT = LINEAR * (OCTAVES + 1);
const UNITS_MAX = 2 ** 31 - 1;

export class Histogram {
  readonly #buckets: Float64Array = new Float64Array(BUCKET_COUNT);
  #count = 0;
  #sum = 0;

  /** Counts a time in milliseconds. Less than nothing counts as nothing. */
  observe(ms: number): void {
    const units = Math.min(Math.max(0, Math.round(ms * UNITS_PER_MS)), UNITS_MAX);
    this.#buckets[bucketOf(units)]!++;
    this.#count++;
    this.#sum += units;
  }

  /** What was counted so far, in milliseconds. */
  get value(): HistogramValue {
    const buckets: [number, number][] = [];
    this.#buckets.forEach((count, bucket) => {
      if (count > 0) buckets.push([upperOf(bucket) / UNITS_PER_MS, count]);
    });
    return { count: this.#count, sum: this.#sum / UNITS_PER_MS, buckets };
  }
}

function bucketOf(units: number): number {
  if (units < LINEAR) return units;
  const shift = 31 - Math.clz32(units) - LINEAR_BITS;
  return (shift << LINEAR_BITS) + (units >>> shift);
}

/** The largest value, in units, that falls into a bucket. */
function upperOf(bucket: number): number {
  if (bucket < LINEAR) return bucket;
  const shift = (bucket >>> LINEAR_BITS) - 1;
  const first = (LINEAR + (bucket & (LINEAR - 1))) * 2 ** shift;
  return first + 2 ** shift - 1;
}

/** The least value that so large a share of all are not above, to the bucket; `undefined` of none. */
export function quantileOf({ count, buckets }: HistogramValue, share: number): number | undefined {
  const wanted = Math.max(1, Math.ceil(count * share));
  let seen = 0;
  for (const [upper, inBucket] of buckets) {
    seen += inBucket;
    if (seen >= wanted) return upper;
  }
  return undefined;
}
