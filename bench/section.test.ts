import assert from "node:assert/strict";
import { test } from "node:test";
import { formatSection, goalAtLeast, goalAtMost } from "./section.ts";
import { median, percentile } from "./statistics.ts";
import { hostnameOf, requestHeadOf } from "./workload.ts";

test("a goal is met at its bound, and missed beyond it", () => {
  assert.equal(goalAtMost("ratio", 0.85, 0.85).met, true);
  assert.equal(goalAtMost("ratio", 0.85, 0.86).met, false);
  assert.equal(goalAtLeast("orders", 5_000, 5_000).met, true);
  assert.equal(goalAtLeast("orders", 5_000, 4_999).met, false);
});

test("a measurement that is missing meets no goal", () => {
  assert.equal(goalAtMost("ratio", 0.85, Number.NaN).met, false);
});

test("a section is a table with its goals below", () => {
  const goals = [goalAtMost("ratio", 1, 0.5), goalAtMost("ratio", 1, 2)];
  const text = formatSection({
    title: "Cost",
    how: "As it was.",
    head: ["", "µs"],
    rows: [["kakehi", "15.0"]],
    goals,
  });
  assert.equal(
    text,
    "## Cost\n\nAs it was.\n\n|  | µs |\n| --- | --: |\n| kakehi | 15.0 |\n\n" +
      "- met: ratio ≤ 1; measured 0.50\n- **missed**: ratio ≤ 1; measured 2.00",
  );
});

test("percentiles lie between neighbours, and the order of the values does not matter", () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  assert.equal(percentile([10, 20], 0.99), 19.9);
  assert.equal(Number.isNaN(median([])), true);
});

test("a request head has the size of a browser's", () => {
  const bytes = requestHeadOf(hostnameOf(999), "/small").length;
  assert.ok(bytes > 550 && bytes < 650, `${bytes} bytes`);
});
