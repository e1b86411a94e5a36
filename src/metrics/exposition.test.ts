import assert from "node:assert/strict";
import { test } from "node:test";
import type { MetricAnswer } from "../model/answer-data.ts";
import { metricsAnswer } from "./answer.ts";
import { METRIC_NAMES, METRICS, type MainMetricName } from "./catalogue.ts";
import { writeExposition } from "./exposition.ts";

const SAMPLE = /^[a-z_]+(\{[a-z]+="[^"]*"\})? [0-9.e+-]+$/;

const requests: MetricAnswer = { type: "counter", help: "a \\ and\na line", value: 7 };

test("a counter has its total, and its help on one line", () => {
  assert.equal(
    writeExposition({ requests }),
    "# HELP kakehi_requests_total a \\\\ and\\na line\n# TYPE kakehi_requests_total counter\nkakehi_requests_total 7\n",
  );
});

test("a label's values are samples of one family, and times are seconds", () => {
  const text = writeExposition({
    responses: { type: "counter", help: "h", label: "class", value: { "2xx": 3, "5xx": 0 } },
    uptime_ms: { type: "gauge", unit: "ms", help: "h", value: 1_500 },
  });
  assert.match(text, /\nkakehi_responses_total\{class="2xx"\} 3\nkakehi_responses_total\{class="5xx"\} 0\n/);
  assert.match(text, /\nkakehi_uptime_seconds 1.5\n/);
});

test("a distribution's buckets are cumulative, the same whatever is in them, and end with all", () => {
  const of = (...buckets: [number, number][]): string =>
    writeExposition({
      exchange_duration_ms: {
        type: "histogram",
        unit: "ms",
        help: "h",
        value: { count: 6, sum: 3_000, p50: 1, p90: 1, p99: 1, p999: 1, buckets },
      },
    });
  const text = of([0.1, 1], [1.023, 2], [999_999, 3]);
  assert.match(text, /_bucket\{le="0.000064"\} 0\n.*le="0.000128"\} 1\n/);
  assert.match(
    text,
    /le="0.001024"\} 3\n(.|\n)*le="33.554432"\} 3\n.*le="\+Inf"\} 6\n.*_sum 3\n.*_count 6\n$/,
  );
  const namesOf = (exposition: string): string[] => exposition.split("\n").map((line) => line.split(" ")[0]!);
  assert.deepEqual(namesOf(text), namesOf(of()));
});

test("every metric of the catalogue is written, line by line as the format has them", () => {
  const names = METRIC_NAMES.filter((name) => METRICS[name].of === "main") as MainMetricName[];
  const main = Object.fromEntries(names.map((name) => [name, METRICS[name].label ? {} : 1]));
  const told = { main: main as Record<MainMetricName, number>, workers: new Map(), former: {} };
  const lines = writeExposition(metricsAnswer(told)).trimEnd().split("\n");
  for (const line of lines) if (!line.startsWith("# ")) assert.match(line, SAMPLE);
  const families = lines.filter((line) => line.startsWith("# TYPE "));
  assert.equal(families.length, METRIC_NAMES.length);
  assert.equal(new Set(families).size, families.length);
});
