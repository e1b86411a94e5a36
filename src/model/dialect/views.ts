/**
 * What a configuration looks like to Sōzu's questions, in the words of the orders that would make it. No
 * private key is in it.
 */
import type { Frontend, Protocol } from "../objects.ts";
import type { State } from "../state.ts";
import type { ApplicationQuestion, FrontendFilter } from "./action.ts";
import { applicationData, backendData, frontData } from "./write-record.ts";

/** The applications that a question is about, each with its frontends and backends. */
export function applicationsOf(state: State, question: ApplicationQuestion): readonly object[] {
  if (question.by === "id") return applicationOf(state, question.clusterId);
  const { hostname, pathBegin } = question;
  const found = new Set<string>();
  for (const frontend of state.frontends.values()) {
    if (frontend.hostname !== hostname || frontend.cluster_id === undefined) continue;
    const prefix = "prefix" in frontend.path ? frontend.path.prefix : undefined;
    if (pathBegin === undefined || prefix === (pathBegin || "/")) found.add(frontend.cluster_id);
  }
  return [...found].flatMap((clusterId) => applicationOf(state, clusterId));
}

/** `FRONTEND_LIST`: in the words of 0.14, which say all that a frontend is but a redirect. */
export function frontendListOf(state: State, { http, https, domain }: FrontendFilter): object {
  const listOf = (protocol: Protocol): object[] =>
    [...state.frontends.values()]
      .filter(({ hostname }) => domain === undefined || hostname === domain)
      .filter(({ listener }) => state.listeners.get(listener)?.protocol === protocol)
      .map(frontendData);
  return {
    http_frontends: http ? listOf("http") : [],
    https_frontends: https ? listOf("https") : [],
    tcp_frontends: [],
  };
}

/** `STATE`: the objects by kind. */
export function stateViewOf(state: State): object {
  const listeners = [...state.listeners.values()];
  const addressesOf = (wanted: Protocol): string[] =>
    listeners.filter(({ protocol }) => protocol === wanted).map(({ address }) => address);
  const frontends = [...state.frontends.values()].filter(({ cluster_id: id }) => id !== undefined);
  return {
    applications: [...state.clusters.values()].map(applicationData),
    backends: [...state.backends.values()].map(backendData),
    http_listeners: addressesOf("http"),
    https_listeners: addressesOf("https"),
    tcp_listeners: [],
    http_fronts: frontsAt(state, frontends, "http"),
    https_fronts: frontsAt(state, frontends, "https"),
    tcp_fronts: [],
    certificates: [...state.certificates.values()].map(({ listener, fingerprint, names }) => ({
      front: listener,
      fingerprint,
      names,
    })),
  };
}

function applicationOf(state: State, clusterId: string): readonly object[] {
  const cluster = state.clusters.get(clusterId);
  if (cluster === undefined) return [];
  const frontends = [...state.frontendKeysOfCluster(clusterId)].map((key) => state.frontends.get(key)!);
  const backends = [...state.backendKeysOfCluster(clusterId)].map((key) => state.backends.get(key)!);
  return [
    {
      configuration: applicationData(cluster),
      http_frontends: frontsAt(state, frontends, "http"),
      https_frontends: frontsAt(state, frontends, "https"),
      tcp_frontends: [],
      backends: backends.map(backendData),
    },
  ];
}

function frontsAt(state: State, frontends: readonly Frontend[], wanted: Protocol): object[] {
  return frontends.filter(({ listener }) => isAt(state, listener, wanted)).map(frontData);
}

function isAt(state: State, address: string, wanted: Protocol): boolean {
  return state.listeners.get(address)?.protocol === wanted;
}

function frontendData({ listener, hostname, path, method, cluster_id, tags }: Frontend): object {
  const rule =
    "prefix" in path
      ? { PREFIX: path.prefix }
      : "exact" in path
        ? { EQUALS: path.exact }
        : { REGEX: path.regex };
  return {
    route: cluster_id === undefined ? "DENY" : { CLUSTER_ID: cluster_id },
    address: listener,
    hostname,
    path: rule,
    method: method ?? null,
    position: "TREE",
    tags,
  };
}
