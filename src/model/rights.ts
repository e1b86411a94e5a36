/**
 * Who may give which orders. The configuration file says it by user id; a client's user id is the kernel's
 * word (unix(7), SO_PEERCRED), not the client's own.
 *
 * Rules of this file:
 *  1. What is not known to be allowed is forbidden: an order that does not say which clusters it changes is
 *     none for a user who may change only some.
 *  2. What an order would do is judged by what it says and by what stands there now, never by its dry run.
 */
import { CATALOGUE } from "./catalogue/catalogue.ts";
import { errorWithin } from "./catalogue/read-transaction.ts";
import type { OrderError } from "./errors.ts";
import { frontendKey } from "./keys.ts";
import { isWorkerDrain, type Order } from "./orders.ts";
import { RIGHT_LEVELS, type RightLevel } from "./right-level.ts";
import type { State } from "./state.ts";

/** What the clients of one user may do. */
export interface Right {
  readonly uid: number;
  readonly may: RightLevel;
  /** Patterns of cluster ids; only these clusters may be changed, with what belongs to them. */
  readonly clusters?: readonly string[];
}

/** Without an entry for them: whoever could change main itself anyway. */
const EVERYTHING: Pick<Right, "may"> = { may: "admin" };

/**
 * What a user may do by the entries of a configuration file. Without entries, all; a user without one,
 * nothing, but for root and the user that main runs as: these could change main itself.
 */
export function findRight(
  rights: readonly Right[] | undefined,
  uid: number | null,
  ownUid: number | null,
): Pick<Right, "may" | "clusters"> | undefined {
  if (rights === undefined) return EVERYTHING;
  const entry = rights.find((right) => right.uid === uid);
  if (entry !== undefined) return entry;
  return uid !== null && (uid === 0 || uid === ownUid) ? EVERYTHING : undefined;
}

/** Why a user with this right may not give this order; `undefined`: it may. */
export function findForbidden(
  { may, clusters }: Pick<Right, "may" | "clusters">,
  order: Order,
  state: State,
): OrderError | undefined {
  const needed = neededFor(order);
  if (RIGHT_LEVELS.indexOf(may) < RIGHT_LEVELS.indexOf(needed)) {
    const message = `${order.type} needs the right "${needed}", and this user may "${may}"`;
    return { code: "FORBIDDEN", message };
  }
  if (clusters === undefined || needed === "read") return undefined;
  if (order.type !== "TRANSACTION") return findForeign(clusters, order, state);
  for (const [index, inner] of order.data.orders.entries()) {
    const foreign = findForeign(clusters, inner, state);
    if (foreign !== undefined) return errorWithin(index, foreign);
  }
  return undefined;
}

function neededFor(order: Order): RightLevel {
  if (order.type === "DUMP_STATE" && order.data.keys) return "admin";
  if (isWorkerDrain(order)) return "admin";
  return CATALOGUE[order.type].right;
}

/** Why an order goes beyond the clusters that these patterns match. */
function findForeign(patterns: readonly string[], order: Order, state: State): OrderError | undefined {
  const cluster = changedCluster(order, state);
  const own = `this user may change clusters ${patterns.join(", ")} only`;
  if (cluster === "none") return undefined;
  if (cluster === undefined)
    return { code: "FORBIDDEN", message: `${order.type} is not of one cluster: ${own}` };
  if (patterns.some((pattern) => matches(pattern, cluster.id))) return undefined;
  return {
    code: "FORBIDDEN",
    message: `cluster ${cluster.id} is another's: ${own}`,
    field: "data.cluster_id",
  };
}

/**
 * The one cluster that an order changes; `undefined` where it is more, or not known; `none`: nothing is
 * there.
 */
function changedCluster(order: Order, state: State): { readonly id: string } | "none" | undefined {
  if (order.type === "REMOVE_FRONTEND") {
    const frontend = state.frontends.get(frontendKey(order.data));
    if (frontend === undefined) return "none";
    return frontend.cluster_id === undefined ? undefined : { id: frontend.cluster_id };
  }
  if (!isClustered(order) || !("cluster_id" in order.data) || order.data.cluster_id === undefined)
    return undefined;
  return { id: order.data.cluster_id };
}

/** Whether all that it changes is of the cluster that it names. */
function isClustered({ type }: Order): boolean {
  return /_(CLUSTER|BACKEND|FRONTEND)$|^(UN)?DRAIN$|^SWAP_BACKENDS$|^CLOSE_CONNECTIONS$/.test(type);
}

/**
 * A `*` stands for any characters. Linear: a pattern of stars costs no more than its length times the id's.
 */
function matches(pattern: string, id: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  if (rest.length === 0) return id === first;
  const last = rest.pop()!;
  if (!id.startsWith(first) || !id.endsWith(last) || id.length < first.length + last.length) return false;
  let at = first.length;
  for (const part of rest) {
    const found = id.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return at <= id.length - last.length;
}
