/**
 * From a frame to an order: the envelope by hand, `data` by the catalogue's schema.
 */
import { fail, ok, type Result } from "../../base/result.ts";
import type { OrderError } from "../errors.ts";
import { shortened } from "../field-path.ts";
import { ORDER_ID_CHARS_MAX } from "../limits.ts";
import type { Order, ReceivedOrder } from "../orders.ts";
import { didYouMean } from "../suggest.ts";
import { CATALOGUE, isOrderType, ORDER_TYPES } from "./catalogue.ts";
import { parseCommonOrder } from "./common-orders.ts";
import { readTransaction } from "./read-transaction.ts";
import { refusalOf, unknownField } from "./refusal.ts";

const ENVELOPE_FIELDS: readonly string[] = ["id", "version", "type", "data", "if_revision", "dry_run"];

/** Why a frame is no order; `id` is the order's where it has one. */
export interface RefusedOrder {
  readonly id: string | null;
  readonly error: OrderError;
}

/** Reads an order as a client sent it. Nothing of what it says is taken for true before it is checked. */
export function parseOrder(frame: Readonly<Record<string, unknown>>): Result<ReceivedOrder, RefusedOrder> {
  const { id, type, if_revision: ifRevision, dry_run: dryRun } = frame;
  if (typeof id !== "string" || id.length === 0 || id.length > ORDER_ID_CHARS_MAX) {
    const message = `id must be a string of 1 to ${ORDER_ID_CHARS_MAX} characters`;
    return fail({ id: null, error: { code: "BAD_ORDER", message, field: "id" } });
  }
  const fault = findEnvelopeFault(frame);
  if (fault !== undefined) return fail({ id, error: fault });
  const order = parseOrderBody(type as string, frame["data"]);
  if (!order.ok) return fail({ id, error: order.error });
  if (dryRun === true && !CATALOGUE[order.value.type].changesState) {
    const message = `dry_run is for orders that change the configuration; ${order.value.type} does not`;
    return fail({ id, error: { code: "INVALID_FIELD", message, field: "dry_run" } });
  }
  const received = { id, order: order.value, dryRun: dryRun === true };
  return ok(ifRevision === undefined ? received : { ...received, ifRevision: ifRevision as number });
}

/** Reads what an order asks for, from its type and its `data` (absent: `{}`). State files have only these. */
export function parseOrderBody(type: string, data: unknown): Result<Order, OrderError> {
  const common = parseCommonOrder(type, data);
  if (common !== undefined) return ok(common);
  if (!isOrderType(type)) {
    const hint = didYouMean(type.toUpperCase(), ORDER_TYPES);
    return fail({
      code: "UNKNOWN_ORDER",
      message: `unknown order "${shortened(type)}"${hint}`,
      field: "type",
    });
  }
  const parsed = CATALOGUE[type].schema.safeParse(data === undefined ? {} : data);
  if (!parsed.success) return fail(refusalOf(type, parsed.error.issues));
  const order = { type, data: parsed.data } as Order;
  if (order.type !== "TRANSACTION") return ok(order);
  const orders = readTransaction(order.data.orders, parseOrderBody);
  return orders.ok ? ok({ type: order.type, data: { orders: orders.value } }) : orders;
}

function findEnvelopeFault(frame: Readonly<Record<string, unknown>>): OrderError | undefined {
  const { version, type, if_revision: ifRevision, dry_run: dryRun } = frame;
  if (version !== undefined && version !== 1) {
    return {
      code: "UNSUPPORTED_VERSION",
      message: "version must be 1, the only one served",
      field: "version",
    };
  }
  for (const name in frame) {
    if (!ENVELOPE_FIELDS.includes(name)) return unknownField("", name, ENVELOPE_FIELDS);
  }
  if (typeof type !== "string") {
    return { code: "BAD_ORDER", message: "type must be the name of an order", field: "type" };
  }
  if (ifRevision !== undefined && !(Number.isSafeInteger(ifRevision) && (ifRevision as number) >= 0)) {
    return {
      code: "INVALID_FIELD",
      message: "if_revision must be a revision's number",
      field: "if_revision",
    };
  }
  if (dryRun !== undefined && typeof dryRun !== "boolean") {
    return { code: "INVALID_FIELD", message: "dry_run must be true or false", field: "dry_run" };
  }
  return undefined;
}
