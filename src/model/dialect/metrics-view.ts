/**
 * Our metrics in the form of Sōzu's `METRICS`. The form is theirs, the names and the meaning are ours: what
 * Sōzu counts and what we count are different things.
 */
import type { DistributionAnswer, MetricAnswerValue, MetricsData } from "../answer-data.ts";

type View = Record<string, object>;

/** `main` and `workers`, each metric with its type. */
export function metricsViewOf({ metrics }: MetricsData, workerId: number | undefined): object {
  const main: View = {};
  const workers: Record<string, { readonly proxy: View; readonly applications: object }> = {};
  for (const [name, { type, value, workers: byWorker }] of Object.entries(metrics)) {
    if (byWorker === undefined) add(main, name, type, value);
    for (const [worker, own] of Object.entries(byWorker ?? {})) {
      if (workerId !== undefined && worker !== String(workerId)) continue;
      workers[worker] ??= { proxy: {}, applications: {} };
      add(workers[worker].proxy, name, type, own);
    }
  }
  return { main, workers };
}

function add(view: View, name: string, type: string, value: MetricAnswerValue): void {
  const kind = type === "gauge" ? "GAUGE" : "COUNT";
  if (typeof value === "number") view[name] = { type: kind, data: value };
  else if (type === "histogram") {
    const { count: samples, p50, p90, p99, p999 } = value as DistributionAnswer;
    view[name] = { type: "PERCENTILES", data: { samples, p_50: p50, p_90: p90, p_99: p99, p_99_9: p999 } };
  } else {
    for (const [label, one] of Object.entries(value as Readonly<Record<string, number>>))
      view[`${name}.${label}`] = { type: kind, data: one };
  }
}
