/**
 * What becomes of a request by the configuration as it is at this moment: the cluster that serves it, or why
 * none does. All of it is read at once, so nothing is decided by a part of a change.
 */
import type { Head } from "../http/head.ts";
import type { BackConnection } from "./back-connection.ts";
import type { Configuration } from "./configuration.ts";
import type { Front } from "./front.ts";
import { httpsLocation, httpsRedirectStatus, redirectLocation } from "./redirect.ts";
import { ClusterRuntime } from "./runtime/cluster.ts";
import { UNSERVED } from "./unserved.ts";

/** No cluster serves it. */
export interface Unserved {
  readonly status: number;
  /** Where it is counted. Absent: of a redirect. */
  readonly slot?: number;
  /** Of a redirect. */
  readonly location?: string;
}

export type Decision = ClusterRuntime<BackConnection> | Unserved;

const MISDIRECTED: Unserved = { status: 421, slot: UNSERVED.misdirected };
const NO_FRONTEND: Unserved = { status: 404, slot: UNSERVED.noFrontend };
const DENIED: Unserved = { status: 403, slot: UNSERVED.denied };
const NO_CLUSTER: Unserved = { status: 503, slot: UNSERVED.noCluster };

/** Decides for the request with this head, which came by `front`. */
export function decide(configuration: Configuration, front: Front, head: Head): Decision {
  const { secured } = front.client;
  const rules = configuration.rulingOn(front.listener);
  if (secured?.isMisdirected(head, rules.tls?.certificates) === true) return MISDIRECTED;
  // On another connection it may show a certificate that is good now.
  if (rules.tls?.trust?.admits(secured) === false) return MISDIRECTED;
  const route = configuration.findRoute(rules, head, secured?.serverName);
  if (route === undefined) return NO_FRONTEND;
  const { cluster_id: clusterId, redirect } = route.frontend;
  if (redirect !== undefined) return { status: redirect.status, location: redirectLocation(redirect, head) };
  if (clusterId === undefined) return DENIED;
  const cluster = configuration.findCluster(clusterId);
  if (cluster === undefined || cluster.configuration.draining === true) return NO_CLUSTER;
  if (!cluster.configuration.https_redirect || secured !== undefined) return cluster;
  const location = httpsLocation(head, front.listener.fallbackHost);
  return { status: httpsRedirectStatus(head), location };
}

export function isServed(decision: Decision): decision is ClusterRuntime<BackConnection> {
  return decision instanceof ClusterRuntime;
}
