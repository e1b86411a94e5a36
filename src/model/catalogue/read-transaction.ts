/**
 * The orders of a transaction: each read as if it had come alone, and its errors as those of the transaction.
 */
import { fail, ok, type Result } from "../../base/result.ts";
import type { OrderError } from "../errors.ts";
import { shortened } from "../field-path.ts";
import { TRANSACTION_ORDERS_MAX } from "../limits.ts";
import { type ChangeOrder, isChangeOrder, isWorkerDrain, type Order } from "../orders.ts";
import { unknownField } from "./refusal.ts";

const ORDER_FIELDS: readonly string[] = ["type", "data"];

/**
 * Reads the orders of a transaction, each by `readOrder`. The error is that of the first that is wrong, and
 * names it.
 */
export function readTransaction(
  entries: readonly unknown[],
  readOrder: (type: string, data: unknown) => Result<Order, OrderError>,
): Result<readonly ChangeOrder[], OrderError> {
  if (entries.length > TRANSACTION_ORDERS_MAX) {
    const message = `a transaction has at most ${TRANSACTION_ORDERS_MAX} orders, and this one ${entries.length}`;
    return fail({ code: "LIMIT_EXCEEDED", message, field: "data.orders" });
  }
  const read: ChangeOrder[] = [];
  for (const [index, entry] of entries.entries()) {
    const order = readEntry(entry as Readonly<Record<string, unknown>>, readOrder);
    if (!order.ok) return fail(errorWithin(index, order.error));
    read.push(order.value);
  }
  return ok(read);
}

/** An error of one order of a transaction, as the transaction's own: it says which order. */
export function errorWithin(index: number, { message, field, ...error }: OrderError): OrderError {
  const place = `orders[${index}]`;
  return {
    ...error,
    message: `${place}: ${message}`,
    field: field === undefined ? `data.${place}` : `data.${place}.${field}`,
  };
}

function readEntry(
  entry: Readonly<Record<string, unknown>>,
  readOrder: (type: string, data: unknown) => Result<Order, OrderError>,
): Result<ChangeOrder, OrderError> {
  for (const name in entry) {
    if (!ORDER_FIELDS.includes(name)) return fail(unknownField("", name, ORDER_FIELDS));
  }
  const { type, data } = entry;
  if (typeof type !== "string")
    return fail({ code: "BAD_ORDER", message: "type must be the name of an order", field: "type" });
  // A transaction in a transaction would be read as deep as its sender likes.
  if (type === "TRANSACTION") return fail(misplaced(type));
  const order = readOrder(type, data);
  if (!order.ok) return order;
  if (isWorkerDrain(order.value)) return fail(misplaced(`${type} of a worker`));
  return isChangeOrder(order.value) ? ok(order.value) : fail(misplaced(type));
}

function misplaced(type: string): OrderError {
  const message = `${shortened(type)} cannot be part of a transaction: it takes orders that add, update, replace, remove, drain or undrain`;
  return { code: "INVALID_FIELD", message, field: "type" };
}
