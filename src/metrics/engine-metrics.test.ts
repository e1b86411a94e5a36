import assert from "node:assert/strict";
import { test } from "node:test";
import { METRIC_NAMES, METRICS, type EngineCounterName } from "./catalogue.ts";
import { EngineMetrics, slotOf } from "./engine-metrics.ts";

const COUNTERS = METRIC_NAMES.filter(
  (name): name is EngineCounterName => METRICS[name].of === "worker" && METRICS[name].type === "counter",
);

test("each counter, and each value of a label, has a slot that no other has", () => {
  const slots = COUNTERS.flatMap((name) => {
    const { label } = METRICS[name];
    return label === undefined ? [slotOf(name)] : label.values.map((value) => slotOf(name, value));
  });
  assert.equal(new Set(slots).size, slots.length);
  assert.equal(slots.length, new EngineMetrics().counters.length);
});

test("what was counted is told under its name, and zeros are left out", () => {
  const metrics = new EngineMetrics();
  assert.deepEqual(metrics.totals, {});
  metrics.counters[slotOf("requests")]! += 3;
  metrics.counters[slotOf("responses", "4xx")]! += 2;
  metrics.exchangeDurations.observe(8);
  const { exchange_duration_ms: durations, ...counters } = metrics.totals;
  assert.deepEqual(counters, { requests: 3, responses: { "4xx": 2 } });
  assert.partialDeepStrictEqual(durations, { count: 1, sum: 8 });
});

test("a value that the label does not have has no slot", () => {
  assert.throws(() => slotOf("responses", "6xx"), /has no 6xx/);
});
