/**
 * All frontends of one hostname, and which of them takes a path and a method.
 *
 * Rules of this file:
 *  1. The exact path goes first, then the regexes in the order added, then the longest prefix.
 *  2. A method decides only within one path rule: the frontend that wants this method goes before the one for
 *     any. A path rule without a frontend for this method is passed over, as if its path did not match: `POST
 *     /a` exact leaves `GET /a` to the regexes and prefixes.
 *  3. A prefix is compared as text: `/api` takes `/api`, `/api/x` and `/apis`; `/api/` takes `/api/x`, not
 *     `/api`.
 *  4. Paths are compared as they were received: nothing is decoded, and letters keep their case.
 */
import { assert } from "../base/assert.ts";
import { bytesOf, textOf } from "../base/bytes.ts";
import type { Frontend } from "../model/objects.ts";
import { PathRegexes, regexOf } from "./path-regexes.ts";
import { createNode, findInTree, growNode, nodesTo, prune, type PathNode } from "./path-tree.ts";
import { findByKey, Route, withoutRoute, withRoute } from "./route.ts";

export class HostRules<Target> {
  #root: PathNode<Target> | undefined;
  #regexes: PathRegexes<Target> | undefined;

  /** True when no frontend is left. */
  get isEmpty(): boolean {
    return this.#root === undefined && this.#regexes === undefined;
  }

  /** The tree of exact paths and prefixes, for explanations. */
  get root(): PathNode<Target> | undefined {
    return this.#root;
  }

  /** The frontends with a regex, in the order added, for explanations. */
  get regexRoutes(): readonly Route<Target>[] {
    return this.#regexes?.routes ?? [];
  }

  /** The route for the path `bytes[pathStart..pathEnd)` and the method `bytes[methodStart..methodEnd)`. */
  find(
    bytes: Uint8Array,
    pathStart: number,
    pathEnd: number,
    methodStart: number,
    methodEnd: number,
  ): Route<Target> | undefined {
    const root = this.#root;
    const found =
      root === undefined ? undefined : findInTree(root, bytes, pathStart, pathEnd, methodStart, methodEnd);
    if (this.#regexes === undefined || (found !== undefined && "exact" in found.frontend.path)) return found;
    return this.#regexes.find(textOf(bytes, pathStart, pathEnd), bytes, methodStart, methodEnd) ?? found;
  }

  /** Adds a frontend whose key is not there yet. */
  add(frontend: Frontend): Route<Target> {
    const route = new Route<Target>(frontend);
    if (regexOf(frontend) !== undefined) {
      this.#regexes ??= new PathRegexes();
      this.#regexes.add(route);
      return route;
    }
    const path = pathOf(frontend);
    this.#root ??= createNode(path);
    const node = growNode(this.#root, path);
    const kind = kindOf(frontend);
    node[kind] = withRoute(node[kind], route);
    return route;
  }

  /** Removes the frontend with this key, which is there, and gives its route. */
  remove(frontend: Frontend): Route<Target> {
    if (regexOf(frontend) !== undefined) return this.#removeRegex(frontend);
    assert(this.#root !== undefined, "removes a frontend that is not there");
    const nodes = nodesTo(this.#root, pathOf(frontend));
    const kind = kindOf(frontend);
    const node = nodes.at(-1);
    const route = findByKey(node?.[kind], frontend.method);
    assert(node !== undefined && route !== undefined, "removes a frontend that is not there");
    node[kind] = withoutRoute(node[kind], route);
    if (!prune(nodes)) this.#root = undefined;
    return route;
  }

  #removeRegex(frontend: Frontend): Route<Target> {
    assert(this.#regexes !== undefined, "removes a frontend that is not there");
    const route = this.#regexes.remove(frontend);
    if (this.#regexes.size === 0) this.#regexes = undefined;
    return route;
  }
}

function kindOf(frontend: Frontend): "exact" | "prefix" {
  return "exact" in frontend.path ? "exact" : "prefix";
}

function pathOf(frontend: Frontend): Uint8Array {
  const { path } = frontend;
  return bytesOf("exact" in path ? path.exact : "prefix" in path ? path.prefix : path.regex);
}
