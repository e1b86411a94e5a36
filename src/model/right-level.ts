/**
 * How much a user may do, from less to more.
 */

/** Each includes the one before: looking; changing objects; and the processes, files and keys. */
export const RIGHT_LEVELS = ["read", "write", "admin"] as const;

export type RightLevel = (typeof RIGHT_LEVELS)[number];
