import assert from "node:assert/strict";
import { test } from "node:test";
import type { MetricValue } from "../model/metric-values.ts";
import { metricsAnswer, type ToldMetrics } from "./answer.ts";
import { METRIC_NAMES, METRICS, type MainMetricName } from "./catalogue.ts";

const MAIN_NAMES = METRIC_NAMES.filter((name) => METRICS[name].of === "main") as MainMetricName[];
const main = Object.fromEntries(MAIN_NAMES.map((name) => [name, 1])) as Record<MainMetricName, MetricValue>;

function answerTo(told: Partial<ToldMetrics>): ReturnType<typeof metricsAnswer> {
  return metricsAnswer({ main, workers: new Map(), former: {}, ...told });
}

test("every metric of the catalogue is there, those that have not happened as zero", () => {
  const answer = answerTo({});
  assert.deepEqual(Object.keys(answer), METRIC_NAMES);
  assert.equal(answer["requests"]!.value, 0);
  assert.deepEqual(answer["responses"]!.value, { "1xx": 0, "2xx": 0, "3xx": 0, "4xx": 0, "5xx": 0 });
  assert.partialDeepStrictEqual(answer["exchange_duration_ms"]!.value, { count: 0, p50: null, buckets: [] });
});

test("a sum is that of all workers and of those that are gone", () => {
  const workers = new Map([
    [0, { requests: 3, responses: { "2xx": 3 }, connections_open: 2 }],
    [2, { requests: 4, responses: { "2xx": 1, "5xx": 3 }, connections_open: 1 }],
  ]);
  const answer = answerTo({ workers, former: { requests: 10 } });
  assert.deepEqual(answer["requests"], {
    type: "counter",
    help: METRICS.requests.help,
    value: 17,
    workers: { 0: 3, 2: 4 },
    former: 10,
  });
  assert.partialDeepStrictEqual(answer["responses"]!.value, { "2xx": 4, "5xx": 3 });
  assert.equal(answer["connections_open"]!.value, 3);
  assert.ok(!("former" in answer["connections_open"]!));
});

test("distributions are added up bucket by bucket", () => {
  const of = (count: number, ...buckets: [number, number][]) => ({
    exchange_duration_ms: { count, sum: count, buckets },
  });
  const workers = new Map([
    [0, of(3, [1, 2], [8, 1])],
    [1, of(2, [2, 1], [8, 1])],
  ]);
  assert.partialDeepStrictEqual(answerTo({ workers })["exchange_duration_ms"]!.value, {
    count: 5,
    sum: 5,
    p50: 2,
    p99: 8,
    buckets: [
      [1, 2],
      [2, 1],
      [8, 2],
    ],
  });
});

test("what main does not have now is left out", () => {
  assert.ok(!("journal_bytes" in answerTo({ main: { ...main, journal_bytes: undefined } })));
});
