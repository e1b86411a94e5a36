/**
 * The history of a configuration: each accepted change with who made it and what takes it back. Types only;
 * where it is kept, and how it is found again, is main's.
 */
import type { Author } from "./author.ts";
import type { Change } from "./channel.ts";
import type { ChangeOrder } from "./orders.ts";
import type { UndoStep } from "./undo-steps.ts";

/** Who changed the configuration when, and by which order. */
export interface ChangeOrigin extends Author {
  /** The order's name, as in `TRANSACTION`. */
  readonly order: string;
  /** Since 1970. */
  readonly time_ms: number;
}

/** An accepted change, with all that is kept of it. */
export interface AcceptedChange extends ChangeOrigin {
  readonly revision: number;
  /** The configuration's hash after it. */
  readonly hash: string;
  readonly orders: readonly ChangeOrder[];
  readonly changes: readonly Change[];
}

/** One revision as history keeps it. */
export interface RevisionRecord extends ChangeOrigin {
  readonly revision: number;
  readonly hash: string;
  /** The first `HISTORY_ORDERS_MAX` of them. */
  readonly orders: readonly ChangeOrder[];
  readonly orders_total: number;
  /** The last change first. */
  readonly undo: readonly UndoStep[];
}
