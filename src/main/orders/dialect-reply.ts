/**
 * What answers to orders of Sōzu leave out of ours. What they mean is in `dialect-order.ts`; how an answer is
 * framed is the session's. Both go along when main becomes another program.
 */
import type { EventData } from "../../model/events.ts";
import type { Reply } from "../socket/reply.ts";

/** Answers without data: they have no place for ours. `remark` is the message of the OK. */
export function plainReply(reply: Reply, remark = ""): Reply {
  return {
    author: reply.author,
    via: reply.via,
    get hasRoom() {
      return reply.hasRoom;
    },
    onRoom: (more) => reply.onRoom(more),
    carry: (describe) => reply.carry(describe && (() => ({ kind: "dialect", remark, order: describe() }))),
    lasts: (order) => reply.lasts(order),
    onGone: (gone) => reply.onGone(gone),
    processing: (message, _, revision) => reply.processing(message, null, revision),
    ok: (_message, _data, revision) => reply.ok(remark, null, revision),
    refuse: (error, revision) => reply.refuse(error, revision),
  };
}

/** Of all events, those that Sōzu tells. The message is the worker's number. */
export function eventReply(reply: Reply): Reply {
  return {
    ...plainReply(reply),
    get hasRoom() {
      return reply.hasRoom;
    },
    carry: (describe) => reply.carry(describe && (() => ({ kind: "dialect-events", order: describe() }))),
    processing: (_, data, revision) => {
      const event = data as EventData;
      if (event.event !== "BACKEND_UP" && event.event !== "BACKEND_DOWN") return;
      const told = { type: event.event, data: [event.backend_id, event.address] };
      reply.processing(String(event.worker), { type: "EVENT", data: told }, revision);
    },
  };
}
