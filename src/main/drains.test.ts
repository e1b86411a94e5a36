import assert from "node:assert/strict";
import { test } from "node:test";
import type { DrainListener } from "./drain-watch.ts";
import { Drains, type DrainTarget } from "./drains.ts";

const backend = (id: string): DrainTarget => ({
  order: "REMOVE_BACKEND",
  kind: "backend",
  key: `app/${id}`,
  object: { cluster_id: "app", backend_id: id },
});

type Watching = { listener: DrainListener; progressMs: number };

/** Drains, what was asked to be closed, what was told to those who watch, and which ends were. */
function newDrains(): {
  drained: string[];
  drains: Drains;
  closed: number[];
  told: string[];
  watching: Watching;
} {
  const told: string[] = [];
  const closed: number[] = [];
  const drained: string[] = [];
  const drains = new Drains({
    closeUsers: (drain) => closed.push(drain),
    drained: ({ key }, drainedMs) => drained.push(`${key} in ${drainedMs}`),
  });
  const listener: DrainListener = {
    progress: (usage) => told.push(`${usage.connections} ${JSON.stringify(usage.workers)}`),
    finished: (drainedMs) => told.push(`drained in ${drainedMs}`),
    kept: (usage) => told.push(`kept ${usage.connections}`),
    undrained: (usage) => told.push(`undrained ${usage.connections}`),
  };
  return { drains, closed, told, drained, watching: { listener, progressMs: 1_000 } };
}

test("what nobody uses is drained at once", () => {
  const { drains, told, watching } = newDrains();
  const drain = drains.begin(backend("1"), 100);
  drains.report(0, { drain, connections: 0 }, 101);
  drains.settle([drain], 103);
  drains.watch([drain], { ...watching, sinceMs: 100, nowMs: 103 });
  assert.deepEqual(told, ["drained in 3"]);
  assert.equal(drains.find("backend", "app/1"), undefined);
  assert.equal(drains.nextDueMs, Number.POSITIVE_INFINITY);
});

test("of several that say when a drain is closed the earliest counts, and what has ended is not closed", () => {
  const { drains, closed } = newDrains();
  const [drain, other] = [drains.begin(backend("1"), 100), drains.begin(backend("2"), 100)];
  for (const each of [drain, other]) drains.report(0, { drain: each, connections: 1 }, 101);
  drains.settle([drain, other], 102);
  for (const atMs of [700, 500, 600]) drains.closeAt(drain, atMs, 103);
  drains.closeAt(other, 500, 103);
  assert.deepEqual(
    drains.list(200).map(({ deadline_ms }) => deadline_ms),
    [300, 300],
  );
  drains.report(0, { drain: other, connections: 0 }, 400);
  for (const nowMs of [499, 500, 600, 700]) drains.due(nowMs);
  assert.deepEqual(closed, [drain, drain]);
  drains.closeAt(other, 800, 701);
  assert.equal(drains.nextDueMs, Number.POSITIVE_INFINITY);
});

test("a deadline that closes, and that no order waits for, is known to the next main, and met there", () => {
  const { drains, watching } = newDrains();
  const [waited, closing, kept] = ["1", "2", "3"].map((id) => drains.begin(backend(id), 100));
  for (const drain of [waited!, closing!, kept!]) drains.report(0, { drain, connections: 1 }, 101);
  drains.settle([waited!, closing!, kept!], 102);
  const watch = (drain: number, onDeadline: "close" | "keep"): ReturnType<Drains["watch"]> =>
    drains.watch([drain], {
      ...watching,
      deadlines: [{ atMs: 500, onDeadline, drains: new Set([drain]) }],
      sinceMs: 100,
      nowMs: 102,
    });
  watch(waited!, "close");
  drains.unwatch(watch(closing!, "close"));
  drains.unwatch(watch(kept!, "keep"));
  const carried = drains.lasting();
  assert.deepEqual(
    carried.map(({ closeAtMs }) => closeAtMs),
    [undefined, 500, undefined],
  );

  const next = newDrains();
  for (const { number, target, closeAtMs } of carried) {
    next.drains.restore(number, target, 0);
    if (closeAtMs !== undefined) next.drains.closeAt(number, closeAtMs, 200);
    next.drains.report(0, { drain: number, connections: 1 }, 201);
  }
  next.drains.settleAll(202);
  next.drains.due(499);
  assert.deepEqual(next.closed, []);
  next.drains.due(500);
  assert.deepEqual(next.closed, [closing]);
});

test("the end of what was in use is told once, and nothing of what was not", () => {
  const { drains, drained } = newDrains();
  const [unused, used] = [drains.begin(backend("1"), 100), drains.begin(backend("2"), 100)];
  drains.report(0, { drain: used, connections: 2 }, 101);
  drains.settle([unused, used], 103);
  assert.deepEqual(drained, []);
  drains.forgetWorker(0, 150);
  assert.deepEqual(drained, ["app/2 in 50"]);
});

test("a drain tells its connections by worker, at most once a second, and its end at once", () => {
  const { drains, told, watching } = newDrains();
  const drain = drains.begin(backend("1"), 0);
  drains.report(0, { drain, connections: 1 }, 1);
  drains.report(1, { drain, connections: 3 }, 1);
  drains.settle([drain], 2);
  drains.watch([drain], { ...watching, sinceMs: 0, nowMs: 2 });
  assert.deepEqual(told.splice(0), ['4 {"0":1,"1":3}']);
  drains.report(1, { drain, connections: 2 }, 200);
  drains.report(1, { drain, connections: 1 }, 300);
  assert.deepEqual(told, [], "within the second nothing is told");
  assert.equal(drains.nextDueMs, 1_002);
  drains.due(1_002);
  assert.deepEqual(told.splice(0), ['2 {"0":1,"1":1}']);
  assert.equal(drains.nextDueMs, Number.POSITIVE_INFINITY, "nothing changed since: nothing to wait for");
  drains.report(0, { drain, connections: 0 }, 1_100);
  drains.report(1, { drain, connections: 0 }, 1_150);
  assert.deepEqual(told, ["drained in 1150"]);
});

test("a worker that dies counts as none", () => {
  const { drains, told, watching } = newDrains();
  const drain = drains.begin(backend("1"), 0);
  drains.report(0, { drain, connections: 2 }, 1);
  drains.settle([drain], 2);
  drains.watch([drain], { ...watching, sinceMs: 0, nowMs: 2 });
  drains.forgetWorker(0, 50);
  assert.deepEqual(told, ['2 {"0":2}', "drained in 50"]);
});

test("a drain whose last connection ends while it is still counted ends when it is settled", () => {
  const { drains, told, watching } = newDrains();
  const drain = drains.begin(backend("1"), 0);
  drains.report(0, { drain, connections: 1 }, 1);
  drains.report(0, { drain, connections: 0 }, 2);
  assert.deepEqual(drains.list(3), []);
  drains.settle([drain], 4);
  drains.watch([drain], { ...watching, sinceMs: 0, nowMs: 4 });
  assert.deepEqual(told, ["drained in 4"]);
});

test("an order with many removals is finished when the last is drained", () => {
  const { drains, told, watching } = newDrains();
  const numbers = ["1", "2", "3"].map((id) => drains.begin(backend(id), 0));
  drains.report(0, { drain: numbers[0]!, connections: 1 }, 1);
  drains.report(0, { drain: numbers[2]!, connections: 1 }, 1);
  drains.settle(numbers, 1);
  drains.watch(numbers, { ...watching, sinceMs: 0, nowMs: 1 });
  drains.report(0, { drain: numbers[0]!, connections: 0 }, 10);
  drains.report(0, { drain: numbers[2]!, connections: 0 }, 20);
  assert.deepEqual(told, ['2 {"0":2}', "drained in 20"]);
});

test("a deadline closes what is left, and the order still ends with the truth", () => {
  const { drains, closed, told, watching } = newDrains();
  const drain = drains.begin(backend("1"), 0);
  drains.report(0, { drain, connections: 2 }, 0);
  drains.settle([drain], 0);
  drains.watch([drain], {
    ...watching,
    deadlines: [{ atMs: 500, onDeadline: "close", drains: new Set([drain]) }],
    sinceMs: 0,
    nowMs: 0,
  });
  assert.equal(drains.nextDueMs, 500);
  assert.equal(drains.list(100)[0]?.deadline_ms, 400);
  drains.due(500);
  assert.deepEqual(closed, [drain]);
  drains.report(0, { drain, connections: 0 }, 510);
  assert.deepEqual(told, ['2 {"0":2}', "drained in 510"]);
});

test("a deadline that keeps ends the waiting, and the drain goes on", () => {
  const { drains, closed, told, watching } = newDrains();
  const drain = drains.begin(backend("1"), 0);
  drains.report(0, { drain, connections: 2 }, 0);
  drains.settle([drain], 0);
  drains.watch([drain], {
    ...watching,
    deadlines: [{ atMs: 500, onDeadline: "keep", drains: new Set([drain]) }],
    sinceMs: 0,
    nowMs: 0,
  });
  drains.due(500);
  assert.deepEqual(told, ['2 {"0":2}', "kept 2"]);
  assert.deepEqual(closed, []);
  assert.equal(drains.list(600)[0]?.connections, 2);
  drains.report(0, { drain, connections: 0 }, 700);
  assert.equal(told.length, 2);
});

test("a drain goes on without its client, and its deadline still closes", () => {
  const { drains, closed, told, watching } = newDrains();
  const drain = drains.begin(backend("1"), 0);
  drains.report(0, { drain, connections: 1 }, 0);
  drains.settle([drain], 0);
  const watch = drains.watch([drain], {
    ...watching,
    deadlines: [{ atMs: 500, onDeadline: "close", drains: new Set([drain]) }],
    sinceMs: 0,
    nowMs: 0,
  });
  drains.unwatch(watch);
  told.length = 0;
  drains.due(500);
  assert.deepEqual(closed, [drain]);
  assert.deepEqual(told, []);
  assert.equal(drains.nextDueMs, Number.POSITIVE_INFINITY);
});

test("the same removal sent again attaches to the drain that goes on", () => {
  const { drains, told, watching } = newDrains();
  const drain = drains.begin(backend("1"), 0);
  drains.report(0, { drain, connections: 1 }, 0);
  drains.settle([drain], 0);
  assert.equal(drains.find("backend", "app/1"), drain);
  drains.watch([drain], { ...watching, sinceMs: 0, nowMs: 5_000 });
  drains.report(0, { drain, connections: 0 }, 6_000);
  assert.deepEqual(told, ['1 {"0":1}', "drained in 6000"]);
});

test("a key removed twice drains twice, and the newest is found", () => {
  const { drains } = newDrains();
  const numbers = [0, 1].map((nowMs) => drains.begin(backend("1"), nowMs));
  for (const drain of numbers) drains.report(0, { drain, connections: 1 }, 2);
  drains.settle(numbers, 3);
  assert.equal(drains.find("backend", "app/1"), numbers[1]);
  assert.equal(drains.list(10).length, 2);
  drains.report(0, { drain: numbers[0]!, connections: 0 }, 4);
  assert.equal(drains.find("backend", "app/1"), numbers[1], "the older one's end does not hide the newer");
});

test("what goes from worker to worker is told as moved: neither twice nor gone, and what is not named is none", () => {
  const { drains, told, watching } = newDrains();
  const drain = drains.begin(backend("1"), 0);
  drains.report(0, { drain, connections: 2 }, 1);
  drains.settle([drain], 2);
  drains.watch([drain], { ...watching, progressMs: 0, sinceMs: 0, nowMs: 2 });
  drains.reportAll(
    [
      { worker: 0, uses: [] },
      { worker: 1, uses: [{ drain, connections: 2 }] },
    ],
    3,
  );
  drains.reportAll(
    [
      { worker: 0, uses: [] },
      { worker: 1, uses: [] },
    ],
    4,
  );
  assert.deepEqual(told, ['2 {"0":2}', '2 {"1":2}', "drained in 4"]);
});

test("drains of a main before go on: what ended meanwhile is told, what lasts is counted, numbers are not given again", () => {
  const { drains, drained, told, watching } = newDrains();
  drains.passOver(9);
  drains.restore(4, backend("ended"), 50);
  drains.restore(5, backend("lasting"), 60);
  drains.report(0, { drain: 5, connections: 2 }, 100);
  drains.restore(5, backend("lasting"), 100);
  const begun = drains.begin(backend("unused"), 100);
  assert.equal(begun, 10);
  assert.deepEqual(drains.list(100), [], "nothing is known before all workers have told it");
  drains.settleAll(150);
  assert.deepEqual(drained.splice(0), ["app/ended in 100"], "and nothing of what was not in use");
  assert.deepEqual(
    drains.lasting().map(({ number, sinceMs }) => [number, sinceMs]),
    [[5, 60]],
  );
  drains.watch([4, 5], { ...watching, sinceMs: 60, nowMs: 150 });
  drains.report(0, { drain: 5, connections: 0 }, 160);
  assert.deepEqual([told.at(-1), drained], ["drained in 100", ["app/lasting in 100"]]);
});

test("each drain of a watch has its own deadline; what is kept is told when none is left to wait for", () => {
  const { drains, closed, told, watching } = newDrains();
  const [kept, cut, open] = ["1", "2", "3"].map((id) => drains.begin(backend(id), 0)) as [
    number,
    number,
    number,
  ];
  for (const drain of [kept, cut, open]) drains.report(0, { drain, connections: 1 }, 0);
  drains.settle([kept, cut, open], 0);
  const deadlines = [
    { atMs: 500, onDeadline: "close", drains: new Set([cut]) },
    { atMs: 300, onDeadline: "keep", drains: new Set([kept]) },
  ] as const;
  drains.watch([kept, cut, open], { ...watching, deadlines, sinceMs: 0, nowMs: 0 });
  assert.deepEqual(
    drains.list(100).map(({ deadline_ms }) => deadline_ms),
    [200, 400, null],
  );
  drains.due(300);
  assert.deepEqual(closed, []);
  drains.due(500);
  assert.deepEqual(closed, [cut]);
  drains.report(0, { drain: cut, connections: 0 }, 501);
  told.length = 0;
  drains.report(0, { drain: open, connections: 0 }, 502);
  assert.deepEqual(told, ["kept 1"]);
});

test("the drain of what stays ends when it is taken back, and who waits for it is told so", () => {
  const { drains, told, drained, watching } = newDrains();
  const drain = drains.begin({ ...backend("1"), stays: true }, 100);
  drains.report(0, { drain, connections: 2 }, 101);
  drains.settle([drain], 101);
  drains.watch([drain], { ...watching, sinceMs: 100, nowMs: 101 });
  assert.equal(drains.takeStaying("backend", "app/1"), drain);
  drains.cancel([drain], 150);
  assert.deepEqual([told, drained], [['2 {"0":2}', "undrained 0"], []]);
  drains.report(0, { drain, connections: 1 }, 160);
  assert.deepEqual([told.length, drains.count], [2, 0], "what a worker tells late is nobody's");
});

test("only the drain of what stays is found as such, and only until something takes it", () => {
  const { drains } = newDrains();
  drains.begin(backend("1"), 100);
  assert.equal(drains.findStaying("backend", "app/1"), undefined);
  const staying = drains.begin({ ...backend("1"), stays: true }, 100);
  assert.equal(drains.findStaying("backend", "app/1"), staying);
  assert.deepEqual(
    drains.lasting().map(({ target }) => target.stays),
    [false, true],
  );
  drains.takeStaying("backend", "app/1");
  assert.equal(drains.findStaying("backend", "app/1"), undefined);
  assert.equal(drains.find("backend", "app/1"), staying, "it goes on");
});
