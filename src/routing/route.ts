/**
 * One frontend as requests find it, and the order among those with the same hostname and path rule: the ones
 * that want a method come first, the one that takes any method last. Not how hostnames and paths are found:
 * that is `HostRules`.
 */
import { assert } from "../base/assert.ts";
import { equalsText } from "../base/bytes.ts";
import type { Frontend } from "../model/objects.ts";

/** Made when its frontend is added; the same object for every request until the frontend is removed. */
export class Route<Target> {
  readonly frontend: Frontend;
  /** The frontend's method, here because the hot path reads it. */
  readonly method: string | undefined;
  /** For the engine: what it found out about this frontend once and does not want to look up per request. */
  target: Target | undefined = undefined;
  /** Added, but not visible yet: requests pass it over. Only this room sets it. */
  isStaged = false;
  /** The next route with the same hostname and path rule. Only this room sets it. */
  next: Route<Target> | undefined = undefined;

  constructor(frontend: Frontend) {
    this.frontend = frontend;
    this.method = frontend.method;
  }
}

/**
 * The first route of the list `first` that takes the method `bytes[start..end)`. Methods are case-sensitive
 * (RFC 9110 section 9.1).
 */
export function findByMethod<Target>(
  first: Route<Target> | undefined,
  bytes: Uint8Array,
  start: number,
  end: number,
): Route<Target> | undefined {
  for (let route = first; route !== undefined; route = route.next) {
    const method = route.method;
    if ((method === undefined || equalsText(bytes, start, end, method)) && !route.isStaged) return route;
  }
  return undefined;
}

/** The list with `route` in its place; gives its new first route. */
export function withRoute<Target>(first: Route<Target> | undefined, route: Route<Target>): Route<Target> {
  assert(findByKey(first, route.method) === undefined, "adds a frontend under a key that is taken");
  if (first === undefined || route.method !== undefined) {
    route.next = first;
    return route;
  }
  let last = first;
  while (last.next !== undefined) last = last.next;
  last.next = route;
  return first;
}

/** The list without `route`; gives its new first route. */
export function withoutRoute<Target>(
  first: Route<Target> | undefined,
  route: Route<Target>,
): Route<Target> | undefined {
  if (first === route) return route.next;
  for (let before = first; before !== undefined; before = before.next) {
    if (before.next === route) before.next = route.next;
  }
  return first;
}

/** The route of exactly this method, or of any method for `undefined`. */
export function findByKey<Target>(
  first: Route<Target> | undefined,
  method: string | undefined,
): Route<Target> | undefined {
  let route = first;
  while (route !== undefined && route.method !== method) route = route.next;
  return route;
}
