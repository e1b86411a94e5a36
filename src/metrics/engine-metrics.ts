/**
 * What one engine counts: an array with a slot for each counter and each value of a label. The engine adds to
 * it as it goes; whoever asks reads all.
 *
 * ```ts
 * const REQUESTS = slotOf("requests");   // once, where the module is loaded
 * metrics.counters[REQUESTS]!++;         // as often as one likes
 * ```
 *
 * Rule of this file: counters only grow, for as long as the engine lives.
 */
import { assert } from "../base/assert.ts";
import type { MetricValue, MetricValues } from "../model/metric-values.ts";
import { type EngineCounterName, findMetric, METRIC_NAMES } from "./catalogue.ts";
import { Histogram } from "./histogram.ts";

const FIRST_SLOTS: ReadonlyMap<string, number> = layOut();

/** The slot of a counter; of a labelled one, that of a value, by default its first. */
export function slotOf(name: EngineCounterName, value?: string): number {
  const at = value === undefined ? 0 : (findMetric(name)?.label?.values.indexOf(value) ?? -1);
  assert(at !== -1, `the counter ${name} has no ${value}`);
  return FIRST_SLOTS.get(name)! + at;
}

export class EngineMetrics {
  readonly counters: Float64Array = new Float64Array(slotCount());
  readonly exchangeDurations: Histogram = new Histogram();

  /** What has been counted; zeros are left out. */
  get totals(): MetricValues {
    const totals: Record<string, MetricValue> = {};
    for (const [name, first] of FIRST_SLOTS) {
      const value = this.#valueOf(name, first);
      if (value !== undefined) totals[name] = value;
    }
    const durations = this.exchangeDurations.value;
    if (durations.count > 0) totals["exchange_duration_ms"] = durations;
    return totals;
  }

  #valueOf(name: string, first: number): MetricValue | undefined {
    const label = findMetric(name)!.label;
    if (label === undefined) return this.counters[first]! || undefined;
    const values: Record<string, number> = {};
    label.values.forEach((value, at) => {
      const count = this.counters[first + at]!;
      if (count > 0) values[value] = count;
    });
    return Object.keys(values).length > 0 ? values : undefined;
  }
}

function layOut(): Map<string, number> {
  const slots = new Map<string, number>();
  let next = 0;
  for (const name of METRIC_NAMES) {
    const metric = findMetric(name)!;
    if (metric.of !== "worker" || metric.type !== "counter") continue;
    slots.set(name, next);
    next += metric.label?.values.length ?? 1;
  }
  return slots;
}

function slotCount(): number {
  let count = 0;
  for (const name of FIRST_SLOTS.keys()) count += findMetric(name)!.label?.values.length ?? 1;
  return count;
}
