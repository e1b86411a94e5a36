/**
 * An order that nobody sent over the command socket: a signal's. What a client would be answered is logged.
 */
import type { Log } from "../../io/log.ts";
import { parseOrderBody } from "../../model/catalogue/parse-order.ts";
import type { Control } from "../control.ts";
import type { OrderExecutor } from "../socket/command-session.ts";
import type { Reply } from "../socket/reply.ts";

/** Executes the order of this name, without `data`, in its turn among those of clients. */
export function executeOwn({ log, inTurn }: Control, executor: OrderExecutor, type: string): void {
  const parsed = parseOrderBody(type, undefined);
  if (!parsed.ok) return log.error(`${type}: ${parsed.error.message}`);
  inTurn(() => void executor.execute({ id: "", order: parsed.value, dryRun: false }, replyInLog(log, type)));
}

function replyInLog(log: Log, type: string): Reply {
  return {
    processing: (message) => log.info(`${type}: ${message}`),
    hasRoom: true,
    onRoom: () => undefined,
    ok: (message) => log.info(`${type}: ${message}`),
    refuse: ({ code, message }) => log.error(`${type}: ${message}`, { code }),
    onGone: () => undefined,
  };
}
