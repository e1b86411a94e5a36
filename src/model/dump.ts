/**
 * A configuration as what makes it from nothing: as changes for those who follow, as orders for files and
 * answers. Kinds in an order in which each object finds what it names, regex frontends in their own order.
 */
import { assertNever } from "../base/assert.ts";
import { sortInSteps } from "../base/sort-in-steps.ts";
import type { Change } from "./channel.ts";
import type {
  Backend,
  Certificate,
  Cluster,
  ConfigObject,
  Frontend,
  Listener,
  ObjectKind,
} from "./objects.ts";
import type { ChangeOrder } from "./orders.ts";
import { regexGroupOf } from "./regex-order.ts";
import type { StateView } from "./undone.ts";

/** The addition of one object to a configuration. */
export type Addition = Change & { readonly after: ConfigObject["value"] };

/**
 * What makes `state` from nothing, as it is now, each kind in the order in which it came: in no time, also
 * with hundreds of thousands of objects, so that the state may change while this is written or sent.
 */
export function additionsOf(state: StateView): readonly Addition[] {
  const { listeners, clusters, backends, frontends, certificates } = state;
  const all: Addition[] = [];
  for (const [key, after] of listeners) all.push({ kind: "listener", key, after });
  for (const [key, after] of clusters) all.push({ kind: "cluster", key, after });
  for (const [key, after] of backends) all.push({ kind: "backend", key, after });
  for (const [key, after] of frontends) {
    if (!("regex" in after.path)) all.push({ kind: "frontend", key, after });
  }
  for (const keys of state.regexGroups().values()) {
    for (const key of keys) all.push({ kind: "frontend", key, after: frontends.get(key)! });
  }
  for (const [key, after] of certificates) all.push({ kind: "certificate", key, after });
  return all;
}

/**
 * The orders that make a configuration from nothing, from all its additions, in steps. Equal configurations
 * give equal orders: sorted by key.
 */
export function* sortedOrders(additions: readonly Addition[]): Generator<void, readonly ChangeOrder[]> {
  const placed: Placed[] = [];
  for (const addition of additions) {
    placed.push({ addition, ...placeOf(addition) });
    yield;
  }
  const sorted = yield* sortInSteps(placed, comparePlaces);
  const orders: ChangeOrder[] = [];
  for (const { addition } of sorted) {
    orders.push(additionOrder(addition));
    yield;
  }
  return orders;
}

/** The order that adds an object, with all that was found out about it: who reads it need not find it out. */
export function additionOrder({ kind, after }: Addition): ChangeOrder {
  switch (kind) {
    case "listener":
      return { type: "ADD_LISTENER", data: after as Listener };
    case "cluster":
      return { type: "ADD_CLUSTER", data: after as Cluster };
    case "backend":
      return { type: "ADD_BACKEND", data: after as Backend };
    case "frontend":
      return { type: "ADD_FRONTEND", data: after as Frontend };
    case "certificate":
      return { type: "ADD_CERTIFICATE", data: { ...(after as Certificate), reject_expired: false } };
    default:
      return assertNever(kind);
  }
}

/** An addition with what it is sorted by. */
interface Placed {
  readonly addition: Addition;
  readonly rank: number;
  readonly name: string;
}

/** Regex frontends have their group's name: in it they stay in their order. */
function placeOf(addition: Addition): Pick<Placed, "rank" | "name"> {
  const { kind, key, after } = addition;
  const group = kind === "frontend" ? regexGroupOf(after as Frontend) : undefined;
  return group === undefined ? { rank: RANKS[kind], name: key } : { rank: RANKS.regex, name: group };
}

const RANKS: Readonly<Record<ObjectKind | "regex", number>> = {
  listener: 0,
  cluster: 1,
  backend: 2,
  frontend: 3,
  regex: 4,
  certificate: 5,
};

function comparePlaces(one: Placed, other: Placed): number {
  if (one.rank !== other.rank) return one.rank - other.rank;
  if (one.name === other.name) return 0;
  return one.name < other.name ? -1 : 1;
}
