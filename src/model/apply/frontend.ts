/**
 * Orders on frontends, judged. A frontend needs its listener, but not its cluster: that may come later.
 */
import { fail, ok } from "../../base/result.ts";
import { frontendKey } from "../keys.ts";
import type { StateLimits } from "../limits.ts";
import type { Frontend } from "../objects.ts";
import type { OrderData } from "../orders.ts";
import { regexGroupOf } from "../regex-order.ts";
import type { State } from "../state.ts";
import { judgeAddition, notFound, limitExceeded, unknownListener, type Verdict } from "./verdict.ts";

export function judgeAddFrontend(
  state: State,
  limits: StateLimits,
  value: OrderData["ADD_FRONTEND"],
): Verdict {
  if (!state.listeners.has(value.listener)) return fail(unknownListener(state, value.listener));
  const key = frontendKey(value);
  const group = regexGroupOf(value);
  const count = group === undefined ? 0 : state.regexKeysOf(group).length;
  if (count >= limits.regexFrontendsMax && !state.frontends.has(key)) {
    return limitExceeded(count, `regex frontends of ${value.hostname}`, limits.regexFrontendsMax);
  }
  return judgeAddition(state, limits, { kind: "frontend", key, value }, messageOf(state, key, value));
}

export function judgeRemoveFrontend(state: State, data: OrderData["REMOVE_FRONTEND"]): Verdict {
  const key = frontendKey(data);
  const before = state.frontends.get(key);
  if (before !== undefined)
    return ok({ changes: [{ kind: "frontend", key, before }], message: `frontend ${key} removed` });
  return notFound(`frontend ${key}`, key, state.frontendKeysOfListener(data.listener), "data");
}

function messageOf(state: State, key: string, frontend: Frontend): string {
  const { cluster_id, deny } = frontend;
  if (cluster_id === undefined) return `frontend ${key} added, ${deny === true ? "to deny" : "to redirect"}`;
  const missing = state.clusters.has(cluster_id)
    ? ""
    : `, which does not exist yet: requests get 503 until it does`;
  return `frontend ${key} added to cluster ${cluster_id}${missing}`;
}
