import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { openRing, type Ring } from "./ring.ts";

const OP_NOP = 0;
const SIZES = { entryCount: 4, completionCount: 8 };
const trial = openRing(SIZES);
if (trial.ok) trial.value.close();
const skip = trial.ok ? false : trial.error;

function open(t: TestContext, entryArray: "if needed" | "always" = "if needed"): Ring {
  const ring = openRing(SIZES, entryArray);
  assert.ok(ring.ok);
  t.after(() => ring.value.close());
  return ring.value;
}

/** Asks for so many operations that do nothing; gives what they carried, as it came back. */
function turn(ring: Ring, from: number, count: number): number[] {
  const seen: number[] = [];
  for (let data = from; data < from + count; data++) {
    const at = ring.next();
    ring.entries[at] = OP_NOP;
    ring.entries[at + 1] = -1;
    ring.entries[at + 8] = data;
  }
  ring.submit();
  ring.drain({ completed: (userData) => void seen.push(userData) });
  return seen;
}

for (const entryArray of ["if needed", "always"] as const) {
  test(
    `operations complete in order, round and round the ring (entry array: ${entryArray})`,
    { skip },
    (t) => {
      const ring = open(t, entryArray);
      for (let from = 0; from < 300; from += 3)
        assert.deepEqual(turn(ring, from, 3), [from, from + 1, from + 2]);
    },
  );
}

test("more operations than the ring has entries are submitted on the way", { skip }, (t) => {
  const ring = open(t);
  const expected = Array.from({ length: 30 }, (_, index) => index);
  const seen = turn(ring, 0, 30);
  for (let last = -1; last !== seen.length;) {
    last = seen.length;
    ring.submit();
    ring.drain({ completed: (userData) => void seen.push(userData) });
  }
  assert.deepEqual(seen, expected);
});

test("a wait with nothing under way ends by itself", { skip }, (t) => {
  const ring = open(t);
  for (const timeoutMs of [0, 0.001, 5, 999.9996]) ring.submitAndWait(Math.min(timeoutMs, 20));
  assert.deepEqual(turn(ring, 7, 1), [7]);
});

test("a next entry shows nothing of the one before it", { skip }, (t) => {
  const ring = open(t);
  for (let count = 0; count < SIZES.entryCount; count++) {
    const at = ring.next();
    ring.entries.fill(0, at, at + 16);
    ring.entries[at + 1] = -1;
    ring.entries[at + 8] = 1;
  }
  ring.submit();
  const at = ring.next();
  assert.deepEqual(
    [...ring.entries.subarray(at + 2, at + 16)],
    Array.from({ length: 14 }, () => 0),
  );
  ring.entries[at] = OP_NOP;
});
