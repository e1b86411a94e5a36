/**
 * Hash: the same key goes to the same member, in every worker, as long as that member is eligible. When a member comes or
 * goes, only the keys that it gains or had move (rendezvous hashing: Thaler and Ravishankar, 1998; its weighted form: Schindelhauer
 * and Schomaker, 2005). Costs a look at each member.
 */
import { isEligible, type Candidate } from "./candidate.ts";
import { mix32, type Group } from "./group.ts";

const UINT32_RANGE = 0x1_0000_0000;

/** The eligible member with the best score for `key` (32 bits); `undefined` if none is eligible. */
export function pickByHash<C extends Candidate>(
  group: Group<C>,
  nowMs: number,
  key: number,
  tried: readonly C[],
): C | undefined {
  const { members, weights, idHashes, hasEqualWeights } = group;
  let best: C | undefined;
  let bestScore = -Infinity;
  for (let index = 0; index < members.length; index++) {
    const member = members[index]!;
    const hash = mix32(key ^ idHashes[index]!);
    // Both scores put members of equal weight in the same order: keys stay when one weight changes.
    const score = hasEqualWeights ? hash : weights[index]! / -Math.log((hash + 0.5) / UINT32_RANGE);
    if (score <= bestScore || !isEligible(member, nowMs, tried)) continue;
    best = member;
    bestScore = score;
  }
  return best;
}
