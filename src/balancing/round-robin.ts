/**
 * Round robin: each member in turn, as often as its weight says. Equal weights cost one step of an index, differing ones a
 * look at each member.
 */
import { isEligible, type Candidate } from "./candidate.ts";
import type { Group } from "./group.ts";

/** The next eligible member in turn; `undefined` if none is. */
export function pickRoundRobin<C extends Candidate>(
  group: Group<C>,
  nowMs: number,
  tried: readonly C[],
): C | undefined {
  return group.hasEqualWeights ? pickInTurn(group, nowMs, tried) : pickSmoothly(group, nowMs, tried, undefined);
}

function pickInTurn<C extends Candidate>(group: Group<C>, nowMs: number, tried: readonly C[]): C | undefined {
  const { members } = group;
  let index = group.cursor;
  for (let left = members.length; left > 0; left--) {
    const member = members[index]!;
    index = index + 1 === members.length ? 0 : index + 1;
    if (!isEligible(member, nowMs, tried)) continue;
    group.cursor = index;
    return member;
  }
  return undefined;
}

/**
 * Picks by weight, as evenly spread as can be: each eligible member gets its weight as credit, the one with the most credit
 * is picked and pays what all got. Over as many picks as the weights sum up to, each comes exactly as often as its weight
 * says. Given `likeIndex`, only members that are as loaded as that one take part.
 */
export function pickSmoothly<C extends Candidate>(
  group: Group<C>,
  nowMs: number,
  tried: readonly C[],
  likeIndex: number | undefined,
): C | undefined {
  const { members, weights, credits } = group;
  let best = -1;
  let paid = 0;
  for (let index = 0; index < members.length; index++) {
    if (!isEligible(members[index]!, nowMs, tried)) continue;
    if (likeIndex !== undefined && group.compareLoads(index, likeIndex) !== 0) continue;
    const credit = credits[index]! + weights[index]!;
    credits[index] = credit;
    paid += weights[index]!;
    if (best === -1 || credit > credits[best]!) best = index;
  }
  if (best === -1) return undefined;
  credits[best] = credits[best]! - paid;
  return members[best];
}
