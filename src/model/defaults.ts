/**
 * What a field holds where an order leaves it out, or resets it with `null`. A field that is absent here has
 * no default: it must be given, or stays absent.
 */
import type { Backend, ClientAuth, Cluster, HealthCheck, Listener, PathRule, Redirect } from "./objects.ts";
import type { DrainOptions } from "./orders.ts";

export const LISTENER_DEFAULTS: Omit<
  Listener,
  "address" | "protocol" | "public_address" | "revision_header"
> = {
  accept_proxy_protocol: false,
  front_timeout_ms: 60_000,
  back_timeout_ms: 30_000,
  connect_timeout_ms: 3_000,
  request_timeout_ms: 10_000,
};

/** What https listeners have besides. */
export const HTTPS_DEFAULTS: Required<Pick<Listener, "tls_versions" | "alpn" | "strict_sni">> = {
  tls_versions: ["TLSv1.2", "TLSv1.3"],
  alpn: ["http/1.1"],
  strict_sni: false,
};

export const CLUSTER_DEFAULTS: Omit<Cluster, "cluster_id" | "send_proxy_protocol"> = {
  load_balancing: "round_robin",
  sticky_session: false,
  https_redirect: false,
};

export const HEALTH_CHECK_DEFAULTS: Omit<HealthCheck, "path" | "status"> = {
  interval_ms: 10_000,
  timeout_ms: 5_000,
  healthy: 3,
  unhealthy: 3,
};

export const BACKEND_DEFAULTS: Pick<Backend, "weight" | "backup"> = { weight: 100, backup: false };

export const PATH_DEFAULT: PathRule = Object.freeze({ prefix: "/" });
export const TAGS_DEFAULT: Readonly<Record<string, string>> = Object.freeze({});
export const REDIRECT_STATUS_DEFAULT: Redirect["status"] = 302;

export const DRAIN_DEFAULTS: DrainOptions = Object.freeze({
  wait: true,
  progress_ms: 1_000,
  on_deadline: "keep",
});

/**
 * A replacement answers as soon as the new one is shown: nobody has to wait for who was shown the old one.
 */
export const REPLACEMENT_DRAIN_DEFAULTS: DrainOptions = Object.freeze({ ...DRAIN_DEFAULTS, wait: false });

/** How long one asking of a new backend may take, in `SWAP_BACKENDS`; less if its health check says so. */
export const CONNECT_TRIAL_MS = 5_000;

export const PAGE_LIMIT_DEFAULT = 100;

export const CLUSTER_TLS_DEFAULTS = { verify: true } as const;
export const CLIENT_AUTH_DEFAULTS: Pick<ClientAuth, "mode"> = { mode: "require" };
