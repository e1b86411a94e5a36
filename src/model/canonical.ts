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

/** Whether two configuration objects are the same, whatever order their fields were written in. */
export function areEqual(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  const names = Object.keys(one);
  if (names.length !== Object.keys(other).length) return false;
  const fields = one as Readonly<Record<string, unknown>>;
  const others = other as Readonly<Record<string, unknown>>;
  for (const name of names) {
    if (!Object.hasOwn(others, name) || !areEqual(fields[name], others[name])) return false;
  }
  return true;
}
