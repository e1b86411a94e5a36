/**
 * Exact paths and prefixes of one hostname as a radix tree: finding the longest prefix costs the path's
 * length, whether there is one prefix or 10,000. It knows bytes only: no decoding, no `..`, no query.
 *
 * ```text
 *  /            prefix "/"
 *  ├─ api/      prefix "/api/"
 *  │  └─ v1     exact "/api/v1"
 *  └─ static    prefix "/static"
 * ```
 *
 * Rules of this file:
 *  1. Labels are never empty, and the labels of one node's children begin with different bytes, in rising
 *     order.
 *  2. A node without routes has at least two children: what a removal leaves useless is joined or dropped at
 *     once.
 *  3. A node keeps its identity while it is split or joined, so the root of a tree stays the root.
 */
import { assert } from "../base/assert.ts";
import { findByMethod, type Route } from "./route.ts";

export interface PathNode<Target> {
  label: Uint8Array;
  /** `label[0]`, at hand for the search among siblings. */
  firstByte: number;
  /** Routes for exactly the path that ends here. */
  exact: Route<Target> | undefined;
  /** Routes for every path that begins with what ends here. */
  prefix: Route<Target> | undefined;
  children: readonly PathNode<Target>[];
}

/** By far the most frequent label: shared. */
const SLASH: Uint8Array = Uint8Array.of(0x2f);
const NO_CHILDREN: readonly never[] = [];

/** A node without routes: the caller gives it some, or prunes it. */
export function createNode<Target>(label: Uint8Array): PathNode<Target> {
  assert(label.length > 0, "a path rule is never empty");
  const shared = label.length === 1 && label[0] === SLASH[0] ? SLASH : label;
  return { label: shared, firstByte: shared[0]!, exact: undefined, prefix: undefined, children: NO_CHILDREN };
}

/**
 * The route for the path `bytes[start..end)` and the method: the exact one, else that of the longest prefix.
 */
export function findInTree<Target>(
  root: PathNode<Target>,
  bytes: Uint8Array,
  start: number,
  end: number,
  methodStart: number,
  methodEnd: number,
): Route<Target> | undefined {
  let best: Route<Target> | undefined;
  let at = start;
  for (
    let node: PathNode<Target> | undefined = root;
    node !== undefined;
    node = findChild(node, bytes[at]!)
  ) {
    const label = node.label;
    if (end - at < label.length || bytes[at] !== node.firstByte) return best;
    for (let index = 1; index < label.length; index++) {
      if (bytes[at + index] !== label[index]) return best;
    }
    at += label.length;
    if (node.prefix !== undefined) best = findByMethod(node.prefix, bytes, methodStart, methodEnd) ?? best;
    if (at === end) return findByMethod(node.exact, bytes, methodStart, methodEnd) ?? best;
  }
  return best;
}

/** The node at which `path` ends, made (by splitting and adding) where there is none. */
export function growNode<Target>(root: PathNode<Target>, path: Uint8Array): PathNode<Target> {
  let node = root;
  let rest = path;
  for (;;) {
    const common = commonLength(node.label, rest);
    if (common < node.label.length) split(node, common);
    if (common === rest.length) return node;
    rest = rest.subarray(common);
    const child = findChild(node, rest[0]!);
    if (child === undefined) return addChild(node, createNode(rest.slice()));
    node = child;
  }
}

/** The nodes from the root to the one at which `path` ends; empty when no node does. */
export function nodesTo<Target>(root: PathNode<Target>, path: Uint8Array): PathNode<Target>[] {
  const nodes: PathNode<Target>[] = [];
  let at = 0;
  let node: PathNode<Target> | undefined = root;
  while (node !== undefined && commonLength(node.label, path.subarray(at)) === node.label.length) {
    nodes.push(node);
    at += node.label.length;
    if (at === path.length) return nodes;
    node = findChild(node, path[at]!);
  }
  return [];
}

/** Drops or joins what became useless at the end of `nodes`, root first. False: the whole tree is useless. */
export function prune<Target>(nodes: readonly PathNode<Target>[]): boolean {
  for (let index = nodes.length - 1; index >= 0; index--) {
    const node = nodes[index]!;
    if (hasRoutes(node) || node.children.length > 1) return true;
    if (node.children.length === 1) {
      join(node);
      return true;
    }
    if (index === 0) return false;
    const parent = nodes[index - 1]!;
    parent.children = parent.children.filter((child) => child !== node);
  }
  return true;
}

function hasRoutes<Target>(node: PathNode<Target>): boolean {
  return node.exact !== undefined || node.prefix !== undefined;
}

/** By halving: a node has at most 256 children. */
function findChild<Target>(node: PathNode<Target>, byte: number): PathNode<Target> | undefined {
  const children = node.children;
  let low = 0;
  let high = children.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const child = children[middle]!;
    if (child.firstByte === byte) return child;
    if (child.firstByte < byte) low = middle + 1;
    else high = middle - 1;
  }
  return undefined;
}

function addChild<Target>(node: PathNode<Target>, child: PathNode<Target>): PathNode<Target> {
  const at = node.children.findIndex((sibling) => sibling.firstByte > child.firstByte);
  node.children = node.children.toSpliced(at === -1 ? node.children.length : at, 0, child);
  return child;
}

/**
 * Cuts a node in two: it keeps the first `length` bytes of its label, a new child gets the rest and all it
 * had.
 */
function split<Target>(node: PathNode<Target>, length: number): void {
  assert(length > 0, "all paths of a tree begin with the same byte");
  const rest = createNode<Target>(node.label.slice(length));
  rest.exact = node.exact;
  rest.prefix = node.prefix;
  rest.children = node.children;
  node.label = createNode<Target>(node.label.slice(0, length)).label;
  node.exact = undefined;
  node.prefix = undefined;
  node.children = [rest];
}

/** Takes over everything from the only child. */
function join<Target>(node: PathNode<Target>): void {
  const child = node.children[0]!;
  const label = new Uint8Array(node.label.length + child.label.length);
  label.set(node.label);
  label.set(child.label, node.label.length);
  node.label = label;
  node.exact = child.exact;
  node.prefix = child.prefix;
  node.children = child.children;
}

function commonLength(one: Uint8Array, other: Uint8Array): number {
  const length = Math.min(one.length, other.length);
  let common = 0;
  while (common < length && one[common] === other[common]) common++;
  return common;
}
