/**
 * In which words a frame speaks: our protocol's, or Sōzu's, which is version 0. Here alone they part.
 */
import { fail, ok, type Result } from "../../base/result.ts";
import { parseOrder } from "../../model/catalogue/parse-order.ts";
import type { AnswerForm } from "../../model/dialect/answer-form.ts";
import { isDialectFrame, parseDialectOrder } from "../../model/dialect/parse-dialect.ts";
import type { OrderError } from "../../model/errors.ts";
import type { OrderExecutor } from "./order-executor.ts";
import type { Reply } from "./reply.ts";

/** An order that a session may execute. */
export interface ReadOrder {
  readonly id: string;
  /** How its answers are written; absent: as ours. */
  readonly form?: AnswerForm;
  readonly execute: (reply: Reply) => Promise<void> | undefined;
}

export interface UnreadableOrder {
  readonly id: string | null;
  readonly form?: AnswerForm;
  readonly error: OrderError;
}

/** What stands for the id of orders that have none. Answers to them have none either. */
const ID_NONE = "(no id)";

/** Reads a frame as an order. */
export function readOrderFrame(
  frame: Readonly<Record<string, unknown>>,
  executor: OrderExecutor,
): Result<ReadOrder, UnreadableOrder> {
  if (!isDialectFrame(frame)) {
    const parsed = parseOrder(frame);
    if (!parsed.ok) return parsed;
    const order = parsed.value;
    return ok({ id: order.id, execute: (reply) => executor.execute(order, reply) });
  }
  const parsed = parseDialectOrder(frame);
  if (!parsed.ok) return fail({ id: null, ...parsed.error });
  const order = parsed.value;
  const { id = ID_NONE, form } = order;
  return ok({ id, form, execute: (reply) => executor.executeDialect(order, reply) });
}
