/**
 * Who may have how many connections to the command socket at a time. Pure: who is there is given.
 *
 * Rules of this file:
 *  1. No user takes the places of all: each has a share, and those who may only look are no exception.
 *  2. Root and the user that main runs as can end main anyway, and have to get in to mend what others do:
 *     each counts for itself alone, and takes nobody's place.
 */
import type { OrderError } from "../../model/errors.ts";
import type { MainLimits } from "../limits.ts";
import type { Sender } from "./sender.ts";

type User = Pick<Sender, "uid">;

const ROOT = 0;

/** Why one more connection of `user` is not taken beside these; `undefined`: it is. */
export function findExcess(
  present: Iterable<User>,
  { uid }: User,
  { connectionsMax, connectionsPerUserMax }: Pick<MainLimits, "connectionsMax" | "connectionsPerUserMax">,
  ownUid: number | null,
): OrderError | undefined {
  const isOwn = (user: number | null): boolean => user !== null && (user === ROOT || user === ownUid);
  let mine = 0;
  let others = 0;
  for (const user of present) {
    if (user.uid === uid) mine++;
    if (!isOwn(user.uid)) others++;
  }
  const who = uid === null ? "users that are not known have" : `user ${uid} has`;
  if (isOwn(uid)) return mine < connectionsMax ? undefined : excess(`${who} ${mine}`, "connections_max");
  if (mine >= connectionsPerUserMax) return excess(`${who} ${mine}`, "connections_per_user_max");
  return others < connectionsMax ? undefined : excess(`other users have ${others}`, "connections_max");
}

function excess(count: string, limit: string): OrderError {
  const remedy = `close some, or raise limits.${limit} in the configuration file and restart`;
  return { code: "LIMIT_EXCEEDED", message: `${count} connections, and no more are taken: ${remedy}` };
}
