/**
 * Which backend of a cluster takes a request. One balancer per cluster; it changes with its cluster while requests come.
 *
 * Rules of this file, in the order in which a candidate is looked for:
 *  1. Candidates with a weight that are no backups; then backups with a weight; then those of weight 0, backups last. So
 *     weight 0 means set aside: a backup goes first. Within each group, the policy picks among those that do not rest.
 *  2. If all that are left rest, the one that wakes soonest is tried all the same: a request is not refused while there is
 *     one that may take it.
 *  3. A candidate that this exchange has tried is never picked again. If all were tried, none is.
 */
import { assertNever } from "../base/assert.ts";
import type { Prng } from "../base/prng.ts";
import type { LoadBalancing } from "../model/objects.ts";
import type { Candidate } from "./candidate.ts";
import { Group } from "./group.ts";
import { pickLeastLoaded } from "./least-loaded.ts";
import { pickPowerOfTwo, pickRandom } from "./random.ts";
import { pickByHash } from "./rendezvous.ts";
import { pickRoundRobin } from "./round-robin.ts";

export class Balancer<C extends Candidate> {
  /** May be set at any time: what is known of the candidates stays. */
  policy: LoadBalancing;
  readonly #prng: Prng;
  /** In the order of rule 1. */
  readonly #groups: readonly Group<C>[] = [new Group<C>(), new Group<C>(), new Group<C>(), new Group<C>()];

  constructor(policy: LoadBalancing, prng: Prng) {
    this.policy = policy;
    this.#prng = prng;
  }

  /** Adds a candidate, which is not there yet. */
  add(candidate: C): void {
    this.#groupOf(candidate).add(candidate);
  }

  /** Removes a candidate, which is there and whose weight and role are as it was added or last updated. */
  remove(candidate: C): void {
    this.#groupHolding(candidate).remove(candidate);
  }

  /** To be called after a candidate's weight or role changed. */
  update(candidate: C): void {
    const group = this.#groupHolding(candidate);
    if (group === this.#groupOf(candidate)) {
      group.reweigh(candidate);
    } else {
      group.remove(candidate);
      this.#groupOf(candidate).add(candidate);
    }
  }

  /**
   * The candidate for a request; `undefined` if there is none that is not in `tried`. `key` is 32 bits that stand for the
   * client, for the hash policy.
   */
  pick(nowMs: number, key: number, tried: readonly C[]): C | undefined {
    for (const group of this.#groups) {
      if (group.members.length === 0) continue;
      const candidate = this.#pickFrom(group, nowMs, key, tried);
      if (candidate !== undefined) return candidate;
    }
    return this.#findNextAwake(tried);
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

  #findNextAwake(tried: readonly C[]): C | undefined {
    let next: C | undefined;
    for (const { members } of this.#groups) {
      for (const member of members) {
        if (next !== undefined && member.restsUntilMs >= next.restsUntilMs) continue;
        if (!tried.includes(member)) next = member;
      }
    }
    return next;
  }

  #groupOf({ weight, backup }: C): Group<C> {
    return this.#groups[(weight === 0 ? 2 : 0) + (backup ? 1 : 0)]!;
  }

  /** A candidate's weight may have changed since it was put into its group. */
  #groupHolding(candidate: C): Group<C> {
    return this.#groups.find((group) => group.members.includes(candidate)) ?? this.#groupOf(candidate);
  }
}
