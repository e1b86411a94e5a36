/**
 * Which keys belong to a group, as in the frontends of a cluster: so that what follows from a group's end
 * costs its size, not the whole configuration's. Most groups have one key, and then no set is made for it.
 */

/** Above one key, a set; at one, the key itself. */
type Keys = string | Set<string>;

export class KeyIndex {
  readonly #groups: Map<string, Keys> = new Map();

  add(group: string, key: string): void {
    const keys = this.#groups.get(group);
    if (keys === undefined) this.#groups.set(group, key);
    else if (typeof keys === "string") this.#groups.set(group, new Set([keys, key]));
    else keys.add(key);
  }

  remove(group: string, key: string): void {
    const keys = this.#groups.get(group);
    if (keys === key) this.#groups.delete(group);
    else if (typeof keys === "object" && keys.delete(key) && keys.size === 0) this.#groups.delete(group);
  }

  count(group: string): number {
    const keys = this.#groups.get(group);
    return keys === undefined ? 0 : typeof keys === "string" ? 1 : keys.size;
  }

  /** In the order added. Copy it before changing the group. */
  keysOf(group: string): Iterable<string> {
    const keys = this.#groups.get(group);
    return keys === undefined ? [] : typeof keys === "string" ? [keys] : keys;
  }
}
