import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { sumOf } from "../../metrics/sum.ts";
import { WorkerTotals } from "./worker-totals.ts";

/** What is told of requests, in all. */
function requestsIn(totals: WorkerTotals): number {
  const present = [...totals.workers.values()].map((values) => values["requests"]);
  return (sumOf([totals.former["requests"], ...present]) as number | undefined) ?? 0;
}

test("whatever workers come, count, tell and die, a counter never goes back, and loses nothing that was told", () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("told" as const), worker: fc.nat(2), more: fc.nat(9) }),
    fc.record({ kind: fc.constant("left" as const), worker: fc.nat(2) }),
  );
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const totals = new WorkerTotals();
      const counted = new Map<number, number>();
      let all = 0;
      for (const each of steps) {
        const before = requestsIn(totals);
        if (each.kind === "told") {
          const count = (counted.get(each.worker) ?? 0) + each.more;
          counted.set(each.worker, count);
          all += each.more;
          totals.told(each.worker, { requests: count, connections_open: 1 });
        } else {
          counted.delete(each.worker);
          totals.left(each.worker);
        }
        assert.ok(requestsIn(totals) >= before);
        assert.equal(requestsIn(totals), all);
      }
    }),
  );
});

test("what a worker has at a moment goes with it", () => {
  const totals = new WorkerTotals();
  totals.told(0, { requests: 1, connections_open: 5 });
  totals.left(0);
  assert.deepEqual(totals.former, { requests: 1 });
});
