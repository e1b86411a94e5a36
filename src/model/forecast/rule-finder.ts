/**
 * Which frontend of a configuration takes a request, found by the keys of those that could: it costs the
 * length of the request's host and path, whatever else is there. For forecasts alone: requests are routed by
 * `routing/`, and a law holds the two together.
 */
import { frontendKey } from "../keys.ts";
import type { Frontend, PathRule } from "../objects.ts";
import { compilePathRegex } from "../path-rule.ts";
import { regexGroupAt } from "../regex-order.ts";
import type { State } from "../state.ts";

/** A request, as far as it decides who takes it. */
export interface RequestPoint {
  readonly listener: string;
  /** Lower case, without port or trailing dot. */
  readonly host: string;
  readonly path: string;
  /** `undefined`: one that no frontend names. */
  readonly method: string | undefined;
}

/** The rules of one hostname, for one method. */
interface Rules {
  readonly listener: string;
  readonly hostname: string;
  readonly method: string | undefined;
}

/** A regex is compiled, and then tried: it costs as much as so many keys. */
const REGEX_COST = 20;

export class RuleFinder {
  /** How much it may still look for; below zero, it is to be asked no more. */
  budget: number;
  readonly #regexes: Map<string, RegExp> = new Map();

  constructor(budget: number) {
    this.budget = budget;
  }

  /** The most exact hostname that has a frontend for the path and the method decides. */
  find(state: State, { listener, host, path, method }: RequestPoint): Frontend | undefined {
    for (const hostname of hostnamesOf(host)) {
      this.budget--;
      if (!state.hosts.has(listener, hostname)) continue;
      const at = { listener, hostname, method };
      const found =
        this.#findByRule(state, at, { exact: path }) ??
        this.#findByRegex(state, at, path) ??
        this.#findByPrefix(state, at, path);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #findByRegex(state: State, at: Rules, path: string): Frontend | undefined {
    for (const key of state.regexKeysOf(regexGroupAt(at))) {
      const rule = state.frontends.get(key)!.path;
      if (!this.#regexOf(rule).test(path)) continue;
      const found = this.#findByRule(state, at, rule);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #findByPrefix(state: State, at: Rules, path: string): Frontend | undefined {
    for (let length = path.length; length > 0; length--) {
      const found = this.#findByRule(state, at, { prefix: path.slice(0, length) });
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Of one path rule, who wants this method goes before who takes any. */
  #findByRule(state: State, at: Rules, path: PathRule): Frontend | undefined {
    const { method, ...any } = at;
    this.budget -= 2;
    const byMethod =
      method === undefined ? undefined : state.frontends.get(frontendKey({ ...any, method, path }));
    return byMethod ?? state.frontends.get(frontendKey({ ...any, path }));
  }

  #regexOf(rule: PathRule): RegExp {
    const source = "regex" in rule ? rule.regex : "";
    const regex = this.#regexes.get(source) ?? compilePathRegex(source);
    this.#regexes.set(source, regex);
    this.budget -= REGEX_COST;
    return regex;
  }
}

/** Every hostname that stands for this host, the most exact first. */
function* hostnamesOf(host: string): Iterable<string> {
  yield host;
  for (let dot = host.indexOf(".", 1); dot !== -1; dot = host.indexOf(".", dot + 1))
    yield `*${host.slice(dot)}`;
  yield "*";
}
