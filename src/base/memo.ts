/**
 * What was made of a text lately, so that it need not be made again: for texts that come again and again, in
 * numbers that nobody bounds.
 */

/** `make`, whose last results are kept: at most `max` of them, and none that is `undefined`. */
export function remembering<Value>(
  max: number,
  make: (text: string) => Value | undefined,
): (text: string) => Value | undefined {
  const kept = new Map<string, Value>();
  return (text) => {
    const known = kept.get(text);
    if (known !== undefined) return known;
    const value = make(text);
    if (value === undefined) return undefined;
    // All at once: to know which is the oldest would cost each of them something.
    if (kept.size >= max) kept.clear();
    kept.set(text, value);
    return value;
  };
}
