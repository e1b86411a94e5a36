/**
 * Orders on backends, judged.
 */
import { fail, ok } from "../../base/result.ts";
import { BACKEND_DEFAULTS } from "../defaults.ts";
import { backendKey } from "../keys.ts";
import type { StateLimits } from "../limits.ts";
import type { OrderData } from "../orders.ts";
import type { State } from "../state.ts";
import {
  judgeAddition,
  judgeUpdate,
  notFound,
  limitExceeded,
  unknownCluster,
  type Verdict,
} from "./verdict.ts";

export function judgeAddBackend(state: State, limits: StateLimits, value: OrderData["ADD_BACKEND"]): Verdict {
  const { cluster_id, backend_id } = value;
  if (!state.clusters.has(cluster_id)) return fail(unknownCluster(state, cluster_id));
  const key = backendKey(value);
  const count = state.backendCountOfCluster(cluster_id);
  if (count >= limits.backendsPerClusterMax && !state.backends.has(key)) {
    return limitExceeded(count, `backends of cluster ${cluster_id}`, limits.backendsPerClusterMax);
  }
  const message = `backend ${backend_id} added to cluster ${cluster_id}`;
  return judgeAddition(state, limits, { kind: "backend", key, value }, message);
}

export function judgeUpdateBackend(state: State, data: OrderData["UPDATE_BACKEND"]): Verdict {
  const key = backendKey(data);
  const value = state.backends.get(key);
  return value === undefined
    ? noBackend(state, data)
    : judgeUpdate({ kind: "backend", key, value }, data, BACKEND_DEFAULTS);
}

export function judgeRemoveBackend(state: State, data: OrderData["REMOVE_BACKEND"]): Verdict {
  const key = backendKey(data);
  const before = state.backends.get(key);
  if (before === undefined) return noBackend(state, data);
  const message = `backend ${data.backend_id} removed from cluster ${data.cluster_id}`;
  return ok({ changes: [{ kind: "backend", key, before }], message });
}

/** A cluster that is not there has no backends either: the cluster is what the message names. */
function noBackend(
  state: State,
  data: { readonly cluster_id: string; readonly backend_id: string },
): Verdict {
  const { cluster_id, backend_id } = data;
  if (!state.clusters.has(cluster_id))
    return fail({ ...unknownCluster(state, cluster_id), code: "NOT_FOUND" });
  return notFound(
    `backend "${backend_id}" of cluster ${cluster_id}`,
    backend_id,
    backendIdsOf(state, cluster_id),
    "data.backend_id",
  );
}

function* backendIdsOf(state: State, clusterId: string): Iterable<string> {
  for (const key of state.backendKeysOfCluster(clusterId)) yield key.slice(clusterId.length + 1);
}
