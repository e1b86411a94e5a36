/**
 * Orders on clusters, judged.
 */
import { fail, ok } from "../../base/result.ts";
import { CLUSTER_DEFAULTS } from "../defaults.ts";
import type { StateLimits } from "../limits.ts";
import type { OrderData } from "../orders.ts";
import type { State } from "../state.ts";
import { counted } from "../../base/text.ts";
import { judgeAddition, judgeUpdate, notFound, removalsOf, type Verdict } from "./verdict.ts";

export function judgeAddCluster(state: State, limits: StateLimits, value: OrderData["ADD_CLUSTER"]): Verdict {
  const key = value.cluster_id;
  const frontends = state.frontendCountOfCluster(key);
  const waiting = frontends === 0 ? "" : `; ${counted(frontends, "frontend")} named it already`;
  return judgeAddition(state, limits, { kind: "cluster", key, value }, `cluster ${key} added${waiting}`);
}

export function judgeUpdateCluster(state: State, data: OrderData["UPDATE_CLUSTER"]): Verdict {
  const value = state.clusters.get(data.cluster_id);
  if (value === undefined) return noCluster(state, data.cluster_id);
  return judgeUpdate({ kind: "cluster", key: data.cluster_id, value }, data, CLUSTER_DEFAULTS);
}

/** Its backends go with it. Its frontends only if the order says so; else they hold it. */
export function judgeRemoveCluster(state: State, data: OrderData["REMOVE_CLUSTER"]): Verdict {
  const key = data.cluster_id;
  const before = state.clusters.get(key);
  if (before === undefined) return noCluster(state, key);
  const frontends = removalsOf(state, "frontend", state.frontendKeysOfCluster(key));
  const first = frontends[0];
  if (first !== undefined && !data.cascade) {
    const others = frontends.length > 1 ? ", …" : "";
    const named = `${counted(frontends.length, "frontend")} (${first.key}${others})`;
    return fail({
      code: "IN_USE",
      message: `cluster ${key} is named by ${named}; remove what names it first, or send "cascade": true`,
      field: "data.cluster_id",
    });
  }
  const backends = removalsOf(state, "backend", state.backendKeysOfCluster(key));
  return ok({
    changes: [...frontends, ...backends, { kind: "cluster", key, before }],
    message: `cluster ${key} removed${along(frontends.length, backends.length)}`,
  });
}

function along(frontends: number, backends: number): string {
  const parts: string[] = [];
  if (frontends > 0) parts.push(counted(frontends, "frontend"));
  if (backends > 0) parts.push(counted(backends, "backend"));
  return parts.length === 0 ? "" : ` with ${parts.join(" and ")}`;
}

function noCluster(state: State, clusterId: string): Verdict {
  return notFound(`cluster "${clusterId}"`, clusterId, state.clusters.keys(), "data.cluster_id");
}
