/**
 * `TRANSACTION`: several orders as one change. They are judged one after another, each by what those before
 * it made; then all of them are accepted, or none.
 */
import { errorWithin } from "../../model/catalogue/read-transaction.ts";
import { DRAIN_DEFAULTS } from "../../model/defaults.ts";
import type { OrderError } from "../../model/errors.ts";
import { countChanges } from "../../model/net-changes.ts";
import type { ChangeOrder, DrainOptions } from "../../model/orders.ts";
import { fail, ok, type Result } from "../../base/result.ts";
import type { Control } from "../control.ts";
import type { Reply } from "../socket/reply.ts";
import { readOrder } from "./certificate-order.ts";
import { answerTrial } from "./dry-run.ts";
import type { LastingDrain } from "./drain-deadlines.ts";
import { publish } from "./publish.ts";
import { drainOptionsOf, findDrain, removedBy } from "./removals.ts";
import { changesMessage } from "./state-orders.ts";

/** Executes all of them, or none. An error says which order it is about. */
export function executeTransaction(
  control: Control,
  sent: readonly ChangeOrder[],
  dryRun: boolean,
  reply: Reply,
): void {
  const { configuration } = control;
  const read = readAll(sent);
  if (!read.ok) return reply.refuse(read.error, configuration.revision);
  const { orders, warnings } = read.value;
  const lasting: LastingDrain[] = [];
  const isDone = (order: ChangeOrder): boolean => {
    const drain = findDrain(control, order);
    if (drain !== undefined) lasting.push({ drain, options: drainOptionsOf(order) });
    return drain !== undefined;
  };
  if (dryRun) {
    const tried = configuration.tryOutAll(orders, isDone);
    if (!tried.ok)
      return reply.refuse(errorWithin(tried.error.index, tried.error.error), configuration.revision);
    return answerTrial(control, tried.value, changesMessage(countChanges(tried.value.changes)), reply);
  }
  const accepted = configuration.changeAll(
    orders,
    { order: "TRANSACTION", author: reply.author },
    { isDone },
  );
  if (!accepted.ok)
    return reply.refuse(errorWithin(accepted.error.index, accepted.error.error), configuration.revision);
  const counts = countChanges(accepted.value.changes);
  const remark = warnings.map((warning) => `; warning: ${warning}`).join("");
  const change = { ...accepted.value, message: `${changesMessage(counts)}${remark}` };
  const data = { ...counts, ...(warnings.length > 0 && { warnings }) };
  publish(control, change, { order: "TRANSACTION", drainOf: drainsOf(orders), reply, data, orders }, lasting);
}

/** The certificates of all orders, and what else only OpenSSL can judge, before anything is changed. */
function readAll(
  sent: readonly ChangeOrder[],
): Result<{ readonly orders: readonly ChangeOrder[]; readonly warnings: readonly string[] }, OrderError> {
  const nowMs = Date.now();
  const orders: ChangeOrder[] = [];
  const warnings: string[] = [];
  for (const [index, one] of sent.entries()) {
    const read = readOrder(one, nowMs);
    if (!read.ok) return fail(errorWithin(index, read.error));
    const { order, addendum } = read.value;
    orders.push(order);
    for (const warning of addendum?.warnings ?? []) warnings.push(`orders[${index}]: ${warning}`);
  }
  return ok({ orders, warnings });
}

/** How each removal is reported: as the last order says that removes the object. */
function drainsOf(orders: readonly ChangeOrder[]): (object: { kind: string; key: string }) => DrainOptions {
  const options = new Map<string, DrainOptions>();
  for (const order of orders) {
    const object = removedBy(order);
    if (object !== undefined) options.set(`${object.kind} ${object.key}`, drainOptionsOf(order));
  }
  return ({ kind, key }) => options.get(`${kind} ${key}`) ?? DRAIN_DEFAULTS;
}
