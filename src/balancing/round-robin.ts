/**
 * Round robin: each member in turn, as often as its weight says. Equal weights cost one step of an index,
 * differing ones a look at each member.
 */
import { isEligible, type Candidate } from "./candidate.ts";
import { compareLoads, type Group, type Member } from "./group.ts";

/** The next eligible candidate in turn; `undefined` if none is. */
export function pickRoundRobin<C extends Candidate>(
  group: Group<C>,
  nowMs: number,
  tried: readonly C[],
): C | undefined {
  return group.hasEqualWeights
    ? pickInTurn(group, nowMs, tried)
    : pickSmoothly(group, nowMs, tried, undefined);
}

/**
 * Picks by weight, as evenly spread as can be: each eligible member gets its weight as credit; the one with
 * the most credit is picked, and pays what all got. Over as many picks as the weights sum up to, each comes
 * exactly as often as its weight says. Given `like`, only members that are as loaded as that one take part.
 */
export function pickSmoothly<C extends Candidate>(
  group: Group<C>,
  nowMs: number,
  tried: readonly C[],
  like: Member<C> | undefined,
): C | undefined {
  let best: Member<C> | undefined;
  let total = 0;
  for (const member of group.members) {
    if (!isEligible(member.candidate, nowMs, tried)) continue;
    if (like !== undefined && compareLoads(member, like) !== 0) continue;
    member.credit += member.weight;
    total += member.weight;
    if (best === undefined || member.credit > best.credit) best = member;
  }
  if (best !== undefined) best.credit -= total;
  return best?.candidate;
}

function pickInTurn<C extends Candidate>(group: Group<C>, nowMs: number, tried: readonly C[]): C | undefined {
  const { members } = group;
  let index = group.cursor;
  for (let left = members.length; left > 0; left--) {
    const { candidate } = members[index]!;
    index = index + 1 === members.length ? 0 : index + 1;
    if (!isEligible(candidate, nowMs, tried)) continue;
    group.cursor = index;
    return candidate;
  }
  return undefined;
}
