/**
 * `SUBSCRIBE_EVENTS`: all that happens, as `PROCESSING` answers, until the client closes its connection.
 */
import { counted } from "../../base/text.ts";
import { assertNever } from "../../base/assert.ts";
import type { EventData } from "../../model/events.ts";
import type { OrderData } from "../../model/orders.ts";
import type { Control } from "../control.ts";
import { Subscription } from "../events/subscription.ts";
import type { Reply } from "../socket/reply.ts";

export function subscribeEvents(control: Control, data: OrderData["SUBSCRIBE_EVENTS"], reply: Reply): void {
  const { events, configuration, limits } = control;
  if (events.watcherCount >= limits.subscriptionsMax) {
    const message = `${limits.subscriptionsMax} clients are told events, and no more can be`;
    return reply.refuse({ code: "LIMIT_EXCEEDED", message }, configuration.revision);
  }
  const target = {
    tell: (event: EventData) => reply.processing(messageOf(event), event, configuration.revision),
    get hasRoom() {
      return reply.hasRoom;
    },
    onRoom: (more: () => void) => reply.onRoom(more),
  };
  const subscription = new Subscription(events, target, data.since);
  reply.onGone(() => subscription.end());
  reply.carry(() => ({ kind: "subscription", place: subscription.place }));
}

function messageOf(data: EventData): string {
  switch (data.event) {
    case "SUBSCRIBED":
      return "what happens from now on is told";
    case "GAP":
      return data.missed === null
        ? "the proxy was started anew since then; what happened in its present run follows"
        : `${data.missed} events are not there any more`;
    case "CHANGED":
      return `revision ${data.revision} by ${data.order}: ${counted(data.total, "object")}`;
    case "BACKEND_UP":
    case "BACKEND_DOWN":
      return `backend ${data.backend_id} of cluster ${data.cluster_id} is ${data.event === "BACKEND_UP" ? "up" : "down"}: ${data.reason}`;
    case "DRAINED":
      return `${data.kind} ${data.key} is used no more`;
    case "WORKER_STARTED":
      return `worker ${data.worker} runs`;
    case "WORKER_ADOPTED":
      return `worker ${data.worker} is taken over from the main before`;
    case "WORKER_UPGRADED":
      return `worker ${data.worker} (${data.version}) has taken over from worker ${data.from}`;
    case "WORKER_UPGRADE_FAILED":
      return `worker ${data.worker} is not replaced: ${data.reason}`;
    case "WORKER_STOPPED":
      return `worker ${data.worker} left`;
    case "WORKER_DIED":
      return `worker ${data.worker} ${data.deaths > 1 ? "keeps dying" : "died"}: ${data.reason}`;
    case "CERTIFICATE_EXPIRING":
    case "CERTIFICATE_EXPIRED":
      return `the certificate of ${data.names[0] ?? data.fingerprint} ${data.event === "CERTIFICATE_EXPIRED" ? "has expired" : "expires soon"}`;
    case "CERTIFICATES_EXPIRING":
      return `${data.count} more certificates expire soon, or have expired`;
    default:
      return assertNever(data);
  }
}
