/**
 * "Did you mean …?": the name that is nearest to a mistyped one. For error messages only; the search is
 * bounded, because the names may be a hundred thousand and the mistakes too.
 */

const CANDIDATES_MAX = 2_000;
const DISTANCE_MAX = 3;

/**
 * The candidate that differs least from `name`, by letters added, dropped or changed: one in three of its
 * letters, and three at most. `undefined` if none is that near. Only the first 2,000 candidates are looked
 * at.
 */
export function findNearest(name: string, candidates: Iterable<string>): string | undefined {
  let nearest: string | undefined;
  let distanceMax = Math.max(1, Math.min(DISTANCE_MAX, Math.floor(name.length / 3)));
  let looked = 0;
  for (const candidate of candidates) {
    if (++looked > CANDIDATES_MAX || distanceMax === 0) break;
    const distance = distanceWithin(distanceMax, name, candidate);
    if (distance === undefined) continue;
    nearest = candidate;
    distanceMax = distance - 1;
  }
  return nearest;
}

/** A sentence's end: `; did you mean "app"?`, or nothing. */
export function didYouMean(name: string, candidates: Iterable<string>): string {
  const nearest = findNearest(name, candidates);
  return nearest === undefined ? "" : `; did you mean "${nearest}"?`;
}

/**
 * Levenshtein's distance if it is at most `max`. Only the diagonal band that can stay within `max` is
 * computed.
 */
function distanceWithin(max: number, one: string, other: string): number | undefined {
  if (Math.abs(one.length - other.length) > max) return undefined;
  let start = 0;
  while (start < one.length && start < other.length && one[start] === other[start]) start++;
  const rows = one.length - start;
  const columns = other.length - start;
  let previous = Array.from({ length: columns + 1 }, (_, column) => column);
  for (let row = 1; row <= rows; row++) {
    const current = Array.from({ length: columns + 1 }, () => max + 1);
    if (row <= max) current[0] = row;
    const last = Math.min(columns, row + max);
    for (let column = Math.max(1, row - max); column <= last; column++) {
      const same = one[start + row - 1] === other[start + column - 1];
      const changed = previous[column - 1]! + (same ? 0 : 1);
      current[column] = Math.min(changed, previous[column]! + 1, current[column - 1]! + 1);
    }
    previous = current;
  }
  const distance = previous[columns]!;
  return distance <= max ? distance : undefined;
}
