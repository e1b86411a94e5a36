/**
 * An order that nobody sent over the command socket: a signal's. What a client would be answered is logged.
 */
import { parseOrderBody } from "../../model/catalogue/parse-order.ts";
import { ownAuthor } from "../author.ts";
import type { Control } from "../control.ts";
import type { OrderExecutor } from "../socket/order-executor.ts";
import type { Reply } from "../socket/reply.ts";

/** Executes the order of this name, without `data`, in its turn among those of clients. */
export function executeOwn(control: Control, executor: OrderExecutor, type: string): void {
  const { log, inTurn } = control;
  const parsed = parseOrderBody(type, undefined);
  if (!parsed.ok) return log.error(`${type}: ${parsed.error.message}`);
  inTurn(
    () => void executor.execute({ id: "", order: parsed.value, dryRun: false }, replyInLog(control, type)),
  );
}

/** Answers in the log. Such an order can be carried over, too; until it is over, main knows of it. */
export function replyInLog({ log, ownOrders }: Control, type: string): Reply {
  const over = (): void => void ownOrders.delete(reply);
  const reply: Reply = {
    author: ownAuthor(),
    via: "signal",
    processing: (message) => log.info(`${type}: ${message}`),
    hasRoom: true,
    onRoom: () => undefined,
    ok: (message) => {
      over();
      log.info(`${type}: ${message}`);
    },
    refuse: ({ code, message }) => {
      over();
      log.error(`${type}: ${message}`, { code });
    },
    carry: (describe) => void ownOrders.set(reply, { type, describe }),
    // Only upgrades are orders of our own that last, and of those there is one at a time.
    lasts: () => undefined,
    onGone: () => undefined,
  };
  ownOrders.set(reply, { type });
  return reply;
}
