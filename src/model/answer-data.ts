/**
 * What the answers carry in `data`, order by order. Types only. Fields are only ever added, so a client may
 * ignore what it does not know.
 */
import type { BackendStatus, CertificateChoice, TlsHandles } from "./channel.ts";
import type { ListedConnection } from "./connections.ts";
import type { HandoverProgress } from "./handover.ts";
import type { HistogramValue } from "./metric-values.ts";
import type {
  Backend,
  Certificate,
  Cluster,
  Frontend,
  Listener,
  DrainKind,
  ObjectKind,
  PathRule,
  Redirect,
} from "./objects.ts";
import type { ChangeOrder, OrderType } from "./orders.ts";

/** Of every order that changes the state. */
export interface ChangeData {
  /** `false`: it was already so. */
  readonly changed: boolean;
}

/** Of an order that brings a certificate. */
export interface CertificateData extends ChangeData {
  readonly fingerprint: string;
  /** What its owner should know, as in `it expired on 2026-01-01`. Absent: nothing. */
  readonly warnings?: readonly string[];
}

/** A certificate as it is listed. */
export type CertificateSummary = Omit<Certificate, "certificate" | "chain" | "key">;

/** Of the final answer of a removal, or of `DRAIN`. */
export interface RemovalData extends ChangeData {
  /** With `"wait": false` or at a deadline: the connections that still use it. */
  readonly connections?: number;
  /** From the removal to the last connection's end. */
  readonly drained_ms?: number;
}

/** Of a `dry_run`: what would change. */
export interface DryRunData extends ChangeData, Forecast {
  /** How many objects would be added, removed and updated in the end. */
  readonly added: number;
  readonly removed: number;
  readonly updated: number;
  /** The first 1,000 of them; `total` counts all. */
  readonly changes: readonly ObjectChange[];
  readonly total: number;
  /** For removals: the connections that use what would go, now. */
  readonly connections?: number;
  /** For removals: which of it is in use, what is used most first. */
  readonly in_use?: Named<ObjectUse>;
}

/** All of a kind are counted, the first of them named. */
export interface Named<Item> {
  readonly total: number;
  readonly items: readonly Item[];
}

/** What a change means to requests. */
export interface Forecast {
  /** By frontends that change: where their requests go now, and where they would. */
  readonly moved_requests: Named<MovedRequests>;
  /** Of what would begin to drain: who would get its requests. Absent: nothing would. */
  readonly drained_requests?: Named<DrainedRequests>;
  /** Frontends that no request could reach any more. */
  readonly shadowed: Named<ShadowedFrontend>;
  /** Certificates whose names no frontend would have any more. */
  readonly unused_certificates: Named<CertificateSummary>;
  /** Changed frontends beyond those that were looked at: of these nothing is said in the lists above. */
  readonly not_looked_at: number;
}

/** Requests that a frontend is there for. Absent `method`: those with one that no frontend names. */
export interface MovedRequests {
  readonly listener: string;
  readonly hostname: string;
  readonly path: PathRule;
  readonly method?: string;
  /** `null`: no frontend takes them. */
  readonly from: Destination | null;
  readonly to: Destination | null;
}

/** A listener, cluster or backend that would drain; `null`: nobody can connect to ask. */
export interface DrainedRequests {
  readonly kind: ObjectKind;
  readonly key: string;
  readonly to: DrainedDestination | null;
}

/** The backends that are left, by their ids and by the configuration alone; or the default response. */
export type DrainedDestination =
  | { readonly cluster_id: string; readonly backends: Named<string> }
  | { readonly status: number };

/** Where a frontend sends requests: one of the three. */
export interface Destination {
  readonly cluster_id?: string;
  readonly deny?: true;
  readonly redirect?: Redirect;
}

/** Keys of frontends. */
export interface ShadowedFrontend {
  readonly key: string;
  /** The one that takes all of its requests. */
  readonly by: string;
}

export interface ObjectUse {
  readonly kind: ObjectKind;
  readonly key: string;
  readonly connections: number;
}

/** One object that would be, or was, added, removed or updated. */
export interface ObjectChange {
  readonly action: "add" | "remove" | "update";
  readonly kind: ObjectKind;
  readonly key: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

export interface WorkerStatus {
  readonly worker: number;
  readonly pid: number;
  readonly state: string;
  /** It accepts no more, until `UNDRAIN`. */
  readonly draining?: true;
  readonly revision: number;
  readonly hash: string;
  readonly connections: number;
  readonly io: string;
  readonly io_reason?: string;
  /** Of its program; absent until it is ready. */
  readonly version?: string;
  /** Absent where TLS cannot be spoken. */
  readonly tls_handles?: TlsHandles;
}

export interface StatusData {
  readonly version: string;
  readonly pid: number;
  readonly uptime_ms: number;
  readonly revision: number;
  readonly hash: string;
  readonly workers: readonly WorkerStatus[];
}

export interface ListData<Item> {
  readonly items: readonly Item[];
  /** Give it as `after` to get the next page; `null` after the last. */
  readonly next: string | null;
}

export interface DrainStatus {
  /** The order that removed it, or lets it drain. */
  readonly order: string;
  readonly object: { readonly kind: DrainKind; readonly key: string };
  readonly connections: number;
  readonly workers: Readonly<Record<string, number>>;
  readonly since_ms: number;
  readonly deadline_ms: number | null;
}

/** How many objects a transaction added, removed and updated. */
export interface TransactionData extends ChangeData {
  readonly added: number;
  readonly removed: number;
  readonly updated: number;
  /** What the owner of a certificate in it should know, with the order that brought it. Absent: nothing. */
  readonly warnings?: readonly string[];
}

/** What a configuration file says that a reload cannot do. */
export interface ReloadData {
  /** Settings that are not what main was started with, as `processes.workers`. */
  readonly needs_restart: readonly string[];
}

/** What a state file of Sōzu came to. */
export interface ImportData extends TransactionData {
  readonly records: number;
  /** Records that have no equivalent, at most the first 1,000. */
  readonly left_out: readonly { readonly record: number; readonly reason: string }[];
  readonly left_out_total: number;
  /** Fields of records that were taken which say nothing here. */
  readonly unused_fields: readonly string[];
}

/** Which certificate, and why. Of a configured one with all that a list shows of it. */
export type ExplainedCertificate = Pick<CertificateChoice, "choice" | "covers_host"> &
  Partial<CertificateSummary>;

/** A rule that does not take a request: by which of its parts, and in words. */
export interface NearFrontend {
  readonly frontend: Frontend;
  readonly reason: string;
  /** `priority`: it matches, and another goes first. `host`: it was not asked. */
  readonly failed?: "host" | "path" | "method" | "priority";
}

/** The rule that would take a request, and those that nearly would. */
export interface ExplainData {
  /** The revision that was asked for; absent: the present. */
  readonly at?: number;
  readonly frontend: Frontend | null;
  /** Why it goes before the others of its hostname. */
  readonly because?: string;
  /** Hostnames that stand for the request's host, in the order asked, and what came of each. */
  readonly tried?: readonly { readonly hostname: string; readonly outcome: string }[];
  /** At most 20 of the hostnames that were asked, and 5 others. */
  readonly nearly: readonly NearFrontend[];
  /** Of the hostnames that were asked there are more. */
  readonly nearly_cut?: true;
  readonly cluster: Cluster | null;
  /** What a client that asks for this host is shown first; `null` where the listener speaks no TLS. */
  readonly certificate: ExplainedCertificate | null;
  /** In the past (`at`) nobody knows how they were. */
  readonly backends: readonly (Omit<BackendStatus, "state"> & {
    readonly state: BackendStatus["state"] | "past";
    readonly workers?: Readonly<Record<string, string>>;
  })[];
}

/** A distribution with its quantiles; `null` while it is empty. */
export interface DistributionAnswer extends HistogramValue {
  readonly p50: number | null;
  readonly p90: number | null;
  readonly p99: number | null;
  readonly p999: number | null;
}

/** Of a metric with a label: one number for each of its values. */
export type MetricAnswerValue = number | Readonly<Record<string, number>> | DistributionAnswer;

export interface MetricAnswer {
  readonly type: "counter" | "gauge" | "histogram";
  readonly unit?: "bytes" | "ms";
  readonly help: string;
  /** The label's name, where it has one. */
  readonly label?: string;
  /** Of workers' metrics, the sum. */
  readonly value: MetricAnswerValue;
  /** The same by worker. */
  readonly workers?: Readonly<Record<string, MetricAnswerValue>>;
  /** Of workers that are gone; it is in the sum. */
  readonly former?: MetricAnswerValue;
}

export interface MetricsData {
  readonly metrics: Readonly<Record<string, MetricAnswer>>;
}

/** One accepted change of the configuration. */
export interface ShownRevision {
  readonly revision: number;
  /** When it was accepted: as text (ISO 8601, UTC), and in milliseconds since 1970. */
  readonly time: string;
  readonly time_ms: number;
  /** Who sent the order: `null` where nobody did, or where it is not known. */
  readonly uid: number | null;
  readonly pid: number | null;
  readonly order_id: string | null;
  /** The order's name. */
  readonly order: string;
  /** What was done, without private keys; of more than 10,000 the first ones. */
  readonly orders: readonly { readonly type: string; readonly data: object }[];
  readonly orders_total: number;
}

/** A page of history, newest first. */
export interface HistoryData {
  readonly revisions: readonly ShownRevision[];
  /** The oldest revision that can be gone back to, and looked at. */
  readonly oldest: number;
  /** Give it as `before` to get the next page; `null` after the last. */
  readonly next: number | null;
}

/** The `data` of each order's final `OK`. */
export interface AnswerData {
  ADD_LISTENER: ChangeData;
  UPDATE_LISTENER: ChangeData;
  REMOVE_LISTENER: RemovalData;
  ADD_CLUSTER: ChangeData;
  UPDATE_CLUSTER: ChangeData;
  REMOVE_CLUSTER: RemovalData;
  ADD_FRONTEND: ChangeData;
  REMOVE_FRONTEND: ChangeData;
  ADD_BACKEND: ChangeData;
  UPDATE_BACKEND: ChangeData;
  REMOVE_BACKEND: RemovalData;
  ADD_CERTIFICATE: CertificateData;
  REPLACE_CERTIFICATE: CertificateData & RemovalData;
  REMOVE_CERTIFICATE: RemovalData;
  DRAIN: RemovalData;
  UNDRAIN: ChangeData;
  SWAP_BACKENDS: TransactionData & RemovalData;
  TRANSACTION: TransactionData & RemovalData;
  STATUS: StatusData;
  METRICS: MetricsData;
  /** There is none: it tells events (`EventData`) as `PROCESSING`, until the connection ends. */
  SUBSCRIBE_EVENTS: never;
  WAIT_REVISION: { readonly revision: number };
  LIST_LISTENERS: ListData<Listener>;
  LIST_CLUSTERS: ListData<Cluster>;
  LIST_FRONTENDS: ListData<Frontend>;
  LIST_BACKENDS: ListData<Backend>;
  LIST_CERTIFICATES: ListData<CertificateSummary>;
  EXPLAIN: ExplainData;
  DUMP_STATE: { readonly orders: readonly ChangeOrder[] };
  SAVE_STATE: { readonly orders: number };
  LOAD_STATE: TransactionData & RemovalData;
  RELOAD_CONFIGURATION: TransactionData & RemovalData & ReloadData;
  IMPORT_STATE: ImportData;
  HISTORY: HistoryData;
  REVERT: TransactionData & RemovalData;
  LIST_CONNECTIONS: ListData<ListedConnection>;
  CLOSE_CONNECTIONS: { readonly closed: number; readonly workers: Readonly<Record<string, number>> };
  QUERY_DRAINS: { readonly drains: readonly DrainStatus[] };
  SET_WORKERS: { readonly count: number };
  RESTART_WORKER: { readonly worker: number };
  UPGRADE_WORKER: { readonly worker: number; readonly version: string } & Omit<HandoverProgress, "left">;
  UPGRADE: {
    readonly version: string;
    readonly from_version: string;
    readonly pid: number;
    /** Of the new workers. */
    readonly workers: readonly number[];
  };
  UPGRADE_MAIN: { readonly version: string; readonly from_version: string; readonly pid: number };
  SOFT_STOP: Readonly<Record<never, never>>;
  HARD_STOP: Readonly<Record<never, never>>;
}

/** Every order has its answer's `data`: the compiler refuses an order that is missing above. */
export type AnswerDataOf<Type extends OrderType> = AnswerData[Type];
