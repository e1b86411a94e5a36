/**
 * Orders on certificates, judged. What a certificate is and whether its key belongs to it was found out
 * before, by main or by whoever wrote the file that the order stands in: here it is only put in its place.
 */
import { assert } from "../../base/assert.ts";
import { fail, ok } from "../../base/result.ts";
import { areEqual } from "../equal.ts";
import type { OrderError } from "../errors.ts";
import { certificateKey, splitKey } from "../keys.ts";
import type { StateLimits } from "../limits.ts";
import type { Certificate } from "../objects.ts";
import type { OrderData } from "../orders.ts";
import { withoutKey } from "../secrets.ts";
import type { State } from "../state.ts";
import { judgeAddition, notFound, unknownListener, type Verdict } from "./verdict.ts";

export function judgeAddCertificate(
  state: State,
  limits: StateLimits,
  data: OrderData["ADD_CERTIFICATE"],
): Verdict {
  const fault = findListenerFault(state, data.listener);
  if (fault !== undefined) return fail(fault);
  const value = certificateOf(data);
  if (value === undefined) return fail(UNREAD);
  const key = certificateKey(value);
  const message = `certificate ${value.fingerprint} ${servesText(value)} added to listener ${value.listener}`;
  return judgeAddition(state, limits, { kind: "certificate", key, value }, message);
}

/**
 * The new one comes as the old one goes, in one change. Sent twice, the second finds that it is already so.
 */
export function judgeReplaceCertificate(state: State, data: OrderData["REPLACE_CERTIFICATE"]): Verdict {
  const fault = findListenerFault(state, data.listener);
  if (fault !== undefined) return fail(fault);
  const value = certificateOf(data);
  if (value === undefined) return fail(UNREAD);
  const { listener, fingerprint } = value;
  const key = certificateKey(value);
  const oldKey = certificateKey({ listener, fingerprint: data.old_fingerprint });
  const existing = state.certificates.get(key);
  const old = state.certificates.get(oldKey);
  if (old === undefined) {
    if (areEqual(existing, value))
      return ok({ changes: [], message: `certificate ${fingerprint} is already so` });
    return noCertificate(state, listener, data.old_fingerprint, "data.old_fingerprint");
  }
  const message = `certificate ${fingerprint} ${servesText(value)} has replaced ${data.old_fingerprint}`;
  if (oldKey === key) {
    if (areEqual(old, value)) return ok({ changes: [], message: `certificate ${fingerprint} is already so` });
    return ok({ changes: [{ kind: "certificate", key, before: old, after: value }], message });
  }
  if (existing !== undefined && !areEqual(existing, value)) {
    const text = `certificate ${fingerprint} of listener ${listener} exists already, and is different`;
    return fail({ code: "EXISTS", message: text, existing: withoutKey(existing) });
  }
  const removal = { kind: "certificate", key: oldKey, before: old } as const;
  if (existing !== undefined) return ok({ changes: [removal], message });
  return ok({ changes: [{ kind: "certificate", key, after: value }, removal], message });
}

export function judgeRemoveCertificate(state: State, data: OrderData["REMOVE_CERTIFICATE"]): Verdict {
  const key = certificateKey(data);
  const before = state.certificates.get(key);
  if (before === undefined) return noCertificate(state, data.listener, data.fingerprint, "data.fingerprint");
  const message = `certificate ${data.fingerprint} removed from listener ${data.listener}`;
  return ok({ changes: [{ kind: "certificate", key, before }], message });
}

const UNREAD: OrderError = {
  code: "INVALID_CERTIFICATE",
  message:
    "the certificate has not been read: fingerprint, key_type, not_before_ms and not_after_ms are missing",
};

/** The object that an order makes, if main has read it. */
function certificateOf(data: OrderData["ADD_CERTIFICATE"]): Certificate | undefined {
  const { listener, fingerprint, names, key_type, not_before_ms, not_after_ms } = data;
  const { certificate, chain, key } = data;
  const isRead =
    fingerprint !== undefined &&
    names !== undefined &&
    key_type !== undefined &&
    not_before_ms !== undefined &&
    not_after_ms !== undefined;
  if (!isRead) return undefined;
  assert(certificate !== "" && key !== "", "a certificate that was read has a text and a key");
  return { listener, fingerprint, names, key_type, not_before_ms, not_after_ms, certificate, chain, key };
}

function findListenerFault(state: State, address: string): OrderError | undefined {
  const listener = state.listeners.get(address);
  if (listener === undefined) return unknownListener(state, address);
  if (listener.protocol === "https") return undefined;
  const message = `data.listener must be an https listener; ${address} speaks ${listener.protocol}`;
  return { code: "INVALID_FIELD", message, field: "data.listener" };
}

/** A listener that is not there has no certificates either: the listener is what the message names. */
function noCertificate(state: State, listener: string, fingerprint: string, field: string): Verdict {
  if (!state.listeners.has(listener)) return fail({ ...unknownListener(state, listener), code: "NOT_FOUND" });
  const there = fingerprintsOf(state, listener);
  return notFound(`certificate ${fingerprint} of listener ${listener}`, fingerprint, there, field);
}

function* fingerprintsOf(state: State, listener: string): Iterable<string> {
  for (const key of state.certificateKeysOfListener(listener)) yield splitKey(key)[1];
}

function servesText({ names }: Certificate): string {
  const [first, ...others] = names;
  if (first === undefined) return "of no name";
  return others.length === 0 ? `for ${first}` : `for ${first} and ${others.length} more`;
}
