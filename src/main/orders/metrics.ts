/**
 * `METRICS`: what all have counted, and what is there at this moment. A worker tells its counts with a
 * heartbeat before it answers, so they are kept whatever becomes of it.
 */
import { metricsAnswer } from "../../metrics/answer.ts";
import type { MetricsData } from "../../model/answer-data.ts";
import type { MetricValues } from "../../model/metric-values.ts";
import type { Control } from "../control.ts";
import { mainValuesOf } from "../metrics/main-metrics.ts";

export async function metricsOf(control: Control): Promise<MetricsData> {
  const gauges = await control.workers.ask({ kind: "gauges" });
  const { workers: totals, former } = control.workerTotals;
  const workers = new Map<number, MetricValues>();
  for (const { number } of control.workers.all())
    workers.set(number, { ...totals.get(number), ...(gauges.get(number) as MetricValues | undefined) });
  return { metrics: metricsAnswer({ main: mainValuesOf(control), workers, former }) };
}
