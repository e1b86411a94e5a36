/**
 * What is secret in a configuration, and never shown: the private keys of certificates. Whatever goes into an
 * answer goes through here; state files, the journal and the channel to workers hold objects whole.
 */
import type { ConfigObject } from "./objects.ts";
import type { ChangeOrder } from "./orders.ts";

/** An object as it may be shown: without its private key, if it has one. */
export function withoutKey(value: ConfigObject["value"]): object {
  if (!("fingerprint" in value)) return value;
  const { key: _, ...shown } = value;
  return shown;
}

/** An order as it may be shown. */
export function orderWithoutKey(order: ChangeOrder): { readonly type: string; readonly data: object } {
  if (order.type !== "ADD_CERTIFICATE" && order.type !== "REPLACE_CERTIFICATE") return order;
  const { key: _, ...data } = order.data;
  return { type: order.type, data };
}
