/**
 * Why a request goes where it goes, in words: the hostnames that were asked, and the rules that came near and
 * why each was not chosen. For people, at the price of a walk; it decides nothing.
 */
import { bytesOf } from "../base/bytes.ts";
import type { Frontend, PathRule } from "../model/objects.ts";
import { compilePathRegex } from "../model/path-rule.ts";
import { HOST_BYTES_MAX } from "./host-key.ts";
import type { HostRules } from "./host-rules.ts";
import type { PathNode } from "./path-tree.ts";
import type { Route } from "./route.ts";

/** The most rules that an explanation lists beside the chosen one. */
export const NEARLY_MAX = 20;

export interface RouteQuestion {
  readonly host: string;
  readonly path: string;
  readonly method: string;
}

export interface RouteExplanation {
  /** Absent: no frontend takes the request. */
  readonly chosen?: Frontend;
  /** Why the chosen one goes first. */
  readonly because?: string;
  /** Rules of the hostnames asked that did not take it, the nearest first: at most `NEARLY_MAX`. */
  readonly nearly: readonly NearRule[];
  /** There are more of them. */
  readonly isCut: boolean;
  /** Hostnames in the order asked. */
  readonly tried: readonly { readonly hostname: string; readonly outcome: Outcome }[];
}

/** A rule that did not take the request: by which of its parts, and in words. */
export interface NearRule extends Miss {
  readonly frontend: Frontend;
}

interface Miss {
  /** `priority`: all of it matches, and another rule goes first. */
  readonly failed: "path" | "method" | "priority";
  readonly why: string;
}

export type Outcome =
  | "no frontend has this hostname"
  | "no path and method match"
  | "chosen"
  | "not asked any more";

/** What explanations need of a router. */
interface Rules {
  rulesOf(hostname: string): HostRules<unknown> | undefined;
}

/** Explains why `chosen` is the router's choice for `question`. */
export function explain(
  router: Rules,
  question: RouteQuestion,
  chosen: Frontend | undefined,
): RouteExplanation {
  const host = question.host.toLowerCase().replace(/\.$/, "");
  const path = bytesOf(question.path);
  const tried: { hostname: string; outcome: Outcome }[] = [];
  const nearly: NearRule[] = [];
  let decided = false;
  let isCut = false;
  for (const hostname of hostnamesOf(host)) {
    const rules = router.rulesOf(hostname);
    const isChosen = chosen?.hostname === hostname;
    tried.push({ hostname, outcome: outcomeOf(rules !== undefined, isChosen, decided) });
    decided ||= isChosen;
    if (rules === undefined) continue;
    for (const { frontend, isStaged } of routesNear(rules, path)) {
      if (frontend === chosen || isStaged) continue;
      isCut = nearly.length === NEARLY_MAX;
      if (isCut) break;
      nearly.push({ frontend, ...missOf(frontend, question, chosen) });
    }
  }
  return { ...(chosen && { chosen, because: whyChosen(chosen) }), nearly, isCut, tried };
}

/** Every hostname that stands for this host, the most exact first. */
function hostnamesOf(host: string): readonly string[] {
  if (host === "" || host.length > HOST_BYTES_MAX) return ["*"];
  const hostnames = [host];
  for (let dot = host.indexOf(".", 1); dot !== -1; dot = host.indexOf(".", dot + 1)) {
    hostnames.push(`*${host.slice(dot)}`);
  }
  return [...hostnames, "*"];
}

function outcomeOf(isKnown: boolean, isChosen: boolean, decided: boolean): Outcome {
  if (isChosen) return "chosen";
  if (!isKnown) return "no frontend has this hostname";
  return decided ? "not asked any more" : "no path and method match";
}

/** The routes of a hostname, those first that share most of the path. Lazy: who asks takes only a few. */
function* routesNear(rules: HostRules<unknown>, path: Uint8Array): Generator<Route<unknown>> {
  if (rules.root !== undefined) yield* routesFrom(rules.root, path, 0);
  yield* rules.regexRoutes;
}

/** Goes down along the path first, then to the side branches. */
function* routesFrom(node: PathNode<unknown>, path: Uint8Array, at: number): Generator<Route<unknown>> {
  const end = at + node.label.length;
  const onPath = node.label.every((byte, index) => path[at + index] === byte);
  const next = onPath ? node.children.find((child) => child.firstByte === path[end]) : undefined;
  if (next !== undefined) yield* routesFrom(next, path, end);
  yield* routesIn(node.exact);
  yield* routesIn(node.prefix);
  for (const child of node.children) {
    if (child !== next) yield* routesFrom(child, path, end);
  }
}

function* routesIn(first: Route<unknown> | undefined): Generator<Route<unknown>> {
  for (let route = first; route !== undefined; route = route.next) yield route;
}

/** By the rules of `HostRules`: why none of its hostname goes before it. */
function whyChosen({ path, method }: Frontend): string {
  const byMethod = method === undefined ? "" : `, and a rule for ${method} before one for any method`;
  if ("exact" in path) return `an exact path goes first${byMethod}`;
  if ("prefix" in path) return `the longest prefix that takes it goes first${byMethod}`;
  return `the first regex that matches goes before later ones and prefixes${byMethod}`;
}

function missOf(frontend: Frontend, question: RouteQuestion, chosen: Frontend | undefined): Miss {
  const mismatch = pathMismatch(frontend.path, question.path);
  if (mismatch !== undefined) return { failed: "path", why: mismatch };
  if (frontend.method !== undefined && frontend.method !== question.method) {
    return { failed: "method", why: `it takes the method ${frontend.method}, not ${question.method}` };
  }
  return { failed: "priority", why: whyLater(frontend, chosen) };
}

/** Why `chosen` goes before a rule that matches as well. */
function whyLater(frontend: Frontend, chosen: Frontend | undefined): string {
  if (chosen?.hostname !== frontend.hostname) return "it matches, but a more exact hostname goes first";
  if (kindOf(chosen.path) === "exact" && kindOf(frontend.path) !== "exact") {
    return "it matches, but the exact path goes first";
  }
  if (textOf(chosen.path) === textOf(frontend.path) && kindOf(chosen.path) === kindOf(frontend.path)) {
    return "it matches, but the rule for this method goes before the one for any";
  }
  if (kindOf(frontend.path) === "regex") return "it matches, but a regex added earlier goes first";
  if (kindOf(chosen.path) === "regex") return "it matches, but regexes go before prefixes";
  return "it matches, but a longer prefix goes first";
}

function pathMismatch(rule: PathRule, path: string): string | undefined {
  if ("exact" in rule) return rule.exact === path ? undefined : `the path is not exactly ${rule.exact}`;
  if ("prefix" in rule)
    return path.startsWith(rule.prefix) ? undefined : `the path does not begin with ${rule.prefix}`;
  return compilePathRegex(rule.regex).test(path)
    ? undefined
    : `the regex ${rule.regex} does not match the path`;
}

function kindOf(rule: PathRule): "exact" | "prefix" | "regex" {
  return "exact" in rule ? "exact" : "prefix" in rule ? "prefix" : "regex";
}

function textOf(rule: PathRule): string {
  return "exact" in rule ? rule.exact : "prefix" in rule ? rule.prefix : rule.regex;
}
