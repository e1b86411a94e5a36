/**
 * `REVERT`: back to what the configuration was, by what differs, as one change like any other.
 */
import { diff } from "../../model/diff.ts";
import type { OrderData } from "../../model/orders.ts";
import type { Undone } from "../../model/undone.ts";
import type { Control } from "../control.ts";
import type { Reply } from "../socket/reply.ts";
import { extendToNow, walkBack, walkOn, type WayBack } from "./past.ts";
import { changeByOrders, type LoadOptions } from "./state-orders.ts";

/** Walks back, then changes what differs. Fulfilled when it has taken effect, or was refused. */
export async function revert(
  control: Control,
  data: OrderData["REVERT"],
  options: LoadOptions,
  reply: Reply,
): Promise<void> {
  let walked = await walkBack(control, data.revision);
  for (;;) {
    if (!walked.ok) return reply.refuse(walked.error, control.configuration.revision);
    const way = walked.value;
    const isDone = await new Promise<boolean>((resolve) => {
      control.inTurn(() => {
        const undone = extendToNow(control, way);
        if (undone !== undefined) revertBy(control, { undone, way, data }, options, reply);
        resolve(undone !== undefined);
      });
    });
    if (isDone) return;
    walked = await walkOn(control, way);
  }
}

interface Reversion {
  readonly undone: Undone;
  readonly way: WayBack;
  readonly data: OrderData["REVERT"];
}

function revertBy(
  control: Control,
  { undone, way, data }: Reversion,
  options: LoadOptions,
  reply: Reply,
): void {
  const { current, wanted } = undone.comparedWith(control.configuration.state);
  const remark = `; back at what revision ${data.revision} was`;
  const more = { order: "REVERT", drain: data.drain, remark, hash: way.hash };
  changeByOrders(control, diff(current, wanted), { ...options, ...more }, reply);
}
