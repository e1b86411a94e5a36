import assert from "node:assert/strict";
import { test } from "node:test";
import { formatDuration, parseDuration } from "./duration.ts";

test("a duration is a number and its unit", () => {
  const durations = {
    "500ms": 500,
    "10s": 10_000,
    "1.5s": 1_500,
    "2m": 120_000,
    "1h": 3_600_000,
    "0s": 0,
    "1d": 86_400_000,
  };
  for (const [text, durationMs] of Object.entries(durations))
    assert.equal(parseDuration(text), durationMs, text);
});

test("a number without its unit, a unit that nobody knows, and less than a millisecond are no durations", () => {
  for (const text of ["10", "", "s", "-1s", "10 s", "1y", "1e3s", "0.5ms", "1.2345s", "∞s"]) {
    assert.equal(parseDuration(text), undefined, text);
  }
});

test("a duration is shown in its two largest units", () => {
  const texts: readonly (readonly [number, string])[] = [
    [0, "0ms"],
    [350, "350ms"],
    [4_000, "4s"],
    [125_000, "2m 5s"],
    [3_600_000, "1h"],
    [3_605_000, "1h"],
    [273_600_000, "3d 4h"],
  ];
  for (const [durationMs, text] of texts) assert.equal(formatDuration(durationMs), text);
});
