/**
 * Least loaded: the member with the fewest connections in use relative to its weight. Those with equally few take turns by
 * weight, so that an idle cluster is used evenly. Costs a look at each member.
 */
import { isEligible, type Candidate } from "./candidate.ts";
import type { Group } from "./group.ts";
import { pickSmoothly } from "./round-robin.ts";

/** The least loaded eligible member; `undefined` if none is eligible. */
export function pickLeastLoaded<C extends Candidate>(
  group: Group<C>,
  nowMs: number,
  tried: readonly C[],
): C | undefined {
  let least: number | undefined;
  for (let index = 0; index < group.members.length; index++) {
    if (!isEligible(group.members[index]!, nowMs, tried)) continue;
    if (least === undefined || group.compareLoads(index, least) < 0) least = index;
  }
  return least === undefined ? undefined : pickSmoothly(group, nowMs, tried, least);
}
