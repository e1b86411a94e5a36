/**
 * Random, by weight; and the power of two: two drawn at random, the less loaded one taken. A draw costs a step or two while
 * most members are eligible, and never more than a look at each.
 */
import type { Prng } from "../base/prng.ts";
import { isEligible, type Candidate } from "./candidate.ts";
import type { Group } from "./group.ts";

/** Drawing blindly and refusing is quick and exact; after so many refusals the members are counted instead. */
const BLIND_DRAWS_MAX = 4;
const NONE = -1;

/** An eligible member, each as likely as its weight says; `undefined` if none is eligible. */
export function pickRandom<C extends Candidate>(
  group: Group<C>,
  nowMs: number,
  tried: readonly C[],
  prng: Prng,
): C | undefined {
  return group.members[drawIndex(group, nowMs, tried, prng, NONE)];
}

/** The less loaded of two eligible members drawn by weight; the only one, if there is only one. */
export function pickPowerOfTwo<C extends Candidate>(
  group: Group<C>,
  nowMs: number,
  tried: readonly C[],
  prng: Prng,
): C | undefined {
  const first = drawIndex(group, nowMs, tried, prng, NONE);
  if (first === NONE) return undefined;
  const second = drawIndex(group, nowMs, tried, prng, first);
  return group.members[second !== NONE && group.compareLoads(second, first) < 0 ? second : first];
}

/** The index of a member, but not `except`; `NONE` if there is none. */
function drawIndex<C extends Candidate>(
  group: Group<C>,
  nowMs: number,
  tried: readonly C[],
  prng: Prng,
  except: number,
): number {
  const { members, weights, weightMax, hasEqualWeights } = group;
  if (members.length === 0) return NONE;
  for (let draw = 0; draw < BLIND_DRAWS_MAX; draw++) {
    const index = prng.below(members.length);
    if (!hasEqualWeights && prng.below(weightMax) >= weights[index]!) continue;
    if (index !== except && isEligible(members[index]!, nowMs, tried)) return index;
  }
  return drawCounted(group, nowMs, tried, prng, except);
}

function drawCounted<C extends Candidate>(
  group: Group<C>,
  nowMs: number,
  tried: readonly C[],
  prng: Prng,
  except: number,
): number {
  const { members, weights } = group;
  let total = 0;
  for (let index = 0; index < members.length; index++) {
    if (index !== except && isEligible(members[index]!, nowMs, tried)) total += weights[index]!;
  }
  if (total === 0) return NONE;
  let left = prng.below(total);
  for (let index = 0; index < members.length; index++) {
    if (index === except || !isEligible(members[index]!, nowMs, tried)) continue;
    left -= weights[index]!;
    if (left < 0) return index;
  }
  return NONE;
}
