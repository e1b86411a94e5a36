/**
 * One text per value: what is equal has the same text, whatever order its fields were written in. Comparing
 * and hashing start from it. It is JSON with sorted names; it is never sent or stored.
 */

/** The canonical text of a configuration object: plain data, a few levels deep, without `undefined`. */
export function canonicalText(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(",")}]`;
  const fields = value as Readonly<Record<string, unknown>>;
  let text = "{";
  for (const name of Object.keys(fields).sort())
    text += `${JSON.stringify(name)}:${canonicalText(fields[name])},`;
  return `${text}}`;
}

/** Whether two configuration objects are the same. */
export function areEqual(one: object, other: object): boolean {
  return one === other || canonicalText(one) === canonicalText(other);
}
