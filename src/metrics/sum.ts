/** Adding up what several workers tell of the same metrics. */
import type { HistogramValue, MetricValue, MetricValues } from "../model/metric-values.ts";
import { findMetric, METRIC_NAMES } from "./catalogue.ts";

/** All of one name added up; what is not there counts as nothing. `undefined` if none has it. */
export function sumOf(values: readonly (MetricValue | undefined)[]): MetricValue | undefined {
  return values.reduce((sum, value) => {
    if (sum === undefined || value === undefined) return sum ?? value;
    return addTwo(sum, value);
  }, undefined);
}

/** The counters and distributions of both, added up: what outlives whoever counted. */
export function addTotals(before: MetricValues, more: MetricValues): MetricValues {
  const totals: Record<string, MetricValue> = {};
  for (const name of METRIC_NAMES) {
    if (findMetric(name)!.type === "gauge") continue;
    const sum = sumOf([before[name], more[name]]);
    if (sum !== undefined) totals[name] = sum;
  }
  return totals;
}

export function isHistogram(value: MetricValue): value is HistogramValue {
  return typeof value === "object" && Array.isArray(value["buckets"]);
}

function addTwo(a: MetricValue, b: MetricValue): MetricValue {
  if (typeof a === "number" && typeof b === "number") return a + b;
  if (typeof a === "number" || typeof b === "number") return a;
  if (isHistogram(a) || isHistogram(b)) return isHistogram(a) && isHistogram(b) ? addHistograms(a, b) : a;
  const sum: Record<string, number> = { ...a };
  for (const [value, count] of Object.entries(b)) sum[value] = (sum[value] ?? 0) + count;
  return sum;
}

function addHistograms(a: HistogramValue, b: HistogramValue): HistogramValue {
  const buckets = new Map(a.buckets);
  for (const [upper, count] of b.buckets) buckets.set(upper, (buckets.get(upper) ?? 0) + count);
  return {
    count: a.count + b.count,
    sum: a.sum + b.sum,
    buckets: [...buckets].sort(([upper], [other]) => upper - other),
  };
}
