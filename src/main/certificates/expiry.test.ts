import assert from "node:assert/strict";
import { test } from "node:test";
import { expiryOf } from "./expiry.ts";
import { makeOwnCertificate } from "./own-certificate.ts";

const own = makeOwnCertificate(0);
const ending = (...ends: readonly number[]) => ends.map((not_after_ms) => ({ ...own, not_after_ms }));

test("certificates count as near their end, as over, or as neither", () => {
  assert.deepEqual(expiryOf(ending(999, 1_000, 1_001, 1_100, 1_101), 100, 1_000), {
    near: 2,
    over: 2,
    nextEndMs: 1_001,
  });
});

test("without one that is to end, there is no next end", () => {
  assert.deepEqual(expiryOf(ending(5), 100, 1_000), { near: 0, over: 1, nextEndMs: undefined });
});
