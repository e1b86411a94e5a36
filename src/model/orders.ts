/**
 * The orders, as types: what each carries once it is checked, complete and in canonical form. The checking,
 * the words for people and the examples are the catalogue's (`catalogue/`); this file needs none of it, so
 * that clients can import it alone.
 */
import type { ConnectionFilter } from "./connections.ts";
import type { Backend, Certificate, Cluster, Frontend, Listener, PathRule } from "./objects.ts";

/** How a removal reports the use that is left. */
export interface DrainOptions {
  /** `false`: answer at once. */
  readonly wait: boolean;
  /** The least time between two `PROCESSING` answers. */
  readonly progress_ms: number;
  /** How long to wait; absent: to the end. */
  readonly deadline_ms?: number;
  /** What happens at the deadline to what is still in use. */
  readonly on_deadline: "close" | "keep";
}

/** The key of a frontend. */
export interface FrontendKey {
  readonly listener: string;
  readonly hostname: string;
  readonly path: PathRule;
  readonly method?: string;
}

/** A page of a list: what comes after `after`, at most `limit` items. */
interface Page {
  readonly limit: number;
  readonly after?: string;
}

interface Removal {
  readonly drain: DrainOptions;
}

/** The fields that may change: absent leaves them, `null` gives them their default. */
type Changing<Fields> = { readonly [Name in keyof Fields]?: Exclude<Fields[Name], undefined> | null };

/** A certificate as a client sends it. */
export interface SentCertificate {
  readonly listener: string;
  /** PEM, or DER in base64; what follows the first certificate in it is the beginning of the chain. */
  readonly certificate: string;
  readonly chain: readonly string[];
  readonly key: string;
  /** Absent: from the certificate. */
  readonly names?: readonly string[];
  readonly reject_expired: boolean;
}

/**
 * What main finds out about a certificate when it reads it. A client need not send it; main reads anew what
 * comes from a client, and believes what it wrote to its own files.
 */
type CertificateFacts = Pick<Certificate, "fingerprint" | "key_type" | "not_before_ms" | "not_after_ms">;

type CertificateAddition = SentCertificate & {
  readonly [Name in keyof CertificateFacts]?: CertificateFacts[Name];
};

/** What is drained: a listener, a cluster, or one of its backends. */
export type DrainSubject =
  | Pick<Listener, "address">
  | Pick<Cluster, "cluster_id">
  | Pick<Backend, "cluster_id" | "backend_id">;

/** A worker, by its number: it drains as a process, and is no part of the configuration. */
export interface WorkerSubject {
  readonly worker: number;
}

/** What each order carries in `data`. */
export interface OrderData {
  ADD_LISTENER: Listener;
  UPDATE_LISTENER: Pick<Listener, "address"> & Changing<Omit<Listener, "address" | "protocol">>;
  REMOVE_LISTENER: Pick<Listener, "address"> & Removal;
  ADD_CLUSTER: Cluster;
  UPDATE_CLUSTER: Pick<Cluster, "cluster_id"> & Changing<Omit<Cluster, "cluster_id">>;
  REMOVE_CLUSTER: Pick<Cluster, "cluster_id"> & Removal & { readonly cascade: boolean };
  ADD_FRONTEND: Frontend;
  REMOVE_FRONTEND: FrontendKey;
  ADD_BACKEND: Backend;
  UPDATE_BACKEND: Pick<Backend, "cluster_id" | "backend_id"> &
    Pick<Partial<Backend>, "address"> &
    Changing<Pick<Backend, "weight" | "backup" | "sticky_id" | "draining">>;
  REMOVE_BACKEND: Pick<Backend, "cluster_id" | "backend_id"> & Removal;
  ADD_CERTIFICATE: CertificateAddition;
  REPLACE_CERTIFICATE: CertificateAddition & { readonly old_fingerprint: string } & Removal;
  REMOVE_CERTIFICATE: Pick<Certificate, "listener" | "fingerprint"> & Removal;
  DRAIN: (DrainSubject | WorkerSubject) & Removal;
  UNDRAIN: DrainSubject | WorkerSubject;
  SWAP_BACKENDS: {
    readonly cluster_id: string;
    readonly add: readonly Omit<Backend, "cluster_id" | "draining">[];
    /** Their ids. */
    readonly remove: readonly string[];
    readonly when: {
      /** So many of the new ones must answer; absent: all. */
      readonly healthy?: number;
      readonly timeout_ms: number;
    };
  } & Removal;
  /** All or nothing. */
  TRANSACTION: { readonly orders: readonly ChangeOrder[] };
  STATUS: Nothing;
  METRICS: Nothing;
  SUBSCRIBE_EVENTS: {
    /** The last event that is known; 0 for all of this run of main. */
    readonly since?: number;
  };
  WAIT_REVISION: { readonly revision: number; readonly timeout_ms: number };
  LIST_LISTENERS: Page & { readonly address?: string };
  LIST_CLUSTERS: Page & { readonly cluster_id?: string };
  LIST_FRONTENDS: Page & Partial<FrontendKey> & { readonly cluster_id?: string };
  LIST_BACKENDS: Page & { readonly cluster_id?: string; readonly backend_id?: string };
  LIST_CERTIFICATES: Page &
    Partial<Pick<Certificate, "listener" | "fingerprint">> & {
      /** Those that serve this host name, by it or by a wildcard. */
      readonly name?: string;
      /** Those that expire before this time, in milliseconds since 1970. */
      readonly expires_before_ms?: number;
    };
  EXPLAIN: {
    readonly listener: string;
    readonly method: string;
    readonly host: string;
    readonly path: string;
    readonly at?: number;
  };
  DUMP_STATE: { readonly keys: boolean; readonly at?: number };
  HISTORY: {
    /** Only what came after this revision. */
    readonly since?: number;
    /** Only what came before this one: the next page. */
    readonly before?: number;
    readonly limit: number;
  };
  REVERT: { readonly revision: number } & Removal;
  SAVE_STATE: { readonly path: string };
  LOAD_STATE: { readonly path: string } & Removal;
  RELOAD_CONFIGURATION: { readonly path?: string } & Removal;
  IMPORT_STATE: { readonly path: string; readonly partial: boolean };
  QUERY_DRAINS: Nothing;
  LIST_CONNECTIONS: Page & ConnectionFilter;
  CLOSE_CONNECTIONS: ConnectionFilter & { readonly reset: boolean };
  SET_WORKERS: { readonly count: number };
  RESTART_WORKER: { readonly worker: number };
  UPGRADE_WORKER: {
    readonly worker: number;
    readonly program?: string;
    readonly version?: string;
    readonly deadline_ms: number;
  };
  UPGRADE_MAIN: { readonly program?: string; readonly version?: string };
  UPGRADE: { readonly program?: string; readonly version?: string; readonly deadline_ms: number };
  SOFT_STOP: { readonly deadline_ms?: number };
  HARD_STOP: Nothing;
}

type Nothing = Readonly<Record<never, never>>;

export type OrderType = keyof OrderData;

/** The orders that change the objects of a configuration: what `applyOrder` takes and `diff` gives. */
export type ChangeOrderType = Extract<
  OrderType,
  | `${"ADD" | "UPDATE" | "REMOVE"}_${"LISTENER" | "CLUSTER" | "FRONTEND" | "BACKEND"}`
  | `${"ADD" | "REPLACE" | "REMOVE"}_CERTIFICATE`
  | "DRAIN"
  | "UNDRAIN"
>;

type Ordered<Type extends OrderType> = {
  [T in Type]: { readonly type: T; readonly data: OrderData[T] };
}[Type];

/** What an order asks for, without who asks. */
export type Order = Ordered<Exclude<OrderType, "DRAIN" | "UNDRAIN">> | ObjectDrainOrder | WorkerDrainOrder;
export type ChangeOrder = Ordered<Exclude<ChangeOrderType, "DRAIN" | "UNDRAIN">> | ObjectDrainOrder;
/** These two, of an object of the configuration. */
type ObjectDrainOrder =
  | { readonly type: "DRAIN"; readonly data: DrainSubject & Removal }
  | { readonly type: "UNDRAIN"; readonly data: DrainSubject };
/** The same, of a worker. */
export type WorkerDrainOrder =
  | { readonly type: "DRAIN"; readonly data: WorkerSubject & Removal }
  | { readonly type: "UNDRAIN"; readonly data: WorkerSubject };
/** Those that list objects of the configuration. */
export type ListOrder = Ordered<Exclude<Extract<OrderType, `LIST_${string}`>, "LIST_CONNECTIONS">>;

/** One order as it came from a client: its envelope and what it asks for. */
export interface ReceivedOrder {
  readonly id: string;
  readonly order: Order;
  /** Only if the configuration is still at this revision. */
  readonly ifRevision?: number;
  /** Answer what would change, and change nothing. */
  readonly dryRun: boolean;
}

/**
 * Whether an order changes objects of the configuration by itself (`TRANSACTION` and `LOAD_STATE` do, but by
 * orders in them).
 */
export function isChangeOrder(order: Order): order is ChangeOrder {
  return CHANGE_ORDER.test(order.type) && !isWorkerDrain(order);
}

/** Whether an order lets a worker drain, or takes that back. */
export function isWorkerDrain(order: Order): order is WorkerDrainOrder {
  return (order.type === "DRAIN" || order.type === "UNDRAIN") && "worker" in order.data;
}

const CHANGE_ORDER = /^((ADD|UPDATE|REPLACE|REMOVE)_|(UN)?DRAIN$)/;
