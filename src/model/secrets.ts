/**
 * What is secret in a configuration, and never shown: private keys, of certificates and of clusters. Whatever
 * goes into an answer goes through here; state files, the journal and the channel to workers hold objects
 * whole.
 */
import type { CertificateSummary } from "./answer-data.ts";
import type { Certificate, Cluster, ConfigObject } from "./objects.ts";
import type { ChangeOrder } from "./orders.ts";

/** An object as it may be shown: without its private key, if it has one. */
export function withoutKey(value: ConfigObject["value"]): object {
  if ("fingerprint" in value) return keyless(value);
  return "load_balancing" in value ? clusterWithoutKey(value) : value;
}

export function clusterWithoutKey(cluster: Cluster): Cluster {
  return cluster.tls === undefined ? cluster : { ...cluster, tls: keyless(cluster.tls) };
}

/** What is known of a certificate, without its texts. */
export function certificateSummary(certificate: Certificate): CertificateSummary {
  const { certificate: _, chain: __, key: ___, ...summary } = certificate;
  return summary;
}

/** An order as it may be shown. */
export function orderWithoutKey(order: ChangeOrder): { readonly type: string; readonly data: object } {
  switch (order.type) {
    case "ADD_CERTIFICATE":
    case "REPLACE_CERTIFICATE":
      return { type: order.type, data: keyless(order.data) };
    case "ADD_CLUSTER":
    case "UPDATE_CLUSTER":
      return {
        type: order.type,
        data: order.data.tls ? { ...order.data, tls: keyless(order.data.tls) } : order.data,
      };
    default:
      return order;
  }
}

function keyless<Value extends { readonly key?: string }>(value: Value): Omit<Value, "key"> {
  const { key: _, ...shown } = value;
  return shown;
}
