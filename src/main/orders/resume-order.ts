/**
 * An order that the program that we were has taken, and that we answer.
 */
import { assertNever } from "../../base/assert.ts";
import type { CarriedOrder } from "../../model/carried.ts";
import type { Control } from "../control.ts";
import type { Reply } from "../socket/reply.ts";
import { eventReply, plainReply } from "./dialect-reply.ts";
import { resumeDrainWait } from "./drain-wait.ts";
import { subscribeEvents } from "./subscribe-events.ts";
import { resumeUpgrade } from "./upgrade-orders.ts";
import { waitRevision } from "./wait-revision.ts";

/** Goes on with it. */
export function resumeOrder(control: Control, order: CarriedOrder, reply: Reply): void {
  switch (order.kind) {
    case "drain":
      return resumeDrainWait(control, order, reply);
    case "wait-revision": {
      const timeoutMs = Math.max(0, order.until_ms - Date.now());
      return waitRevision(control, { revision: order.revision, timeout_ms: timeoutMs }, reply);
    }
    case "subscription":
      return subscribeEvents(control, { since: order.place }, reply);
    case "upgrade":
      return void resumeUpgrade(control, order, reply);
    case "dialect":
      return resumeOrder(control, order.order, plainReply(reply, order.remark));
    case "dialect-events":
      return resumeOrder(control, order.order, eventReply(reply));
    default:
      return assertNever(order);
  }
}
