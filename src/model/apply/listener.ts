/**
 * Orders on listeners, judged. Whether an address can be listened at is not known here: main opens the socket
 * first.
 */
import { counted } from "../../base/text.ts";
import { fail, ok } from "../../base/result.ts";
import { findTlsField } from "../catalogue/tls-fields.ts";
import { HTTPS_DEFAULTS, LISTENER_DEFAULTS } from "../defaults.ts";
import type { StateLimits } from "../limits.ts";
import type { OrderData } from "../orders.ts";
import type { State } from "../state.ts";
import { judgeAddition, judgeUpdate, notFound, limitExceeded, removalsOf, type Verdict } from "./verdict.ts";

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
  const object = { kind: "listener", key: data.address, value } as const;
  if (value.protocol === "https")
    return judgeUpdate(object, data, { ...LISTENER_DEFAULTS, ...HTTPS_DEFAULTS });
  const field = findTlsField(data);
  if (field === undefined) return judgeUpdate(object, data, LISTENER_DEFAULTS);
  const message = `data.${field} is for https listeners only; ${data.address} speaks ${value.protocol}`;
  return fail({ code: "INVALID_FIELD", message, field: `data.${field}` });
}

/** Its certificates and frontends go with it: they are keyed by it. */
export function judgeRemoveListener(state: State, data: OrderData["REMOVE_LISTENER"]): Verdict {
  const key = data.address;
  const before = state.listeners.get(key);
  if (before === undefined) return noListener(state, key);
  const frontends = removalsOf(state, "frontend", state.frontendKeysOfListener(key));
  const certificates = removalsOf(state, "certificate", state.certificateKeysOfListener(key));
  return ok({
    changes: [...certificates, ...frontends, { kind: "listener", key, before }],
    message: `listener ${key} removed${along(frontends.length, certificates.length)}`,
  });
}

function along(frontends: number, certificates: number): string {
  const parts: string[] = [];
  if (frontends > 0) parts.push(counted(frontends, "frontend"));
  if (certificates > 0) parts.push(counted(certificates, "certificate"));
  return parts.length === 0 ? "" : ` with ${parts.join(" and ")}`;
}

function noListener(state: State, address: string): Verdict {
  return notFound(`listener ${address}`, address, state.listeners.keys(), "data.address");
}
