/**
 * The regex path rules of one hostname, in the order in which they are tried. One rule is all frontends with
 * the same regex: its place is that of the first of them that was added and is still there.
 *
 * A change costs as much as the hostname has regex frontends, and so does each request that no exact path
 * takes. Whether a regex is safe to run on what a client sends was judged when its order was read.
 */
import { assert } from "../base/assert.ts";
import type { Frontend } from "../model/objects.ts";
import { compilePathRegex } from "../model/path-rule.ts";
import { findByMethod, withRoute, type Route } from "./route.ts";

interface RegexRule<Target> {
  readonly source: string;
  readonly regex: RegExp;
  first: Route<Target>;
}

/** The regex of a frontend; `undefined` when its path rule is another. */
export function regexOf(frontend: Frontend): string | undefined {
  return "regex" in frontend.path ? frontend.path.regex : undefined;
}

export class PathRegexes<Target> {
  /** In the order added. */
  #routes: readonly Route<Target>[] = [];
  #rules: readonly RegexRule<Target>[] = [];

  get size(): number {
    return this.#routes.length;
  }

  /** In the order added. */
  get routes(): readonly Route<Target>[] {
    return this.#routes;
  }

  add(route: Route<Target>): void {
    this.#routes = this.#routes.concat([route]);
    this.#group();
  }

  /** Removes the route with this frontend's key and gives it. */
  remove(frontend: Frontend): Route<Target> {
    const { method } = frontend;
    const source = regexOf(frontend);
    const gone = this.#routes.find(
      (route) => regexOf(route.frontend) === source && route.frontend.method === method,
    );
    assert(gone !== undefined, "removes a frontend that is not there");
    this.#routes = this.#routes.filter((route) => route !== gone);
    this.#group();
    return gone;
  }

  /**
   * The route of the first rule that matches `path` and has one for the method
   * `bytes[methodStart..methodEnd)`.
   */
  find(path: string, bytes: Uint8Array, methodStart: number, methodEnd: number): Route<Target> | undefined {
    for (const rule of this.#rules) {
      if (!rule.regex.test(path)) continue;
      const route = findByMethod(rule.first, bytes, methodStart, methodEnd);
      if (route !== undefined) return route;
    }
    return undefined;
  }

  /** Makes the rules anew from the routes; regexes that are still in use stay compiled. */
  #group(): void {
    const compiled = new Map(this.#rules.map(({ source, regex }) => [source, regex]));
    const rules = new Map<string, RegexRule<Target>>();
    for (const route of this.#routes) {
      const source = regexOf(route.frontend)!;
      const rule = rules.get(source);
      if (rule !== undefined) {
        rule.first = withRoute(rule.first, route);
      } else {
        const regex = compiled.get(source) ?? compilePathRegex(source);
        rules.set(source, { source, regex, first: withRoute(undefined, route) });
      }
    }
    this.#rules = [...rules.values()];
  }
}
