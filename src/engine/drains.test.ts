import assert from "node:assert/strict";
import { test } from "node:test";
import type { DrainRequest } from "../model/channel.ts";
import { Drains } from "./drains.ts";
import { Use } from "./use.ts";

const request = (drain: number): DrainRequest => ({ drain, kind: "cluster", key: "app", order: "REMOVE" });
const named = { kind: "cluster", key: "app" } as const;

/** Removes `use` as the cluster `app`, under this drain. */
function remove(drains: Drains, drain: number, use: Use): void {
  drains.begin([request(drain)], new Map([["cluster app", use]]));
}

test("a record without a drain means what stood there when it was written: the first removal after it, else what stands there", () => {
  const drains = new Drains();
  drains.keepRemoved();
  const [first, second, present] = [new Use(drains), new Use(drains), new Use(drains)];
  remove(drains, 3, first);
  remove(drains, 5, second);
  const meant = (lastDrain: number): Use | undefined =>
    drains.findMeant(named, lastDrain, { use: present, isDraining: false });
  assert.equal(meant(2), first);
  assert.equal(meant(3), second);
  assert.equal(meant(4), second);
  assert.equal(meant(5), present);
  assert.equal(drains.findMeant({ kind: "cluster", key: "other" }, 0, undefined), undefined);
});

test("a record with a drain is counted under it, also where its object never was", () => {
  const drains = new Drains();
  const use = drains.findMeant(request(7), 7, undefined)!;
  use.begin();
  assert.equal(drains.findMeant(request(7), 7, undefined), use);
  assert.deepEqual(drains.counts, [{ ...request(7), connections: 1 }]);
  use.end();
  assert.deepEqual(drains.report(0, 0), [{ drain: 7, connections: 0 }]);
  assert.deepEqual(drains.counts, []);
});

test("what nothing uses is kept only while connections of another worker may come", () => {
  const drains = new Drains();
  const use = new Use(drains);
  remove(drains, 1, use);
  assert.equal(drains.findMeant(named, 0, undefined), undefined, "it was over at once");
  drains.keepRemoved();
  remove(drains, 2, use);
  assert.equal(drains.findMeant(named, 1, undefined), use);
  drains.forgetRemoved();
  assert.equal(drains.findMeant(named, 1, undefined), undefined);
  remove(drains, 3, use);
  assert.deepEqual(drains.counts, [], "over at once again");
});

test("what another worker has to know of an object is its drain, if it has one", () => {
  const drains = new Drains();
  const use = new Use(drains);
  assert.deepEqual(drains.recordOf({ ...named, use }), named);
  use.begin();
  remove(drains, 4, use);
  assert.deepEqual(drains.recordOf({ ...named, use }), request(4));
});

test("a record of what drains and stays is counted in what stands here, under the drain while that lasts", () => {
  const drains = new Drains();
  const use = new Use(drains);
  const record = { ...request(7), stays: true } as const;
  assert.equal(drains.findMeant(record, 7, { use, isDraining: true }), use);
  use.begin();
  assert.deepEqual(drains.counts, [{ ...record, connections: 1 }]);
  drains.forget(use);
  assert.deepEqual([drains.counts, drains.report(0, 0)], [[], []]);
  assert.equal(drains.findMeant(record, 7, { use, isDraining: false }), use);
  assert.deepEqual(drains.counts, [], "it was taken back meanwhile");
});

test("when a drain is to be closed is kept with it, the earliest that was said, and told to others as long as it lasts", () => {
  const drains = new Drains();
  const use = new Use(drains);
  drains.keepDeadline({ drain: 4, close_at_ms: 900 });
  use.begin();
  remove(drains, 4, use);
  assert.deepEqual(drains.counts, [{ ...request(4), connections: 1 }], "what was said before it was there");
  for (const close_at_ms of [700, 500, 600]) drains.keepDeadline({ drain: 4, close_at_ms });
  assert.deepEqual(drains.counts, [{ ...request(4), close_at_ms: 500, connections: 1 }]);
  assert.deepEqual(drains.recordOf({ ...named, use }), { ...request(4), close_at_ms: 500 });
  use.end();
  drains.report(0, 0);
  drains.keepRemoved();
  use.begin();
  remove(drains, 4, use);
  assert.deepEqual(drains.recordOf({ ...named, use }), request(4), "it has ended");
});

test("a deadline comes with a record, or before it while connections of another worker come, and is forgotten when none can", () => {
  const drains = new Drains();
  drains.keepRemoved();
  drains.findMeant({ ...request(8), close_at_ms: 600 }, 8, undefined)!.begin();
  drains.keepDeadline({ drain: 9, close_at_ms: 700 });
  drains.keepDeadline({ drain: 10, close_at_ms: 800 });
  drains.findMeant(request(9), 9, undefined)!.begin();
  const times = (): unknown => drains.counts.map(({ drain, close_at_ms }) => [drain, close_at_ms]);
  const known = [
    [8, 600],
    [9, 700],
  ];
  assert.deepEqual(times(), known);
  drains.forgetRemoved();
  drains.findMeant(request(10), 10, undefined)!.begin();
  assert.deepEqual(times(), [...known, [10, undefined]]);
});
