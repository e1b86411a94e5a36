/**
 * Hash: the same key goes to the same candidate, in every worker, as long as that candidate is eligible. When
 * one comes or goes, only the keys that it gains or had move (rendezvous hashing: Thaler and Ravishankar
 * 1998; its weighted form: Schindelhauer and Schomaker 2005). Costs a look at each member.
 */
import { isEligible, type Candidate } from "./candidate.ts";
import { mix32, type Group } from "./group.ts";

const UINT32_RANGE = 0x1_0000_0000;

/** The eligible candidate with the best score for `key` (32 bits); `undefined` if none is eligible. */
export function pickByHash<C extends Candidate>(
  group: Group<C>,
  nowMs: number,
  key: number,
  tried: readonly C[],
): C | undefined {
  let best: C | undefined;
  let bestScore = -Infinity;
  for (const { candidate, weight, idHash } of group.members) {
    const hash = mix32(key ^ idHash) >>> 0;
    // Both scores put members of equal weight in the same order: no key moves between them when another's
    // weight changes.
    const score = group.hasEqualWeights ? hash : weight / -Math.log((hash + 0.5) / UINT32_RANGE);
    if (score <= bestScore || !isEligible(candidate, nowMs, tried)) continue;
    best = candidate;
    bestScore = score;
  }
  return best;
}
