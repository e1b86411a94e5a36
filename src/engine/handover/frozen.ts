/**
 * A connection, or the two of a tunnel, on its way to another worker. From the moment it is frozen nothing is
 * decided about it here any more, until the other has it or it is taken back.
 *
 * ```text
 *  detaching ──► frozen ──► with the taker ──► released      the other worker has it
 *      └───────────┴──────────────┴──────────► restored      it goes on here, as if nothing had been
 *  detaching ──► lost                                        its peer is gone
 * ```
 */
import type { HandoverRecord } from "../../model/handover.ts";

export interface Frozen {
  readonly kind: HandoverRecord["kind"];
  /** In the order in which their descriptors go. */
  readonly connections: readonly number[];
  /** What the other worker has to know. Only once all its connections are detached. */
  record(): HandoverRecord;
  /** The other worker has it: everything about it is forgotten here. */
  release(): void;
  /** It goes on here. */
  restore(): void;
}

/** Who is told what becomes of it. */
export interface FrozenKeeper {
  /** All its connections are detached: it can go. */
  ready(frozen: Frozen): void;
  /** It ended or goes on here, by itself. */
  lost(frozen: Frozen): void;
}
