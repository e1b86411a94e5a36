import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { sortInSteps } from "./sort-in-steps.ts";

interface Item {
  readonly rank: number;
  readonly place: number;
}

/** Sorts to the end; counts the steps. */
function sort(items: readonly Item[]): { readonly sorted: readonly Item[]; readonly steps: number } {
  const sorting = sortInSteps(items, (one, other) => one.rank - other.rank);
  for (let steps = 1; ; steps++) {
    const step = sorting.next();
    if (step.done === true) return { sorted: step.value, steps };
  }
}

test("it sorts as Array.sort does, stable, and leaves the items alone", () => {
  const ranks = fc.array(fc.nat(50), { maxLength: 5_000, size: "max" });
  fc.assert(
    fc.property(ranks, (some) => {
      const items = some.map((rank, place) => ({ rank, place }));
      const before = [...items];
      assert.deepEqual(
        sort(items).sorted,
        items.toSorted((one, other) => one.rank - other.rank),
      );
      assert.deepEqual(items, before);
    }),
    { numRuns: 50 },
  );
});

test("no step is long: their number grows with the items", () => {
  const items = Array.from({ length: 100_000 }, (_, place) => ({ rank: (place * 7_919) % 100_003, place }));
  const { steps } = sort(items);
  assert.ok(steps > 1_000, `${steps} steps`);
});
