/**
 * Who executes orders, as a session of the command socket knows it. Types only.
 */
import type { DialectOrder } from "../../model/dialect/parse-dialect.ts";
import type { ReceivedOrder } from "../../model/orders.ts";
import type { Reply } from "./reply.ts";
import type { Sender } from "./sender.ts";

export interface OrderExecutor {
  /**
   * Answers by `reply`, now or later. A promise: it takes effect when that is fulfilled, and orders behind it
   * wait.
   */
  execute(received: ReceivedOrder, reply: Reply): Promise<void> | undefined;
  /** The same for an order in Sōzu's words. What is answered is in theirs. */
  executeDialect(order: DialectOrder, reply: Reply): Promise<void> | undefined;
  /** Whether the sender may say anything. */
  admits(sender: Sender): boolean;
  readonly revision: number;
  /** A final answer was given; also to what was no order. */
  answered(result: "ok" | "error"): void;
}
