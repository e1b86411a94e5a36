/**
 * What `EXPLAIN` answers, as a tree: the hostnames in the order asked, with the rules of each; the cluster
 * with its backends; the certificate. Pure. A proxy of a version before this one tells less: then the tree
 * shows less.
 */
import { counted } from "../base/text.ts";
import type { ExplainData, ExplainedCertificate, NearFrontend } from "../model/answer-data.ts";
import type { Frontend } from "../model/objects.ts";
import type { OrderData } from "../model/orders.ts";
import { describeExpiry } from "./expiry.ts";
import { describePath, describeTarget } from "./frontend.ts";
import type { Branch } from "./tree.ts";

/** The most backends that are shown: those first that may be chosen. */
export const BACKENDS_SHOWN_MAX = 50;
/** The most hostnames without a rule that are named. */
export const HOSTNAMES_NAMED_MAX = 5;

/** The outcome of a hostname that no frontend has. */
const UNKNOWN_HOSTNAME = "no frontend has this hostname";

type Request = OrderData["EXPLAIN"];
type Explained = ExplainData["backends"][number];

/** The tree of one answer; its root says what becomes of the request. */
export function explainTree({ method, host, path, listener }: Request, data: ExplainData): Branch {
  const when = data.at === undefined ? "" : ` at revision ${data.at}`;
  const { certificate } = data;
  return {
    text: `${method} ${host}${path} at ${listener}${when}: ${describeOutcome(data)}`,
    branches: [
      ...hostBranches(data),
      ...otherHosts(data),
      ...clusterBranch(data),
      ...(certificate === null ? [] : [{ text: describeCertificate(certificate) }]),
    ],
  };
}

function describeOutcome({ frontend, cluster, backends }: ExplainData): string {
  if (frontend === null) return "no frontend takes it, 404";
  if (frontend.deny === true) return "denied, 403";
  if (frontend.redirect !== undefined) return `redirected, ${frontend.redirect.status}`;
  if (cluster === null) return `to cluster ${frontend.cluster_id}, which does not exist, 503`;
  if (cluster.draining) return `to cluster ${cluster.cluster_id}, which drains, 503`;
  return `to cluster ${cluster.cluster_id}${backends.length === 0 ? ", which has no backends, 503" : ""}`;
}

/** Hostnames with rules in the order asked, those without in one line behind them. */
function hostBranches(data: ExplainData): readonly Branch[] {
  const asked = askedHostnames(data);
  const known = asked
    .filter(({ outcome }) => outcome !== UNKNOWN_HOSTNAME)
    .map(({ hostname, outcome }) => ({
      text: outcome === "" ? describeHostname(hostname) : `${describeHostname(hostname)}: ${outcome}`,
      branches: rulesOf(hostname, data),
    }));
  const cut = data.nearly_cut ? [{ text: "… and more rules of these hosts" }] : [];
  const unknown = asked.filter(({ outcome }) => outcome === UNKNOWN_HOSTNAME).map(({ hostname }) => hostname);
  return [...known, ...cut, ...(unknown.length === 0 ? [] : [{ text: describeUnknown(unknown) }])];
}

function askedHostnames({ tried, frontend, nearly }: ExplainData): NonNullable<ExplainData["tried"]> {
  if (tried !== undefined) return tried;
  const rules = [...(frontend === null ? [] : [frontend]), ...nearly.map((near) => near.frontend)];
  return [...new Set(rules.map(({ hostname }) => hostname))].map((hostname) => ({ hostname, outcome: "" }));
}

function rulesOf(hostname: string, { frontend, because, nearly }: ExplainData): readonly Branch[] {
  const chosen =
    frontend?.hostname === hostname ? [{ text: describeRule(frontend, because), taken: true }] : [];
  const passed = nearly
    .filter((near) => near.failed !== "host" && near.frontend.hostname === hostname)
    .map((near) => ({ text: describeNear(near, describeRule(near.frontend)), taken: false }));
  return [...chosen, ...passed];
}

function otherHosts({ nearly }: ExplainData): readonly Branch[] {
  const branches = nearly
    .filter(({ failed }) => failed === "host")
    .map((near) => {
      const { listener, hostname } = near.frontend;
      return {
        text: describeNear(near, `${listener} ${hostname} ${describeRule(near.frontend)}`),
        taken: false,
      };
    });
  return branches.length === 0 ? [] : [{ text: "other hosts that are near", branches }];
}

function clusterBranch({ frontend, cluster, backends }: ExplainData): readonly Branch[] {
  if (frontend?.cluster_id === undefined) return [];
  if (cluster === null) return [{ text: `cluster ${frontend.cluster_id}: does not exist` }];
  const sticky = cluster.sticky_session ? ", sticky" : "";
  const redirect = cluster.https_redirect ? ", requests without TLS are redirected" : "";
  const drains = cluster.draining ? ", drains" : "";
  const text = `cluster ${cluster.cluster_id}, ${cluster.load_balancing}${sticky}${redirect}${drains}`;
  const shown = backends
    .toSorted((one, other) => Number(other.eligible ?? false) - Number(one.eligible ?? false))
    .slice(0, BACKENDS_SHOWN_MAX)
    .map((backend): Branch => ({ text: describeBackend(backend), taken: backend.eligible }));
  const left = backends.length - shown.length;
  if (left > 0) shown.push({ text: `… and ${counted(left, "more backend")}: --json shows all` });
  return [{ text, branches: backends.length === 0 ? [{ text: "no backends" }] : shown }];
}

function describeHostname(hostname: string): string {
  if (hostname === "*") return "any host";
  return `${hostname.startsWith("*.") ? "wildcard" : "host"} ${hostname}`;
}

function describeUnknown(hostnames: readonly string[]): string {
  const named = hostnames.slice(0, HOSTNAMES_NAMED_MAX).join(", ");
  const left = hostnames.length - HOSTNAMES_NAMED_MAX;
  return `no rules for ${named}${left > 0 ? ` and ${left} more` : ""}`;
}

/** Within its hostname, as in `POST = /cart → shop`. */
function describeRule(frontend: Frontend, because?: string): string {
  const method = frontend.method === undefined ? "" : `${frontend.method} `;
  const why = because === undefined ? "" : `: ${because}`;
  return `${method}${describePath(frontend.path)} → ${describeTarget(frontend)}${why}`;
}

function describeNear({ failed, reason }: NearFrontend, rule: string): string {
  return `${rule}: ${failed === undefined ? "" : `${failed}: `}${reason}`;
}

function describeBackend(backend: Explained): string {
  const { backend_id, address, weight, state, reason, connections, idle, sticky_id } = backend;
  const parts = [
    reason === undefined ? state : `${state} (${reason})`,
    ...(weight === undefined ? [] : [`weight ${weight}`]),
    ...(backend.backup ? ["backup"] : []),
    ...(state === "past" ? [] : [counted(connections, "connection"), `${idle} idle`]),
    ...(sticky_id === undefined ? [] : [`sticky id ${sticky_id}`]),
    ...otherViews(backend),
    ...setAside(backend),
  ];
  return `${backend_id} ${address}: ${parts.join(", ")}`;
}

/** Workers that find it otherwise. */
function otherViews({ state, workers = {} }: Explained): readonly string[] {
  return Object.entries(workers).flatMap(([worker, view]) =>
    view === state ? [] : [`${view} in worker ${worker}`],
  );
}

/** Why one that is up is not chosen. */
function setAside({ state, eligible, weight }: Explained): readonly string[] {
  if (state !== "up" || eligible !== false) return [];
  return [weight === 0 ? "set aside" : "others go first"];
}

function describeCertificate(explained: ExplainedCertificate): string {
  const { choice, fingerprint = "", names = [], not_after_ms: notAfterMs = 0 } = explained;
  if (choice === "none") return "no certificate serves this host: the handshake is refused (strict_sni)";
  if (choice === "own") return "no certificate serves this host: the proxy's own is shown, signed by itself";
  const why = choice === "default" ? ", the default" : "";
  const stranger = explained.covers_host === false ? ", does not speak for this host" : "";
  return `certificate ${fingerprint.slice(0, 16)}… for ${names.join(" ")}, until ${describeExpiry(notAfterMs)}${why}${stranger}`;
}
