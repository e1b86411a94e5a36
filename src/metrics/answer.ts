/**
 * The answer to `METRICS`, put together from what main and the workers tell: complete by the catalogue, so
 * that what has not happened yet is there as zero.
 */
import type { MetricAnswer, MetricAnswerValue } from "../model/answer-data.ts";
import type { MetricValue, MetricValues } from "../model/metric-values.ts";
import { findMetric, type MainMetricName, type Metric, METRIC_NAMES } from "./catalogue.ts";
import { quantileOf } from "./histogram.ts";
import { isHistogram, sumOf } from "./sum.ts";

export interface ToldMetrics {
  /** Main's own. One that is `undefined` is left out. */
  readonly main: Readonly<Record<MainMetricName, MetricValue | undefined>>;
  /** By worker. */
  readonly workers: ReadonlyMap<number, MetricValues>;
  /** Of all workers that are gone: counters and distributions. */
  readonly former: MetricValues;
}

const EMPTY_HISTOGRAM = { count: 0, sum: 0, buckets: [] };

/** Every metric by its name. */
export function metricsAnswer(told: ToldMetrics): Readonly<Record<string, MetricAnswer>> {
  const answer: Record<string, MetricAnswer> = {};
  for (const name of METRIC_NAMES) {
    const metric = findMetric(name)!;
    const { type, unit, help, label } = metric;
    const head = { type, ...(unit && { unit }), help, ...(label && { label: label.name }) };
    if (metric.of === "worker") answer[name] = { ...head, ...workersPart(name, metric, told) };
    const own = told.main[name as MainMetricName];
    if (metric.of === "main" && own !== undefined) answer[name] = { ...head, value: valueOf(metric, own) };
  }
  return answer;
}

function workersPart(
  name: string,
  metric: Metric,
  { workers, former }: ToldMetrics,
): Omit<MetricAnswer, "type" | "help"> {
  const byWorker: Record<string, MetricAnswerValue> = {};
  for (const [worker, values] of workers) byWorker[worker] = valueOf(metric, values[name]);
  const all = [former[name], ...[...workers.values()].map((values) => values[name])];
  return {
    value: valueOf(metric, sumOf(all)),
    workers: byWorker,
    ...(metric.type !== "gauge" && { former: valueOf(metric, former[name]) }),
  };
}

/** Complete: with all values of its label, and with its quantiles. */
function valueOf({ type, label }: Metric, value: MetricValue | undefined): MetricAnswerValue {
  if (type === "histogram") {
    const histogram = value !== undefined && isHistogram(value) ? value : EMPTY_HISTOGRAM;
    const quantile = (share: number): number | null => quantileOf(histogram, share) ?? null;
    const quantiles = { p50: quantile(0.5), p90: quantile(0.9), p99: quantile(0.99), p999: quantile(0.999) };
    return { count: histogram.count, sum: histogram.sum, ...quantiles, buckets: histogram.buckets };
  }
  if (label === undefined) return typeof value === "number" ? value : 0;
  const known = typeof value === "object" && !isHistogram(value) ? value : {};
  return Object.fromEntries(label.values.map((each) => [each, known[each] ?? 0]));
}
