/**
 * Orders on listeners, judged. Whether an address can be listened at is not known here: main opens the socket
 * first.
 */
import { ok } from "../../base/result.ts";
import { LISTENER_DEFAULTS } from "../defaults.ts";
import type { StateLimits } from "../limits.ts";
import type { OrderData } from "../orders.ts";
import type { State } from "../state.ts";
import {
  counted,
  judgeAddition,
  judgeUpdate,
  notFound,
  limitExceeded,
  removalsOf,
  type Verdict,
} from "./verdict.ts";

export function judgeAddListener(
  state: State,
  limits: StateLimits,
  value: OrderData["ADD_LISTENER"],
): Verdict {
  const key = value.address;
  const count = state.listeners.size;
  if (count >= limits.listenersMax && !state.listeners.has(key)) {
    return limitExceeded(count, "listeners", limits.listenersMax);
  }
  return judgeAddition(state, limits, { kind: "listener", key, value }, `listener ${key} added`);
}

export function judgeUpdateListener(state: State, data: OrderData["UPDATE_LISTENER"]): Verdict {
  const value = state.listeners.get(data.address);
  if (value === undefined) return noListener(state, data.address);
  return judgeUpdate({ kind: "listener", key: data.address, value }, data, LISTENER_DEFAULTS);
}

/** Its frontends go with it: they are keyed by it. */
export function judgeRemoveListener(state: State, data: OrderData["REMOVE_LISTENER"]): Verdict {
  const key = data.address;
  const before = state.listeners.get(key);
  if (before === undefined) return noListener(state, key);
  const frontends = removalsOf(state, "frontend", state.frontendKeysOfListener(key));
  const along = frontends.length === 0 ? "" : ` with ${counted(frontends.length, "frontend")}`;
  return ok({
    changes: [...frontends, { kind: "listener", key, before }],
    message: `listener ${key} removed${along}`,
  });
}

function noListener(state: State, address: string): Verdict {
  return notFound(`listener ${address}`, address, state.listeners.keys(), "data.address");
}
