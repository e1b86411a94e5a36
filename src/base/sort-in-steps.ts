/**
 * A sort that can be interrupted: a merge sort from small runs up (Knuth, The Art of Computer Programming,
 * volume 3, section 5.2.4), whose steps are small and alike.
 */

/** Items that one step sorts or moves. */
const STEP_ITEMS = 512;

/** The items in order; equal ones stay in theirs. The items themselves are left as they are. */
export function* sortInSteps<Item>(
  items: readonly Item[],
  compare: (one: Item, other: Item) => number,
): Generator<void, readonly Item[]> {
  let sorted: Item[] = [];
  for (let start = 0; start < items.length; start += STEP_ITEMS) {
    sorted.push(...items.slice(start, start + STEP_ITEMS).sort(compare));
    yield;
  }
  for (let run = STEP_ITEMS; run < sorted.length; run *= 2) {
    const merged: Item[] = [];
    for (let start = 0; start < sorted.length; start += 2 * run) {
      const middle = Math.min(start + run, sorted.length);
      const end = Math.min(middle + run, sorted.length);
      let [left, right] = [start, middle];
      while (left < middle || right < end) {
        const isLeft = right >= end || (left < middle && compare(sorted[left]!, sorted[right]!) <= 0);
        merged.push(sorted[isLeft ? left++ : right++]!);
        if (merged.length % STEP_ITEMS === 0) yield;
      }
    }
    sorted = merged;
  }
  return sorted;
}
