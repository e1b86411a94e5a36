/**
 * Whether two configuration objects are the same: plain data, a few levels deep.
 */

/** Compares by value, whatever order the fields were written in. No field may hold `undefined`. */
export function areEqual(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (!isObject(one) || !isObject(other)) return false;
  let more = 0;
  for (const name in one) {
    const value = one[name];
    if (value !== other[name] && !areEqual(value, other[name])) return false;
    more++;
  }
  for (const _ in other) more--;
  return more === 0;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
