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
import { resumeSwap } from "./swap-backends.ts";
import { resumeUpgrade } from "./upgrade-orders.ts";
import { waitRevision } from "./wait-revision.ts";

/** Goes on with it. Gives what the client's next orders wait for, if they do. */
export function resumeOrder(control: Control, order: CarriedOrder, reply: Reply): Promise<void> | undefined {
  switch (order.kind) {
    case "drain":
      resumeDrainWait(control, order, reply);
      return undefined;
    case "wait-revision": {
      const timeoutMs = Math.max(0, order.until_ms - Date.now());
      waitRevision(control, { revision: order.revision, timeout_ms: timeoutMs }, reply);
      return undefined;
    }
    case "subscription":
      subscribeEvents(control, { since: order.place }, reply);
      return undefined;
    case "swap-backends":
      return resumeSwap(control, order, reply);
    case "upgrade":
      void resumeUpgrade(control, order, reply);
      return undefined;
    case "dialect":
      return resumeOrder(control, order.order, plainReply(reply, order.remark));
    case "dialect-events":
      return resumeOrder(control, order.order, eventReply(reply));
    default:
      return assertNever(order);
  }
}
