/**
 * The catalogue of metrics: each name with its type, its unit and what it counts. `METRICS`, the Prometheus
 * text and `docs/metrics.md` are made from it; a metric that is not here does not exist.
 *
 * Rules of this file:
 *  1. A name is never given another meaning. Units last: a name in milliseconds ends in `_ms`.
 *  2. Labels have few values, known beforehand: nothing that a peer or an order says becomes one.
 */

export type MetricType = "counter" | "gauge" | "histogram";

export interface Metric {
  readonly type: MetricType;
  /** Whose it is: of each worker and summed, or of main. */
  readonly of: "worker" | "main";
  readonly unit?: "bytes" | "ms";
  readonly help: string;
  /** One number for each of its values. */
  readonly label?: Label;
}

export interface Label {
  readonly name: string;
  readonly values: readonly string[];
}

/** What an engine counts. */
export type EngineCounterName =
  | "connections_accepted"
  | "connections_closed"
  | "connections_refused"
  | "tunnels_begun"
  | "requests"
  | "responses"
  | "default_responses"
  | "requests_unserved"
  | "responses_cut"
  | "bytes_received"
  | "bytes_sent"
  | "back_connections_opened"
  | "back_connections_reused"
  | "connect_failures"
  | "retries"
  | "health_checks"
  | "backend_changes"
  | "tls_handshakes"
  | "back_tls_handshakes";

/** What is looked at in an engine when somebody asks. */
export type EngineGaugeName =
  | "connections_open"
  | "connections_handshaking"
  | "connections_lingering"
  | "tunnels_open"
  | "back_connections_open"
  | "back_connections_idle"
  | "tls_handles"
  | "buffers";

export type MainMetricName =
  | "uptime_ms"
  | "orders"
  | "revision"
  | "workers"
  | "workers_started"
  | "workers_died"
  | "workers_replaced"
  | "events"
  | "event_subscriptions"
  | "drains"
  | "certificates"
  | "certificate_next_end_ms"
  | "journal_bytes";

export type MetricName = EngineCounterName | EngineGaugeName | "exchange_duration_ms" | MainMetricName;

const STATUS_CLASSES: readonly string[] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/** The statuses of default responses. */
export const DEFAULT_STATUSES: readonly string[] = [
  "301",
  "302",
  "303",
  "307",
  "308",
  "400",
  "403",
  "404",
  "408",
  "413",
  "414",
  "421",
  "431",
  "501",
  "502",
  "503",
  "504",
  "505",
];

/** Why no backend answered a request. */
const UNSERVED_REASONS: readonly string[] = [
  "misdirected",
  "no_frontend",
  "denied",
  "no_cluster",
  "no_backend",
  "no_resources",
  "too_large",
  "unreachable",
  "untrusted",
  "lost",
  "malformed",
  "timed_out",
];

const SIDES: Label = { name: "side", values: ["front", "back"] };

const ENGINE_METRICS: Readonly<Record<Exclude<MetricName, MainMetricName>, Metric>> = {
  connections_accepted: counter("Connections that clients made."),
  connections_closed: counter("Connections of clients that have ended."),
  connections_refused: counter("Connections of clients that were refused because there were too many."),
  connections_open: gauge("Connections of clients that are open."),
  connections_handshaking: gauge("Of the open ones, those whose TLS handshake is not complete."),
  connections_lingering: gauge("Of the open ones, those that wait for their client after the last response."),
  tunnels_open: gauge("Tunnels (WebSocket) that are open."),
  tunnels_begun: counter("Tunnels that have begun."),
  requests: counter("Requests whose head was read."),
  responses: counter("Final responses to clients, our own included.", labelled("class", STATUS_CLASSES)),
  default_responses: counter("Responses of our own.", labelled("status", DEFAULT_STATUSES)),
  requests_unserved: counter(
    "Requests that got a default response because of a rule, a backend or want of memory.",
    labelled("reason", UNSERVED_REASONS),
  ),
  responses_cut: counter("Responses that were cut because their backend's was."),
  exchange_duration_ms: {
    type: "histogram",
    of: "worker",
    unit: "ms",
    help: "From a request's head to the end of its response, by the clock of the loop's turns.",
  },
  bytes_received: { ...counter("Bytes received; of TLS, the plain ones.", SIDES), unit: "bytes" },
  bytes_sent: { ...counter("Bytes handed over to be sent; of TLS, the plain ones.", SIDES), unit: "bytes" },
  back_connections_open: gauge("Connections to backends that are open."),
  back_connections_idle: gauge("Of these, those that wait in a pool."),
  back_connections_opened: counter("Connections to backends that were begun."),
  back_connections_reused: counter("Requests that were sent on a connection of a pool."),
  connect_failures: counter("Backends that could not be connected to, or not in time."),
  retries: counter("Attempts after the first of their exchange."),
  health_checks: counter("Health checks.", labelled("result", ["passed", "failed", "not_made"])),
  backend_changes: counter(
    "Backends that health checks took down, or up again.",
    labelled("state", ["up", "down"]),
  ),
  tls_handshakes: counter("TLS handshakes with clients.", labelled("result", ["full", "resumed", "failed"])),
  back_tls_handshakes: counter("TLS handshakes with backends.", labelled("result", ["complete", "failed"])),
  tls_handles: gauge(
    "What lives of OpenSSL. Machines are connections that speak TLS; sessions (SSL), and their references to " +
      "BIOs, most of them have during the handshake only.",
    labelled("kind", ["contexts", "certificates", "ticket_keys", "machines", "sessions", "bios"]),
  ),
  buffers: gauge(
    "Buffers of the pool: with bytes in them, offered to be received into, free.",
    labelled("state", ["used", "offered", "free"]),
  ),
};

const MAIN_METRICS: Readonly<Record<MainMetricName, Metric>> = {
  uptime_ms: ofMain({ ...gauge("Since main started."), unit: "ms" }),
  orders: ofMain(counter("Orders that were answered.", labelled("result", ["ok", "error"]))),
  revision: ofMain(gauge("How many changes of the configuration were accepted.")),
  workers: ofMain(gauge("Worker processes.", labelled("state", ["starting", "running", "stopping"]))),
  workers_started: ofMain(counter("Worker processes that were started.")),
  workers_died: ofMain(counter("Worker processes that ended without being asked to.")),
  workers_replaced: ofMain(counter("Worker processes that were started in the place of one that died.")),
  events: ofMain(counter("What was told, or would have been, to who subscribes to events.")),
  event_subscriptions: ofMain(gauge("Who is told events.")),
  drains: ofMain(gauge("What was removed and is still in use.")),
  certificates: ofMain(
    gauge(
      "Certificates: lasting, within two weeks of their end, expired.",
      labelled("state", ["lasting", "expiring", "expired"]),
    ),
  ),
  certificate_next_end_ms: ofMain({
    ...gauge("When the next certificate expires, since 1970. Absent while there is none to come."),
    unit: "ms",
  }),
  journal_bytes: ofMain({ ...gauge("The journal's length. Absent without --state."), unit: "bytes" }),
};

export const METRICS: Readonly<Record<MetricName, Metric>> = { ...ENGINE_METRICS, ...MAIN_METRICS };

/** All names, in the order of the documents. */
export const METRIC_NAMES: readonly MetricName[] = Object.keys(METRICS) as MetricName[];

/** What the catalogue says of a name; `undefined` for none of ours. */
export function findMetric(name: string): Metric | undefined {
  return Object.hasOwn(METRICS, name) ? METRICS[name as MetricName] : undefined;
}

function counter(help: string, label?: Label): Metric {
  return { type: "counter", of: "worker", help, ...(label && { label }) };
}

function gauge(help: string, label?: Label): Metric {
  return { type: "gauge", of: "worker", help, ...(label && { label }) };
}

function ofMain(metric: Metric): Metric {
  return { ...metric, of: "main" };
}

function labelled(name: string, values: readonly string[]): Label {
  return { name, values };
}
