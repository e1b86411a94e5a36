import assert from "node:assert/strict";
import { test } from "node:test";
import { EXPIRY_NEAR_MS } from "../model/limits.ts";
import { describeExpiry } from "./expiry.ts";

const END = Date.UTC(2027, 0, 31, 12);
const DAY_MS = 86_400_000;

test("the day alone while it is far, a mark when it is near or over", () => {
  const shown = (leftMs: number): string => describeExpiry(END, END - leftMs);
  assert.equal(shown(EXPIRY_NEAR_MS + 1), "2027-01-31");
  assert.equal(shown(EXPIRY_NEAR_MS), "2027-01-31 (in 14 days)");
  assert.equal(shown(2 * DAY_MS - 1), "2027-01-31 (in 1 day)");
  assert.equal(shown(DAY_MS - 1), "2027-01-31 (within a day)");
  assert.equal(shown(0), "2027-01-31 (expired)");
  assert.equal(shown(-DAY_MS), "2027-01-31 (expired)");
});
