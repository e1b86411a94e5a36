/**
 * Clients' connections: which ones fit a filter, and that they end. A part at a time, so that nobody waits
 * for a worker that looks through 50,000.
 *
 * A connection is known by its number here. What is not kept is not known: the host of a request whose
 * response has begun, the client of a tunnel that another worker had before.
 */
import { clientTest } from "../model/client-address.ts";
import { splitKey } from "../model/keys.ts";
import type {
  ClosedPart,
  ConnectionFilter,
  ConnectionsPart,
  ConnectionState,
  WorkerConnection,
} from "../model/connections.ts";
import type { Client } from "./client.ts";
import type { Core } from "./core.ts";
import { Http1Session } from "./http1-session.ts";
import { TunnelSide } from "./tunnel-side.ts";
import type { UsedObject } from "./use.ts";

/** Numbers that are looked at for one question: a few milliseconds. */
const SCAN_MAX = 4_096;
/** More in one part would take too long to write down. */
const ITEMS_MAX = 500;

interface Found {
  readonly owner: Http1Session | TunnelSide;
  readonly item: WorkerConnection;
}

/** Those with numbers from `from` on that fit. */
export function listConnections(
  core: Core,
  filter: ConnectionFilter,
  from: number,
  limit: number,
): ConnectionsPart {
  const items: WorkerConnection[] = [];
  const most = Math.min(limit, ITEMS_MAX);
  const next = scan(core, filter, from, ({ item }) => items.push(item) < most);
  return { items, next };
}

/**
 * Ends those that fit: cut at once, or else each session after its next response, and each tunnel at once,
 * because nothing can be said in it.
 */
export function closeConnections(
  core: Core,
  filter: ConnectionFilter,
  from: number,
  reset: boolean,
): ClosedPart {
  let closed = 0;
  const next = scan(core, filter, from, ({ owner }) => {
    closed++;
    if (reset || owner instanceof TunnelSide) owner.cut();
    else owner.client.askToLeave();
    return true;
  });
  return { closed, next };
}

/** `take`: false for no more. Gives where to go on; `null` after the last. */
function scan(
  core: Core,
  filter: ConnectionFilter,
  from: number,
  take: (found: Found) => boolean,
): number | null {
  const { owners } = core;
  const fits = fitsOf(filter);
  const end = Math.min(owners.length, from + SCAN_MAX);
  let at = from;
  for (let isEnough = false; at < end && !isEnough; at++) {
    const found = findClient(core, at);
    isEnough = found !== undefined && fits(found.item) && !take(found);
  }
  return at < owners.length ? at : null;
}

/** A client's connection under this number; a tunnel is known by its client's side. */
function findClient(core: Core, connection: number): Found | undefined {
  const owner = core.owners[connection];
  if (owner instanceof Http1Session) {
    const { exchange, client } = owner;
    const state = exchange === undefined ? "idle" : "exchange";
    const item = itemOf(core, connection, state, client, exchange?.usedObjects ?? [], exchange?.host);
    return { owner, item };
  }
  if (!(owner instanceof TunnelSide) || owner !== owner.tunnel.front) return undefined;
  const { client, usedObjects } = owner.tunnel;
  return { owner, item: itemOf(core, connection, "tunnel", client, usedObjects, undefined) };
}

function itemOf(
  core: Core,
  connection: number,
  state: ConnectionState,
  client: Client | undefined,
  used: readonly UsedObject[],
  requestHost: string | undefined,
): WorkerConnection {
  const keyOf = (wanted: string): string | undefined => used.find(({ kind }) => kind === wanted)?.key;
  const backend = keyOf("backend");
  const cluster = keyOf("cluster");
  const listener = client?.listener.configuration.address ?? keyOf("listener");
  const host = requestHost ?? client?.secured?.serverName?.toLowerCase();
  return {
    connection,
    state,
    ...(client !== undefined && {
      protocol: client.secured === undefined ? "http" : "https",
      client: client.address,
    }),
    ...(listener !== undefined && { listener }),
    ...(host !== undefined && { host }),
    ...(cluster !== undefined && { cluster_id: cluster }),
    ...(backend !== undefined && { backend_id: splitKey(backend)[1] }),
    age_ms: Math.max(0, Math.round(core.now - core.traffic.begunAt(connection))),
  };
}

function fitsOf(filter: ConnectionFilter): (item: WorkerConnection) => boolean {
  const { client, host, older_than_ms: leastMs = 0, ...same } = filter;
  const isClient = client === undefined ? () => true : clientTest(client);
  const wanted = Object.entries(same) as [keyof WorkerConnection, string][];
  return (item) => {
    if (item.age_ms < leastMs || !isClient(item.client ?? "")) return false;
    // One dot at the end of a request's host does not count (RFC 1034 section 3.1).
    if (host !== undefined && item.host?.replace(/\.$/, "") !== host) return false;
    return wanted.every(([field, value]) => item[field] === value);
  };
}
