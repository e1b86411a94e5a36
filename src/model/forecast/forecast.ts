/**
 * What a change means to requests, told before it is made: which go elsewhere, which rules could no more be
 * reached, which certificates would be left unused. For `dry_run`.
 *
 * Rules of this file:
 *  1. It looks at what the change touches, and at no more than its budget: at 100,000 clusters it costs what
 *     it costs at ten. `not_looked_at` counts the frontends that the budget did not reach.
 *  2. Where requests go is asked once for each frontend that is added, removed or updated, by a request that
 *     it is there for: with a method that nobody names, where it takes any.
 *  3. It says what is certain: a rule that is not named as shadowed may be so, by a regex hard to read.
 */
import { undo } from "../apply.ts";
import type { Destination, Forecast, MovedRequests, ShadowedFrontend } from "../answer-data.ts";
import { areEqual } from "../equal.ts";
import type { Change } from "../channel.ts";
import { netOf } from "../net-changes.ts";
import type { Frontend } from "../objects.ts";
import { regexGroupAt } from "../regex-order.ts";
import { certificateSummary } from "../secrets.ts";
import type { State } from "../state.ts";
import { findDrainedRequests } from "./drained-requests.ts";
import { requestOf } from "./request-of.ts";
import { type RequestPoint, RuleFinder } from "./rule-finder.ts";
import { findShadow } from "./shadows.ts";
import { findUnusedCertificates } from "./unused-certificates.ts";

export interface ForecastLimits {
  /** The keys that may be looked for, in all. */
  readonly lookupsMax: number;
  /** Of each kind, so many are named; all are counted. */
  readonly namedMax: number;
}

const FORECAST_LIMITS: ForecastLimits = { lookupsMax: 100_000, namedMax: 100 };

/** A request that may be decided anew, and by what it is after the change. */
interface Asked {
  readonly frontend: Frontend;
  readonly request: RequestPoint;
  readonly to: Frontend | undefined;
}

/** Takes back the last changes to `state`, and tells what they mean. */
export function takeBackAndForecast(
  state: State,
  changes: readonly Change[],
  { lookupsMax, namedMax }: ForecastLimits = FORECAST_LIMITS,
): Forecast {
  const net = netOf(changes);
  const finder = new RuleFinder(lookupsMax);
  const frontends = net.filter(({ kind }) => kind === "frontend").map(frontendOf);
  const asked = askAfter(state, frontends, finder);
  const candidates = [...shadowCandidates(state, net)];
  const shadows = findShadows(state, candidates, lookupsMax);
  const unused = findUnusedCertificates(state, net);
  const drained = findDrainedRequests(state, net);
  undo(state, changes);
  const shadowed = shadows.found.filter(({ key }) => findShadow(state, key) === undefined);
  const moved = movedBy(state, asked.questions, finder);
  return {
    moved_requests: named(moved, namedMax),
    ...(drained.length > 0 && { drained_requests: named(drained, namedMax) }),
    shadowed: named(shadowed, namedMax),
    unused_certificates: named(unused.map(certificateSummary), namedMax),
    not_looked_at: asked.left + shadows.left,
  };
}

function named<Item>(
  all: readonly Item[],
  namedMax: number,
): { readonly total: number; readonly items: Item[] } {
  return { total: all.length, items: all.slice(0, namedMax) };
}

function frontendOf({ before, after }: Change): Frontend {
  return (after ?? before) as Frontend;
}

/** Who takes a request for each of them; `left`: those that the budget did not reach. */
function askAfter(
  state: State,
  frontends: readonly Frontend[],
  finder: RuleFinder,
): { readonly questions: readonly Asked[]; readonly left: number } {
  const questions: Asked[] = [];
  for (const [index, frontend] of frontends.entries()) {
    if (finder.budget < 0) return { questions, left: frontends.length - index };
    const request = requestOf(frontend);
    if (request !== undefined) questions.push({ frontend, request, to: finder.find(state, request) });
  }
  return { questions, left: 0 };
}

/** Asked before, too: it costs about what it did after. */
function movedBy(state: State, questions: readonly Asked[], finder: RuleFinder): MovedRequests[] {
  const moved: MovedRequests[] = [];
  for (const { frontend, request, to } of questions) {
    const [was, is] = [destinationOf(finder.find(state, request)), destinationOf(to)];
    if (areEqual(was, is)) continue;
    const { listener, hostname, path, method } = frontend;
    moved.push({ listener, hostname, path, ...(method !== undefined && { method }), from: was, to: is });
  }
  return moved;
}

function destinationOf(frontend: Frontend | undefined): Destination | null {
  if (frontend?.cluster_id !== undefined) return { cluster_id: frontend.cluster_id };
  if (frontend?.redirect !== undefined) return { redirect: frontend.redirect };
  return frontend === undefined ? null : { deny: true };
}

/**
 * The keys of those that the change may have shadowed: what is new, and what may stand behind something new.
 */
function shadowCandidates(state: State, net: readonly Change[]): ReadonlySet<string> {
  const candidates = new Set<string>();
  const hosts = new Set<string>();
  for (const change of net) {
    if (change.kind !== "frontend") continue;
    const { listener, hostname, path } = frontendOf(change);
    const host = regexGroupAt({ listener, hostname });
    if ("prefix" in path) candidates.add(change.key);
    else if ("exact" in path) for (const key of state.regexKeysOf(host)) candidates.add(key);
    else if (!hosts.has(host)) {
      hosts.add(host);
      for (const key of state.hosts.keysOf(listener, hostname)) candidates.add(key);
    }
  }
  return candidates;
}

function findShadows(
  state: State,
  keys: readonly string[],
  lookupsMax: number,
): { readonly found: readonly ShadowedFrontend[]; readonly left: number } {
  const found: ShadowedFrontend[] = [];
  let budget = lookupsMax;
  for (const [index, key] of keys.entries()) {
    if (budget < 0) return { found, left: keys.length - index };
    const frontend = state.frontends.get(key);
    if (frontend === undefined) continue;
    const by = findShadow(state, key);
    if (by !== undefined) found.push({ key, by });
    budget -= 1 + state.regexKeysOf(regexGroupAt(frontend)).length;
  }
  return { found, left: 0 };
}
