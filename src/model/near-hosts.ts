/**
 * Frontends that a request just misses by its host: the same name at another listener, a wildcard that does
 * not take its own domain, a name with or without `www.`, a slip of the keyboard. For people; a search that
 * is bounded, because names may be a hundred thousand.
 */
import type { NearFrontend } from "./answer-data.ts";
import type { Frontend } from "./objects.ts";
import type { State } from "./state.ts";
import { findNearest } from "./suggest.ts";

/** The most that are told. */
export const NEAR_HOSTS_MAX = 5;

/** A request's host without its port, and the listener that the request comes to. */
export interface AskedHost {
  readonly listener: string;
  readonly host: string;
}

/**
 * One frontend for each hostname that is near, the likeliest mistake first: at most `NEAR_HOSTS_MAX`. None
 * where the host has frontends of its own: then it is not the mistake.
 */
export function findNearHosts(state: State, { listener, host }: AskedHost): readonly NearFrontend[] {
  const name = host.toLowerCase().replace(/\.$/, "");
  if (state.hosts.has(listener, name)) return [];
  const found = new Map<string, NearFrontend>();
  for (const { at, hostname, reason } of candidates(state, listener, name)) {
    if (found.size === NEAR_HOSTS_MAX) break;
    const frontend = firstOf(state, at, hostname);
    if (frontend !== undefined) found.set(`${at} ${hostname}`, { frontend, reason, failed: "host" });
  }
  return [...found.values()];
}

interface Candidate {
  readonly at: string;
  readonly hostname: string;
  readonly reason: string;
}

/** Lazy: the search by letters is left out where there are enough without it. */
function* candidates(state: State, listener: string, name: string): Generator<Candidate> {
  const [label = ""] = name.split(".", 1);
  const domain = name.slice(label.length + 1);
  for (const at of state.listeners.keys()) {
    if (at === listener) continue;
    const reason = `it is at the listener ${at}, not at ${listener}`;
    yield { at, hostname: name, reason };
    if (domain !== "") yield { at, hostname: `*.${domain}`, reason };
  }
  const wildcard = `it takes what stands before .${name}, not ${name} itself`;
  yield { at: listener, hostname: `*.${name}`, reason: wildcard };
  const near = [`www.${name}`, domain, findNearest(name, hostnamesAt(state, listener))];
  for (const hostname of near) {
    if (hostname !== undefined)
      yield { at: listener, hostname, reason: `its hostname is ${hostname}, not ${name}` };
  }
}

function* hostnamesAt(state: State, listener: string): Generator<string> {
  for (const key of state.frontendKeysOfListener(listener)) {
    const frontend = state.frontends.get(key);
    if (frontend !== undefined && !frontend.hostname.startsWith("*")) yield frontend.hostname;
  }
}

function firstOf(state: State, listener: string, hostname: string): Frontend | undefined {
  for (const key of state.hosts.keysOf(listener, hostname)) return state.frontends.get(key);
  return undefined;
}
