/**
 * Debts that the tidy rules know of. May only shrink: an entry that excuses nothing is itself a complaint.
 */

/** One excuse: all complaints of `rule` in `path`. */
export interface Allowed {
  readonly rule: string;
  readonly path: string;
  readonly reason: string;
}

export const ALLOWED: readonly Allowed[] = [];
