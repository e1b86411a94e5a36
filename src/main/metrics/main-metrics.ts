/**
 * Main's part of `METRICS`: what it counts itself, and what it looks up when somebody asks.
 */
import type { MainMetricName } from "../../metrics/catalogue.ts";
import type { MetricValue } from "../../model/metric-values.ts";
import type { Control } from "../control.ts";
import { expiryOf } from "../certificates/expiry.ts";

/** What main counts as it happens. */
export class MainCounters {
  ordersOk = 0;
  ordersRefused = 0;
  workersStarted = 0;
  workersDied = 0;
  workersReplaced = 0;
}

/** One that is `undefined` is not there now. */
export function mainValuesOf(control: Control): Record<MainMetricName, MetricValue | undefined> {
  const { configuration, counters, events, workers, drains, limits, now, startedMs } = control;
  const { certificates } = configuration.state;
  const expiry = expiryOf(certificates.values(), limits.expiryNearMs, Date.now());
  return {
    uptime_ms: Math.round(now() - startedMs),
    orders: { ok: counters.ordersOk, error: counters.ordersRefused },
    revision: configuration.revision,
    workers: countBy(workers.all().map(({ state }) => state)),
    workers_started: counters.workersStarted,
    workers_died: counters.workersDied,
    workers_replaced: counters.workersReplaced,
    events: events.total,
    event_subscriptions: events.watcherCount,
    drains: drains.count,
    certificates: {
      lasting: certificates.size - expiry.near - expiry.over,
      expiring: expiry.near,
      expired: expiry.over,
    },
    certificate_next_end_ms: expiry.nextEndMs,
    journal_bytes: configuration.journalBytes,
  };
}

function countBy(values: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}
