/**
 * What an order removes or lets drain, how it wants that reported, and whether that drains already.
 */
import { DRAIN_DEFAULTS } from "../../model/defaults.ts";
import { backendKey, certificateKey } from "../../model/keys.ts";
import type { ObjectName } from "../../model/net-changes.ts";
import type { ChangeOrder, DrainOptions, DrainSubject } from "../../model/orders.ts";
import type { Control } from "../control.ts";

/** The object that an order removes, or lets drain; `undefined` if it is for neither. */
export function removedBy(order: ChangeOrder): ObjectName | undefined {
  switch (order.type) {
    case "REMOVE_LISTENER":
      return { kind: "listener", key: order.data.address };
    case "REMOVE_CLUSTER":
      return { kind: "cluster", key: order.data.cluster_id };
    case "REMOVE_BACKEND":
      return { kind: "backend", key: backendKey(order.data) };
    case "REPLACE_CERTIFICATE": {
      const { listener, old_fingerprint: fingerprint } = order.data;
      return { kind: "certificate", key: certificateKey({ listener, fingerprint }) };
    }
    case "REMOVE_CERTIFICATE":
      return { kind: "certificate", key: certificateKey(order.data) };
    case "DRAIN":
      return drainedBy(order.data);
    default:
      return undefined;
  }
}

export function drainOptionsOf(order: ChangeOrder): DrainOptions {
  if ("drain" in order.data) return order.data.drain;
  // Who sets the field by an update did not ask to wait for what it sets off.
  return order.type.startsWith("UPDATE_") ? { ...DRAIN_DEFAULTS, wait: false } : DRAIN_DEFAULTS;
}

/** The drain of what an order removes, where it was removed before and is still in use. */
export function findDrain({ drains, configuration }: Control, order: ChangeOrder): number | undefined {
  const object = removedBy(order);
  if (object === undefined) return undefined;
  // Refused because it is in use is another matter than removed and draining.
  if (order.type === "REMOVE_CLUSTER" && configuration.state.clusters.has(object.key)) return undefined;
  if (order.type === "REPLACE_CERTIFICATE" && !order.data.drain.wait) return undefined;
  return order.type === "DRAIN"
    ? drains.findStaying(object.kind, object.key)
    : drains.find(object.kind, object.key);
}

function drainedBy(subject: DrainSubject): ObjectName {
  if ("address" in subject) return { kind: "listener", key: subject.address };
  if ("backend_id" in subject) return { kind: "backend", key: backendKey(subject) };
  return { kind: "cluster", key: subject.cluster_id };
}
