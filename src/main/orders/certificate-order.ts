/**
 * Orders that bring what only OpenSSL can judge, certificates and the names of ciphers: they are judged
 * first, so that the configuration, the journal and the workers get what is right and complete, or nothing.
 */
import { fail, ok, type Result } from "../../base/result.ts";
import type { OrderError } from "../../model/errors.ts";
import type { ChangeOrder, OrderData } from "../../model/orders.ts";
import { findTlsOptionFault, findTlsOptionWarnings } from "../certificates/check-tls-options.ts";
import { readClientAuth } from "../certificates/read-authorities.ts";
import { readCertificate } from "../certificates/read-certificate.ts";
import { readClusterTls } from "../certificates/read-cluster-tls.ts";
import type { Control } from "../control.ts";
import type { Reply } from "../socket/reply.ts";
import { type Addendum, executeChange } from "./change-order.ts";

/** Executes an order that changes the configuration; the certificate that it may bring is read first. */
export function executeRead(control: Control, order: ChangeOrder, dryRun: boolean, reply: Reply): void {
  const read = readOrder(order, Date.now());
  if (!read.ok) return reply.refuse(read.error, control.configuration.revision);
  executeChange(control, read.value.order, dryRun, reply, read.value.addendum);
}

/**
 * Reads again the certificates of orders that come from a file: whoever wrote it may not be we. The error
 * says of which object it speaks, because no order of the client names it.
 */
export function readOrders(orders: readonly ChangeOrder[]): Result<readonly ChangeOrder[], OrderError> {
  const nowMs = Date.now();
  const all: ChangeOrder[] = [];
  for (const order of orders) {
    const read = readOrder(order, nowMs);
    if (!read.ok) return fail({ code: read.error.code, message: `${nameOf(order)}: ${read.error.message}` });
    all.push(read.value.order);
  }
  return ok(all);
}

/** The object that an order of a file makes. */
function nameOf(order: ChangeOrder): string {
  switch (order.type) {
    case "ADD_CERTIFICATE":
    case "REPLACE_CERTIFICATE": {
      const { fingerprint = "without a fingerprint", listener, names: [name] = [] } = order.data;
      return `certificate ${fingerprint}${name === undefined ? "" : ` for ${name}`} of listener ${listener}`;
    }
    case "ADD_LISTENER":
    case "UPDATE_LISTENER":
      return `listener ${order.data.address}`;
    case "ADD_CLUSTER":
    case "UPDATE_CLUSTER":
      return `cluster ${order.data.cluster_id}`;
    default:
      return order.type;
  }
}

/** An order with what reading it has found. */
export interface ReadOrder {
  readonly order: ChangeOrder;
  readonly addendum?: Addendum;
}

/** Reads the certificate that an order may bring, and judges the names of ciphers. */
export function readOrder(order: ChangeOrder, nowMs: number): Result<ReadOrder, OrderError> {
  if (order.type === "ADD_LISTENER" || order.type === "UPDATE_LISTENER") return readListener(order, nowMs);
  if (order.type === "ADD_CLUSTER" || order.type === "UPDATE_CLUSTER") return readCluster(order, nowMs);
  if (order.type !== "ADD_CERTIFICATE" && order.type !== "REPLACE_CERTIFICATE") return ok({ order });
  const read = readCertificate(order.data, nowMs);
  if (!read.ok) return read;
  const { certificate, warnings } = read.value;
  const data = { ...certificate, reject_expired: order.data.reject_expired };
  const complete: ChangeOrder =
    order.type === "ADD_CERTIFICATE"
      ? { type: order.type, data }
      : { type: order.type, data: { ...data, ...replacementOf(order.data) } };
  return ok({
    order: complete,
    addendum: addendumOf(warnings, { fingerprint: certificate.fingerprint }),
  });
}

function replacementOf({
  old_fingerprint,
  drain,
}: OrderData["REPLACE_CERTIFICATE"]): Pick<OrderData["REPLACE_CERTIFICATE"], "old_fingerprint" | "drain"> {
  return { old_fingerprint, drain };
}

function addendumOf(warnings: readonly string[], data: Addendum["data"] = {}): Addendum {
  return {
    warnings,
    data: warnings.length === 0 ? data : { ...data, warnings },
    remark: warnings.map((warning) => `; warning: ${warning}`).join(""),
  };
}

function readListener(
  order: Extract<ChangeOrder, { readonly type: "ADD_LISTENER" | "UPDATE_LISTENER" }>,
  nowMs: number,
): Result<ReadOrder, OrderError> {
  const fault = findTlsOptionFault(order.data);
  if (fault !== undefined) return fail(fault);
  const optionWarnings = findTlsOptionWarnings(order.data);
  if (!order.data.client_auth) return ok({ order, addendum: addendumOf(optionWarnings) });
  const read = readClientAuth(order.data.client_auth, nowMs);
  if (!read.ok) return read;
  const { clientAuth, warnings } = read.value;
  return ok({
    order: { ...order, data: { ...order.data, client_auth: clientAuth } } as ChangeOrder,
    addendum: addendumOf([...optionWarnings, ...warnings]),
  });
}

function readCluster(
  order: Extract<ChangeOrder, { readonly type: "ADD_CLUSTER" | "UPDATE_CLUSTER" }>,
  nowMs: number,
): Result<ReadOrder, OrderError> {
  if (!order.data.tls) return ok({ order });
  const tls = readClusterTls(order.data.tls, nowMs);
  return tls.ok ? ok({ order: { ...order, data: { ...order.data, tls: tls.value } } as ChangeOrder }) : tls;
}
