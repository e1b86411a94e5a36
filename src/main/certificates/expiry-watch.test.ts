import assert from "node:assert/strict";
import { test } from "node:test";
import type { Certificate } from "../../model/objects.ts";
import { ExpiryWatch } from "./expiry-watch.ts";
import { makeOwnCertificate } from "./own-certificate.ts";

const own = makeOwnCertificate(0);

/** A certificate that ends at that time. */
function ending(not_after_ms: number, fingerprint = "f"): Certificate {
  return { ...own, listener: "127.0.0.1:443", fingerprint, not_after_ms };
}

/** A watch over the last 100 ms, the clock it reads, and what it told. */
function watched(linesMax = 10): { watch: ExpiryWatch; clock: { nowMs: number }; told: string[] } {
  const clock = { nowMs: 0 };
  const told: string[] = [];
  const watch = new ExpiryWatch({
    nearMs: 100,
    linesMax,
    now: () => clock.nowMs,
    told: (certificate, leftMs) => void told.push(`${certificate.fingerprint} ${leftMs}`),
    toldMore: (count) => void told.push(`${count} more`),
  });
  return { watch, clock, told };
}

test("a certificate is told once when it comes near its end, and once when it is over", () => {
  const { watch, clock, told } = watched();
  const certificates = [ending(1_000)];
  for (clock.nowMs = 0; clock.nowMs <= 1_200; clock.nowMs += 50) watch.check(certificates);
  assert.deepEqual(told, ["f 100", "f 0"]);
});

test("what a change brings is looked at at once, and not told again by the next check", () => {
  const { watch, told } = watched();
  const near = ending(50, "near");
  const change = (after: Certificate) => ({ kind: "certificate", key: "k", after }) as const;
  watch.changed([change(near), change(ending(500, "far"))]);
  watch.check([near]);
  assert.deepEqual(told, ["near 50"]);
});

test("one that was gone meanwhile is told anew", () => {
  const { watch, told } = watched();
  for (const certificates of [[ending(50)], [], [ending(50)]]) watch.check(certificates);
  assert.deepEqual(told, ["f 50", "f 50"]);
});

test("of many, a few are told by name and the rest as a number", () => {
  const { watch, told } = watched(2);
  watch.check(Array.from({ length: 1_000 }, (_, index) => ending(10, `${index}`)));
  assert.deepEqual(told, ["0 10", "1 10", "998 more"]);
});
