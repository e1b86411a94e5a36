/**
 * Least loaded: the candidate with the fewest connections in use relative to its weight. Those with equally
 * few take turns by weight, so that an idle cluster is used evenly. Costs two looks at each member.
 */
import { isEligible, type Candidate } from "./candidate.ts";
import { compareLoads, type Group, type Member } from "./group.ts";
import { pickSmoothly } from "./round-robin.ts";

/** The least loaded eligible candidate; `undefined` if none is eligible. */
export function pickLeastLoaded<C extends Candidate>(
  group: Group<C>,
  nowMs: number,
  tried: readonly C[],
): C | undefined {
  let least: Member<C> | undefined;
  for (const member of group.members) {
    if (!isEligible(member.candidate, nowMs, tried)) continue;
    if (least === undefined || compareLoads(member, least) < 0) least = member;
  }
  return least === undefined ? undefined : pickSmoothly(group, nowMs, tried, least);
}
