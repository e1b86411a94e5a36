/**
 * Where the requests of what is about to drain would go, by the configuration alone: whether a backend
 * answers is known to workers only.
 */
import type { DrainedDestination, DrainedRequests } from "../answer-data.ts";
import type { Change } from "../channel.ts";
import { splitKey } from "../keys.ts";
import { drainedObjects } from "../net-changes.ts";
import type { Backend } from "../objects.ts";
import type { State } from "../state.ts";

/** Of a cluster, so many backends are named. */
const BACKENDS_NAMED_MAX = 100;

const UNAVAILABLE: DrainedDestination = { status: 503 };

/** `state` has the changes already. Each cluster is looked at once. */
export function findDrainedRequests(state: State, changes: readonly Change[]): readonly DrainedRequests[] {
  const clusters = new Map<string, DrainedDestination>();
  const ofCluster = (clusterId: string): DrainedDestination => {
    const found = clusters.get(clusterId) ?? servedBy(state, clusterId);
    clusters.set(clusterId, found);
    return found;
  };
  return drainedObjects(changes).map(({ kind, key }) => {
    if (kind === "listener") return { kind, key, to: null };
    return { kind, key, to: ofCluster(kind === "backend" ? splitKey(key)[0] : key) };
  });
}

/** Who gets a cluster's requests: those of the highest rank that is there. */
function servedBy(state: State, clusterId: string): DrainedDestination {
  if (state.clusters.get(clusterId)?.draining === true) return UNAVAILABLE;
  const ranks: string[][] = [[], [], [], []];
  for (const key of state.backendKeysOfCluster(clusterId)) {
    const backend = state.backends.get(key)!;
    if (backend.draining !== true) ranks[rankOf(backend)]!.push(backend.backend_id);
  }
  const backends = ranks.find((rank) => rank.length > 0);
  if (backends === undefined) return UNAVAILABLE;
  const items = backends.slice(0, BACKENDS_NAMED_MAX);
  return { cluster_id: clusterId, backends: { total: backends.length, items } };
}

/** As the balancer has them: those with a weight before those without, backups behind the others. */
function rankOf({ weight, backup }: Backend): number {
  return (weight === 0 ? 2 : 0) + (backup ? 1 : 0);
}
