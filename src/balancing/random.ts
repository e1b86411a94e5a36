/**
 * Random, by weight; and the power of two: two drawn at random, the less loaded one taken. A draw costs a
 * step or two while most members are eligible, and never more than two looks at each.
 */
import type { Prng } from "../base/prng.ts";
import { isEligible, type Candidate } from "./candidate.ts";
import { compareLoads, type Group, type Member } from "./group.ts";

/**
 * Drawing blindly and refusing is quick and exact; after so many refusals the eligible members are counted
 * instead.
 */
const BLIND_DRAWS_MAX = 4;

/** An eligible candidate, each as likely as its weight says; `undefined` if none is eligible. */
export function pickRandom<C extends Candidate>(
  group: Group<C>,
  nowMs: number,
  tried: readonly C[],
  prng: Prng,
): C | undefined {
  return drawMember(group, nowMs, tried, prng, undefined)?.candidate;
}

/** The less loaded of two eligible candidates drawn by weight; the only one, if there is only one. */
export function pickPowerOfTwo<C extends Candidate>(
  group: Group<C>,
  nowMs: number,
  tried: readonly C[],
  prng: Prng,
): C | undefined {
  const first = drawMember(group, nowMs, tried, prng, undefined);
  if (first === undefined) return undefined;
  const second = drawMember(group, nowMs, tried, prng, first);
  return second !== undefined && compareLoads(second, first) < 0 ? second.candidate : first.candidate;
}

function drawMember<C extends Candidate>(
  group: Group<C>,
  nowMs: number,
  tried: readonly C[],
  prng: Prng,
  except: Member<C> | undefined,
): Member<C> | undefined {
  const { members, weightMax, hasEqualWeights } = group;
  for (let draw = 0; draw < BLIND_DRAWS_MAX && members.length > 0; draw++) {
    const member = members[prng.below(members.length)]!;
    if (!hasEqualWeights && prng.below(weightMax) >= member.weight) continue;
    if (member !== except && isEligible(member.candidate, nowMs, tried)) return member;
  }
  return drawCounted(group, nowMs, tried, prng, except);
}

function drawCounted<C extends Candidate>(
  group: Group<C>,
  nowMs: number,
  tried: readonly C[],
  prng: Prng,
  except: Member<C> | undefined,
): Member<C> | undefined {
  let total = 0;
  for (const member of group.members) {
    if (member !== except && isEligible(member.candidate, nowMs, tried)) total += member.weight;
  }
  if (total === 0) return undefined;
  let left = prng.below(total);
  for (const member of group.members) {
    if (member === except || !isEligible(member.candidate, nowMs, tried)) continue;
    left -= member.weight;
    if (left < 0) return member;
  }
  return undefined;
}
