/**
 * The order in which the regex frontends of one listener and hostname are tried: the order added. It is part
 * of the configuration, so it is hashed: as the facts "this one stands behind that one", of which a change
 * touches three at most.
 */
import { assert } from "../base/assert.ts";
import type { ConfigurationHash } from "./hash.ts";
import type { Frontend } from "./objects.ts";

export class RegexOrder {
  readonly #groups: Map<string, string[]> = new Map();
  readonly #hash: ConfigurationHash;

  constructor(hash: ConfigurationHash) {
    this.#hash = hash;
  }

  /** The keys of a group, first tried first. */
  keysOf(group: string): readonly string[] {
    return this.#groups.get(group) ?? [];
  }

  groups(): ReadonlyMap<string, readonly string[]> {
    return this.#groups;
  }

  /** Puts a key at a place of its group; without a place, at the end. */
  insert(group: string, key: string, place?: number): void {
    const keys = this.#groups.get(group) ?? [];
    const at = place ?? keys.length;
    assert(at >= 0 && at <= keys.length, "inserts a regex frontend beyond the end of its group");
    this.#unlink(keys[at - 1], keys[at]);
    this.#link(keys[at - 1], key);
    this.#link(key, keys[at]);
    keys.splice(at, 0, key);
    this.#groups.set(group, keys);
  }

  /** Takes a key out, and gives the place that it had. */
  remove(group: string, key: string): number {
    const keys = this.#groups.get(group);
    const at = keys?.indexOf(key) ?? -1;
    assert(keys !== undefined && at !== -1, "removes a regex frontend that is not in its group");
    this.#unlink(keys[at - 1], key);
    this.#unlink(key, keys[at + 1]);
    this.#link(keys[at - 1], keys[at + 1]);
    keys.splice(at, 1);
    if (keys.length === 0) this.#groups.delete(group);
    return at;
  }

  #link(before: string | undefined, after: string | undefined): void {
    if (before !== undefined && after !== undefined) this.#hash.add(before, after);
  }

  #unlink(before: string | undefined, after: string | undefined): void {
    if (before !== undefined && after !== undefined) this.#hash.remove(before, after);
  }
}

/**
 * The group that a regex frontend is ordered in; `undefined` for prefix and exact paths, which have no order.
 */
export function regexGroupOf(frontend: Frontend | undefined): string | undefined {
  if (frontend === undefined || !("regex" in frontend.path)) return undefined;
  return regexGroupAt(frontend);
}

/** The group of the regex frontends of one listener and hostname. */
export function regexGroupAt({ listener, hostname }: Pick<Frontend, "listener" | "hostname">): string {
  return `${listener} ${hostname}`;
}

/** The same, from the frontend's key: its path's kind is its fourth word (`keys.ts`). */
export function regexGroupOfKey(key: string): string | undefined {
  const [listener, hostname, , kind] = key.split(" ", 4);
  return kind === "regex" ? `${listener} ${hostname}` : undefined;
}
