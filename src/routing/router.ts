/**
 * Which frontend of a listener takes a request: by hostname, path and method, on the bytes where they were
 * received. Frontends are added and removed one at a time, while requests are routed; nothing is ever built
 * anew as a whole. Not what a frontend leads to: that is the engine's.
 *
 * Rules of this file:
 *  1. The exact hostname is asked first, then each `*.` suffix from the longest to the shortest, then `*`.
 *     Who has no frontend for this path and method passes the request on to the next.
 *  2. `*.example.com` takes one or more labels before `.example.com`, never `example.com` itself.
 *  3. Letters of a host have no case, and one dot at its end does not count (RFC 9110 section 4.2.3, RFC 1034
 *     section 3.1).
 *  4. A request allocates nothing, except one string of its path when its hostname has regexes.
 */
import { assert } from "../base/assert.ts";
import { bytesOf } from "../base/bytes.ts";
import type { Frontend } from "../model/objects.ts";
import { explain, type RouteExplanation } from "./explain.ts";
import { HostRules } from "./host-rules.ts";
import { HOST_BYTES_MAX, HostKey } from "./host-key.ts";
import { HostTable } from "./host-table.ts";
import type { Route } from "./route.ts";

const DOT = 0x2e;

export class Router<Target = unknown> {
  readonly #exact = new HostTable<HostRules<Target>>();
  /** Keys begin with the dot: `.example.com`. */
  readonly #suffixes = new HostTable<HostRules<Target>>();
  #any: HostRules<Target> | undefined;
  #size = 0;
  /** Of the host being looked up. */
  readonly #key = new HostKey();

  /** How many frontends it holds that requests can find. */
  get size(): number {
    return this.#size;
  }

  /** Adds a frontend; its key must not be there yet. Costs the length of its hostname and path. */
  add(frontend: Frontend): Route<Target> {
    let rules = this.rulesOf(frontend.hostname);
    if (rules === undefined) {
      rules = new HostRules<Target>();
      if (frontend.hostname === "*") this.#any = rules;
      else this.#tableOf(frontend.hostname).add(this.#keyOf(frontend.hostname), rules);
    }
    const route = rules.add(frontend);
    this.#size++;
    return route;
  }

  /**
   * Adds a frontend that no request finds yet: all of adding but the moment at which it becomes visible,
   * which is `publish`. Not for regexes.
   */
  stage(frontend: Frontend): Route<Target> {
    assert(!("regex" in frontend.path), "stages a regex frontend");
    const route = this.add(frontend);
    route.isStaged = true;
    this.#size--;
    return route;
  }

  /** Makes a route that `stage` gave visible. */
  publish(route: Route<Target>): void {
    assert(route.isStaged, "publishes a route that is visible");
    route.isStaged = false;
    this.#size++;
  }

  /** Removes the frontend with the key of `frontend`, which must be there; gives its route. */
  remove(frontend: Frontend): Route<Target> {
    const rules = this.rulesOf(frontend.hostname);
    assert(rules !== undefined, "removes a frontend that is not there");
    const route = rules.remove(frontend);
    if (rules.isEmpty) {
      if (frontend.hostname === "*") this.#any = undefined;
      else this.#tableOf(frontend.hostname).remove(this.#keyOf(frontend.hostname));
    }
    this.#size--;
    return route;
  }

  /**
   * The route for a request. All are views on `bytes`: the host without its port, in any case; the path
   * without its query (`/` for a target that has none); the method.
   */
  find(
    bytes: Uint8Array,
    hostStart: number,
    hostEnd: number,
    pathStart: number,
    pathEnd: number,
    methodStart: number,
    methodEnd: number,
  ): Route<Target> | undefined {
    const end = hostEnd > hostStart && bytes[hostEnd - 1] === DOT ? hostEnd - 1 : hostEnd;
    if (end - hostStart <= HOST_BYTES_MAX) {
      this.#key.read(bytes, hostStart, end);
      const rules = this.#exact.find(this.#key);
      const route = rules?.find(bytes, pathStart, pathEnd, methodStart, methodEnd);
      if (route !== undefined) return route;
      for (let at = hostStart + 1; at < end && this.#suffixes.size > 0; at++) {
        if (bytes[at] !== DOT) continue;
        const suffixRules = this.#suffixes.findSuffix(this.#key, end - at);
        const bySuffix = suffixRules?.find(bytes, pathStart, pathEnd, methodStart, methodEnd);
        if (bySuffix !== undefined) return bySuffix;
      }
    }
    return this.#any?.find(bytes, pathStart, pathEnd, methodStart, methodEnd);
  }

  /**
   * What `find` would choose, why, and what came near. For people: `host` without port, `path` without query.
   */
  explain(host: string, path: string, method: string): RouteExplanation {
    const bytes = bytesOf(host + path + method);
    const pathStart = host.length;
    const methodStart = pathStart + path.length;
    const chosen = this.find(bytes, 0, pathStart, pathStart, methodStart, methodStart, bytes.length);
    return explain(this, { host, path, method }, chosen?.frontend);
  }

  /** The rules of a hostname as frontends write it (lower case). */
  rulesOf(hostname: string): HostRules<Target> | undefined {
    if (hostname === "*") return this.#any;
    return this.#tableOf(hostname).find(this.#keyOf(hostname));
  }

  #tableOf(hostname: string): HostTable<HostRules<Target>> {
    return hostname.startsWith("*.") ? this.#suffixes : this.#exact;
  }

  /** `*.example.com` is kept as `.example.com`. */
  #keyOf(hostname: string): HostKey {
    const name = bytesOf(hostname.startsWith("*.") ? hostname.slice(1) : hostname);
    this.#key.read(name, 0, name.length);
    return this.#key;
  }
}
