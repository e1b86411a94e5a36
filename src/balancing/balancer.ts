/**
 * Which backend of a cluster takes a request. One balancer per cluster; it changes with its cluster while
 * requests come.
 *
 * Rules of this file, in the order in which a candidate is looked for:
 *  1. Candidates with a weight that are no backups; then backups with a weight; then those of weight 0,
 *     backups last. So weight 0 means set aside: a backup goes first. Within each group, the policy picks
 *     among those that do not rest.
 *  2. If all that are left rest, the one that wakes soonest is tried all the same: a request is not refused
 *     while there is one that may take it. Those that are down have no time to wake: they come last, and if
 *     all are down, requests are shared among all as if none were.
 *  3. A candidate that this exchange has tried is never picked again. If all were tried, none is.
 */
import { assert, assertNever } from "../base/assert.ts";
import type { Prng } from "../base/prng.ts";
import type { LoadBalancing } from "../model/objects.ts";
import { type Candidate, isEligible } from "./candidate.ts";
import { Group } from "./group.ts";
import { pickLeastLoaded } from "./least-loaded.ts";
import { pickPowerOfTwo, pickRandom } from "./random.ts";
import { pickByHash } from "./rendezvous.ts";
import { pickRoundRobin } from "./round-robin.ts";

export class Balancer<C extends Candidate> {
  /** May be set at any time: what is known of the candidates stays. */
  policy: LoadBalancing;
  readonly #prng: Prng;
  /** In the order of rule 1; a group is made when it gets its first candidate. */
  readonly #groups: (Group<C> | undefined)[] = [undefined, undefined, undefined, undefined];

  constructor(policy: LoadBalancing, prng: Prng) {
    this.policy = policy;
    this.#prng = prng;
  }

  /** Adds a candidate, which is not there yet. */
  add(candidate: C): void {
    assert(this.#groupHolding(candidate) === undefined, "adds a candidate twice");
    const index = groupIndexOf(candidate);
    this.#groups[index] ??= new Group<C>();
    this.#groups[index].add(candidate);
  }

  /** Removes a candidate, which is there. */
  remove(candidate: C): void {
    const group = this.#groupHolding(candidate);
    assert(group !== undefined, "removes a candidate that is not there");
    group.remove(candidate);
  }

  /** To be called after a candidate's weight or role changed. */
  update(candidate: C): void {
    const group = this.#groupHolding(candidate);
    assert(group !== undefined, "updates a candidate that is not there");
    if (group === this.#groups[groupIndexOf(candidate)]) {
      group.reweigh(candidate);
    } else {
      group.remove(candidate);
      this.add(candidate);
    }
  }

  /**
   * The candidate for a request; `undefined` if there is none that is not in `tried`. `key` is 32 bits that
   * stand for the client, for the hash policy.
   */
  pick(nowMs: number, key: number, tried: readonly C[]): C | undefined {
    return this.#pickAwake(nowMs, key, tried) ?? this.#pickAwake(this.#nextAwakeMs(tried), key, tried);
  }

  /** All among which `pick` picks for a request that has tried none. For people, at the price of a walk. */
  choices(nowMs: number): readonly C[] {
    const awake = this.#awakeAt(nowMs);
    return awake.length > 0 ? awake : this.#awakeAt(this.#nextAwakeMs([]));
  }

  #awakeAt(atMs: number): readonly C[] {
    for (const group of this.#groups) {
      const candidates = (group?.members ?? []).map(({ candidate }) => candidate);
      const awake = candidates.filter((candidate) => isEligible(candidate, atMs, []));
      if (awake.length > 0) return awake;
    }
    return [];
  }

  /** One that is awake at `atMs`; `undefined` if none is. */
  #pickAwake(atMs: number, key: number, tried: readonly C[]): C | undefined {
    for (const group of this.#groups) {
      if (group === undefined || group.members.length === 0) continue;
      const candidate = this.#pickFrom(group, atMs, key, tried);
      if (candidate !== undefined) return candidate;
    }
    return undefined;
  }

  #pickFrom(group: Group<C>, nowMs: number, key: number, tried: readonly C[]): C | undefined {
    switch (this.policy) {
      case "round_robin":
        return pickRoundRobin(group, nowMs, tried);
      case "random":
        return pickRandom(group, nowMs, tried, this.#prng);
      case "least_loaded":
        return pickLeastLoaded(group, nowMs, tried);
      case "power_of_two":
        return pickPowerOfTwo(group, nowMs, tried, this.#prng);
      case "hash":
        return pickByHash(group, nowMs, key, tried);
      default:
        return assertNever(this.policy);
    }
  }

  /** When the first of those that are left wakes; `Infinity` if all of them are down. */
  #nextAwakeMs(tried: readonly C[]): number {
    let nextMs = Infinity;
    for (const group of this.#groups) {
      for (const { candidate } of group?.members ?? []) {
        if (candidate.restsUntilMs < nextMs && !tried.includes(candidate)) nextMs = candidate.restsUntilMs;
      }
    }
    return nextMs;
  }

  /** Not by its weight, which may have changed since it was put into its group. */
  #groupHolding(candidate: C): Group<C> | undefined {
    return this.#groups.find((group) => group?.has(candidate));
  }
}

function groupIndexOf({ weight, backup }: Candidate): number {
  return (weight === 0 ? 2 : 0) + (backup ? 1 : 0);
}
