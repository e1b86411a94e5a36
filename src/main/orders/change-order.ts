/**
 * An order that changes objects of the configuration: judged, tried out or accepted, and published. A removal
 * of what drains already attaches to its drain.
 */
import type { ChangeOrder } from "../../model/orders.ts";
import type { Control } from "../control.ts";
import type { Reply } from "../socket/reply.ts";
import { attach, publish, type Publication } from "./publish.ts";
import { answerTrial } from "./dry-run.ts";
import { drainOptionsOf, findDrain } from "./removals.ts";

/** What an order brings to its answer, besides what its changes say. */
export interface Addendum {
  readonly data: Readonly<Record<string, unknown>>;
  /** What its owner should know; it is in `data` and `remark`, too. */
  readonly warnings: readonly string[];
  /** The end of the message. */
  readonly remark: string;
}

const NOTHING_TO_ADD: Addendum = { data: {}, warnings: [], remark: "" };

/** Executes one order that changes the configuration. */
export function executeChange(
  control: Control,
  order: ChangeOrder,
  dryRun: boolean,
  reply: Reply,
  { data, remark }: Addendum = NOTHING_TO_ADD,
): void {
  const { configuration } = control;
  if (dryRun) {
    const tried = configuration.tryOut(order);
    if (!tried.ok) return reply.refuse(tried.error, configuration.revision);
    return answerTrial(control, tried.value, `${tried.value.message}${remark}`, reply);
  }
  const accepted = configuration.change(order, reply.author);
  const publication = {
    order: order.type,
    drainOf: () => drainOptionsOf(order),
    reply,
    data,
    orders: [order],
  };
  const isSentAgain = accepted.ok && accepted.value.changes.length === 0 && order.type !== "DRAIN";
  if (isSentAgain && attachToDrain(control, order, publication)) return;
  if (accepted.ok) {
    const message = `${accepted.value.message}${remark}`;
    return publish(control, { ...accepted.value, message }, publication);
  }
  if (attachToDrain(control, order, publication)) return;
  reply.refuse(accepted.error, configuration.revision);
}

/** The same removal sent again, while what it removed is still in use. */
function attachToDrain(control: Control, order: ChangeOrder, publication: Publication): boolean {
  const drain = findDrain(control, order);
  if (drain === undefined) return false;
  const { configuration } = control;
  const accepted = { revision: configuration.revision, changes: [], message: "it is removed already" };
  configuration.after({
    kept: () => attach(control, [{ drain, options: drainOptionsOf(order) }], accepted, publication),
    takenBack: (error) => publication.reply.refuse(error, configuration.revision),
  });
  return true;
}
