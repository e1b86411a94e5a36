/**
 * Which hostnames have frontends, listener by listener: by their own name, and, for certificates of
 * wildcards, by the domain that they stand under. Kept beside a state that orders are judged by; it holds no
 * object.
 */
import { KeyIndex } from "./key-index.ts";
import type { Frontend } from "./objects.ts";

export class HostIndex {
  readonly #keys: KeyIndex = new KeyIndex();
  /** How many frontends have an exact hostname one label under a domain. */
  readonly #under: Map<string, number> = new Map();

  add(key: string, { listener, hostname }: Frontend): void {
    this.#keys.add(`${listener} ${hostname}`, key);
    this.#countUnder(listener, hostname, 1);
  }

  remove(key: string, { listener, hostname }: Frontend): void {
    this.#keys.remove(`${listener} ${hostname}`, key);
    this.#countUnder(listener, hostname, -1);
  }

  /** The keys of the frontends of one hostname, as it is written in them. */
  keysOf(listener: string, hostname: string): Iterable<string> {
    return this.#keys.keysOf(`${listener} ${hostname}`);
  }

  has(listener: string, hostname: string): boolean {
    return this.#keys.count(`${listener} ${hostname}`) > 0;
  }

  /** Whether a frontend has an exact hostname one label under `domain`. */
  hasUnder(listener: string, domain: string): boolean {
    return this.#under.has(`${listener} ${domain}`);
  }

  #countUnder(listener: string, hostname: string, by: 1 | -1): void {
    const dot = hostname.indexOf(".");
    if (dot === -1 || hostname.startsWith("*")) return;
    const domain = `${listener} ${hostname.slice(dot + 1)}`;
    const count = (this.#under.get(domain) ?? 0) + by;
    if (count === 0) this.#under.delete(domain);
    else this.#under.set(domain, count);
  }
}
