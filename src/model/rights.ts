/**
 * Who may give which orders. The configuration file says it by user id; a client's user id is the kernel's
 * word (unix(7), SO_PEERCRED), not the client's own.
 */

/** Each includes the one before: looking, changing objects, and the processes, files and keys. */
export const RIGHT_LEVELS = ["read", "write", "admin"] as const;

export type RightLevel = (typeof RIGHT_LEVELS)[number];

/** What the clients of one user may do. */
export interface Right {
  readonly uid: number;
  readonly may: RightLevel;
  /** Patterns of cluster ids; only these clusters may be changed, with what belongs to them. */
  readonly clusters?: readonly string[];
}
