/**
 * The answer to `METRICS` as Prometheus reads it: the text exposition format, version 0.0.4, with the names
 * that are usual there. Sums only: who wants each worker's asks `METRICS`.
 *
 * Rules of this file:
 *  1. Base units: milliseconds become seconds. Counters end in `_total`.
 *  2. A distribution has the same buckets always, one for each power of two, so that it can be added up over
 *     time and machines.
 */
import type { MetricAnswer, MetricAnswerValue } from "../model/answer-data.ts";
import type { HistogramValue } from "../model/metric-values.ts";
import { isHistogram } from "./sum.ts";

const PREFIX = "kakehi_";
const MS_PER_SECOND = 1_000;
const UNITS_PER_SECOND = 1_000_000;
/** From 64 µs to 34 s. */
const OCTAVE_MIN = 6;
const OCTAVE_MAX = 25;

/** The whole text; each line ends in a newline. */
export function writeExposition(metrics: Readonly<Record<string, MetricAnswer>>): string {
  return Object.entries(metrics)
    .map(([name, metric]) => familyOf(name, metric))
    .join("");
}

function familyOf(name: string, metric: MetricAnswer): string {
  const family = familyName(name, metric);
  const head = [`# HELP ${family} ${escapeHelp(metric.help)}`, `# TYPE ${family} ${metric.type}`];
  return `${[...head, ...samplesOf(family, metric)].join("\n")}\n`;
}

/** What Prometheus knows a metric by. */
export function familyName(name: string, { type, unit }: Pick<MetricAnswer, "type" | "unit">): string {
  const base = unit === "ms" ? name.replace(/_ms$/, "_seconds") : name;
  return `${PREFIX}${base}${type === "counter" ? "_total" : ""}`;
}

function samplesOf(family: string, { value, unit, label }: MetricAnswer): string[] {
  if (typeof value === "number") return [`${family} ${unit === "ms" ? value / MS_PER_SECOND : value}`];
  if (isDistribution(value)) return histogramSamples(family, value);
  return Object.entries(value).map(([each, count]) => `${family}{${label}="${each}"} ${count}`);
}

function isDistribution(value: MetricAnswerValue): value is MetricAnswerValue & HistogramValue {
  return typeof value === "object" && isHistogram(value as HistogramValue);
}

/**
 * Its buckets end with a power of two in microseconds, as ours do but for the one microsecond that theirs do
 * not reach.
 */
function histogramSamples(family: string, { count, sum, buckets }: HistogramValue): string[] {
  const lines: string[] = [];
  let next = 0;
  let below = 0;
  for (let octave = OCTAVE_MIN; octave <= OCTAVE_MAX; octave++) {
    const upperMs = (2 ** octave / UNITS_PER_SECOND) * MS_PER_SECOND;
    for (; next < buckets.length && buckets[next]![0] <= upperMs; next++) below += buckets[next]![1];
    lines.push(`${family}_bucket{le="${upperMs / MS_PER_SECOND}"} ${below}`);
  }
  lines.push(`${family}_bucket{le="+Inf"} ${count}`);
  return [...lines, `${family}_sum ${sum / MS_PER_SECOND}`, `${family}_count ${count}`];
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}
