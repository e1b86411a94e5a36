import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Deadlines } from "./deadlines.ts";

/** The ids told at `nowMs`. */
function expire(deadlines: Deadlines, nowMs: number): number[] {
  const told: number[] = [];
  deadlines.expire(nowMs, (id) => told.push(id));
  return told;
}

test("ids are told when their time has come, the earliest first, and once", () => {
  const deadlines = new Deadlines(8);
  deadlines.set(3, 30);
  deadlines.set(1, 10);
  deadlines.set(2, 20);
  assert.equal(deadlines.next(), 10);
  assert.deepEqual(expire(deadlines, 9), []);
  assert.deepEqual(expire(deadlines, 20), [1, 2]);
  assert.deepEqual(expire(deadlines, 100), [3]);
  assert.deepEqual(expire(deadlines, 100), []);
});

test("a deadline moved to later is told then, and one moved to earlier is told then", () => {
  const deadlines = new Deadlines(8);
  deadlines.set(1, 10);
  deadlines.set(1, 50);
  deadlines.set(2, 90);
  deadlines.set(2, 40);
  assert.deepEqual(expire(deadlines, 39), []);
  assert.equal(deadlines.next(), 40);
  assert.deepEqual(expire(deadlines, 40), [2]);
  assert.deepEqual(expire(deadlines, 50), [1]);
});

test("with nothing set there is no time to come, also after everything was cleared", () => {
  const deadlines = new Deadlines(8);
  assert.equal(deadlines.next(), Infinity);
  deadlines.set(1, 10);
  deadlines.set(2, 20);
  deadlines.clear(1);
  deadlines.clear(2);
  deadlines.clear(2);
  assert.equal(deadlines.next(), Infinity);
  assert.deepEqual(expire(deadlines, 100), []);
});

test("who is told may set and clear deadlines, and nobody is told for ever", () => {
  const deadlines = new Deadlines(8);
  for (const id of [1, 2, 3]) deadlines.set(id, id);
  const told: number[] = [];
  deadlines.expire(10, (id) => {
    told.push(id);
    deadlines.set(1, 10);
    deadlines.clear(2);
    deadlines.set(3, 20);
  });
  assert.deepEqual(told, [1]);
  assert.deepEqual(expire(deadlines, 10), [1]);
  assert.deepEqual(expire(deadlines, 20), [3]);
});

test("ids that come with growing have none, and those before keep theirs", () => {
  const deadlines = new Deadlines(0);
  assert.equal(deadlines.next(), Infinity);
  deadlines.grow(2);
  deadlines.set(1, 20);
  deadlines.set(0, 30);
  deadlines.clear(0);
  deadlines.grow(5);
  assert.deepEqual([deadlines.capacity, deadlines.count, deadlines.dueAt(4)], [5, 1, Infinity]);
  deadlines.set(4, 10);
  deadlines.set(0, 15);
  assert.deepEqual(expire(deadlines, 20), [4, 0, 1]);
  assert.throws(() => deadlines.grow(4), { name: "InvariantError" });
});

test("a deadline for no id or for no time is a defect", () => {
  const deadlines = new Deadlines(2);
  assert.throws(() => deadlines.set(2, 1), { name: "InvariantError" });
  assert.throws(() => deadlines.set(0, Infinity), { name: "InvariantError" });
  assert.throws(() => deadlines.set(0, Number.NaN), { name: "InvariantError" });
});

test("it agrees with a map that is searched whole, whatever is set, moved and cleared", () => {
  const id = fc.nat(15);
  const step = fc.oneof(
    fc.record({ kind: fc.constant("set"), id, ms: fc.integer({ min: -5, max: 100 }) }),
    fc.record({ kind: fc.constant("clear"), id, ms: fc.constant(0) }),
    fc.record({ kind: fc.constant("wait"), id: fc.constant(0), ms: fc.nat(30) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const deadlines = new Deadlines(16);
      const naive = new Map<number, number>();
      let nowMs = 1_000;
      for (const { kind, id: one, ms } of steps) {
        if (kind === "set") {
          deadlines.set(one, nowMs + ms);
          naive.set(one, nowMs + ms);
        } else if (kind === "clear") {
          deadlines.clear(one);
          naive.delete(one);
        } else {
          nowMs += ms;
          const due = [...naive].filter(([, dueMs]) => dueMs <= nowMs).map(([dueId]) => dueId);
          assert.deepEqual(new Set(expire(deadlines, nowMs)), new Set(due));
          for (const dueId of due) naive.delete(dueId);
        }
        assert.equal(deadlines.count, naive.size);
        assert.equal(deadlines.dueAt(one), naive.get(one) ?? Infinity);
        assert.ok(deadlines.next() <= Math.min(Infinity, ...naive.values()));
        assert.ok(naive.size > 0 || deadlines.next() === Infinity);
      }
    }),
    { numRuns: 2_000 },
  );
});

test("coming whenever it asks, its owner comes for each deadline in time and soon has rest", () => {
  const deadlines = new Deadlines(64);
  for (let id = 0; id < 64; id++) {
    for (const laterMs of [10, 500, 1_000]) deadlines.set(id, laterMs + id);
  }
  const told: { readonly id: number; readonly atMs: number }[] = [];
  let visits = 0;
  for (let nowMs = deadlines.next(); nowMs !== Infinity; nowMs = deadlines.next()) {
    visits++;
    told.push(...expire(deadlines, nowMs).map((id) => ({ id, atMs: nowMs })));
  }
  assert.deepEqual(
    told,
    Array.from({ length: 64 }, (_, id) => ({ id, atMs: 1_000 + id })),
  );
  assert.ok(visits <= 128, `${visits} visits for 64 deadlines moved twice`);
});
