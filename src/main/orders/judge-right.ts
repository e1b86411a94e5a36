/**
 * Whether who sent an order may give it: by the rights of the configuration file, and by its socket.
 * Rights are looked up for each order, so that a reload holds at once.
 */
import type { OrderError } from "../../model/errors.ts";
import type { Order } from "../../model/orders.ts";
import { findForbidden, findRight, type Right } from "../../model/rights.ts";
import type { Control } from "../control.ts";
import { ownAuthor } from "../author.ts";
import type { Reply } from "../socket/reply.ts";
import type { Sender } from "../socket/sender.ts";

const NOT_KNOWN: OrderError = { code: "FORBIDDEN", message: "this user has no right here" };

/** What the sender may do now; `undefined`: nothing, not even connect. */
export function rightOf(
  { file }: Pick<Control, "file">,
  { uid, via }: Pick<Sender, "uid" | "via">,
): Pick<Right, "may" | "clusters"> | undefined {
  if (via === "signal") return { may: "admin" };
  const right = findRight(file.rights, uid, ownAuthor().uid);
  return right !== undefined && via === "read" ? { may: "read" } : right;
}

/** Why the sender may not give this order; `undefined`: it may. */
export function judgeRight(
  control: Control,
  { author, via }: Pick<Reply, "author" | "via">,
  order: Order,
): OrderError | undefined {
  const right = rightOf(control, { uid: author.uid, via });
  if (right === undefined) return NOT_KNOWN;
  const forbidden = findForbidden(right, order, control.configuration.state);
  if (forbidden === undefined || via !== "read") return forbidden;
  return { ...forbidden, message: `${forbidden.message}: this socket is for looking only` };
}
