/**
 * The limits of a configuration and of the orders that change it, by name. What a limit protects stands
 * beside it; what exceeds one is answered, never cut. Limits of connections, messages and queues are not here
 * but in the rooms that hold those.
 */

/** One frame on the command socket, without its zero byte. */
export const FRAME_BYTES_MAX = 16_777_216;

/** An order's `id`. */
export const ORDER_ID_CHARS_MAX = 256;
/** A `cluster_id` or `backend_id`. */
export const OBJECT_ID_CHARS_MAX = 256;
/** A `sticky_id`: it goes with every request of its clients, and into one response to each. */
export const STICKY_ID_CHARS_MAX = 128;
/** A host name, without its trailing dot (RFC 1035 section 2.3.4). */
export const HOSTNAME_CHARS_MAX = 253;
/** One label of a host name (RFC 1035 section 2.3.4). */
export const HOSTNAME_LABEL_CHARS_MAX = 63;
/** A PEM text: a certificate with its chain, or a key. */
export const PEM_CHARS_MAX = 131_072;
/** The certificates that stand between a certificate and its root. */
export const CHAIN_CERTIFICATES_MAX = 10;
/** Host names of one certificate. */
export const CERTIFICATE_NAMES_MAX = 1_000;
/** So long before its end a certificate is near it: it is warned of, and marked in lists. */
export const EXPIRY_NEAR_MS: number = 14 * 24 * 60 * 60 * 1_000;
/** RSA keys below this are no longer safe (NIST SP 800-131A), and clients refuse them. */
export const RSA_BITS_MIN = 2_048;
/** A frontend's method. */
export const METHOD_CHARS_MAX = 64;
/** A frontend's prefix or exact path, and the target of a health check. */
export const PATH_CHARS_MAX = 2_048;
/** A frontend's regular expression. */
export const REGEX_CHARS_MAX = 1_024;
/** The numbers in braces in a regular expression, as in `[0-9]{1,3}`, added up. */
export const REGEX_REPETITION_MAX = 256;
/** Tags of one frontend, and the sizes of one tag. */
export const TAGS_MAX = 64;
export const TAG_NAME_CHARS_MAX = 128;
export const TAG_VALUE_CHARS_MAX = 1_024;
/** A file's path in `SAVE_STATE` and `LOAD_STATE`. */
export const FILE_PATH_CHARS_MAX = 4_096;
/** A key to go on after, in the `LIST_` orders. */
export const AFTER_CHARS_MAX = 8_192;

export const WEIGHT_MAX = 256;
/** A listener's timeouts, and the times of a health check: one day. */
export const TIMEOUT_MS_MAX = 86_400_000;
/** From one health check of a backend to the next. */
export const HEALTH_INTERVAL_MS_MIN = 10;
/** Checks in a row that turn a verdict. */
export const HEALTH_COUNT_MAX = 1_000;
/** The statuses that pass a health check, in number. */
export const HEALTH_STATUSES_MAX = 32;
/** A drain's or a stop's deadline: one week. */
export const DEADLINE_MS_MAX = 604_800_000;
/** How long `WAIT_REVISION` waits: one hour. */
export const WAIT_MS_MAX = 3_600_000;
/** A program's version, as an order asks for it. */
export const VERSION_CHARS_MAX = 64;
/** What cannot be handed over to a new worker may take so long to end, unless the order says otherwise. */
export const UPGRADE_DEADLINE_MS = 300_000;
export const PROGRESS_MS_MIN = 10;
export const PROGRESS_MS_MAX = 3_600_000;
export const WORKERS_MAX = 256;
/** Backends that one `SWAP_BACKENDS` adds: each worker asks them at once. And those that it removes. */
export const SWAP_BACKENDS_MAX = 256;
/** How long a swap waits for its new backends, unless the order says otherwise. */
export const SWAP_TIMEOUT_MS = 30_000;
/** Orders of one `TRANSACTION`: main reads and judges them in one turn of its loop. */
export const TRANSACTION_ORDERS_MAX = 10_000;
/** Items in one page of a `LIST_` order. */
export const PAGE_ITEMS_MAX = 10_000;

/** The configuration file, before anybody looks at what it says. */
export const CONFIGURATION_FILE_BYTES_MAX: number = 32 * 1024 * 1024;
/** Users with rights of their own. */
export const RIGHTS_MAX = 1_000;
/** Patterns of cluster ids of one user, and the size of each. */
export const RIGHT_PATTERNS_MAX = 64;
export const CLUSTER_PATTERN_CHARS_MAX = 256;
/** The highest user id (credentials(7)); the one after it means "none". */
export const UID_MAX = 4_294_967_294;

/** How much one configuration may hold. `applyOrder` answers `LIMIT_EXCEEDED` beyond it. */
export interface StateLimits {
  /** Each costs every worker an open socket. */
  readonly listenersMax: number;
  /** Regular expressions of one listener and hostname are tried one after another. */
  readonly regexFrontendsMax: number;
  /** A balancer looks at each backend of its cluster. */
  readonly backendsPerClusterMax: number;
  /** Listeners, clusters, frontends and backends together: what bounds the memory. */
  readonly objectsMax: number;
}

export const STATE_LIMITS: StateLimits = {
  listenersMax: 1_000,
  regexFrontendsMax: 256,
  backendsPerClusterMax: 10_000,
  objectsMax: 2_000_000,
};

/** The certificates in one `ca`, of a cluster or of a listener, in however many texts they come. */
export const AUTHORITIES_MAX = 256;
/** One of them in DER: real ones have one or two thousand. */
export const AUTHORITY_BYTES_MAX = 65_536;

/** Orders of one revision that history keeps; more are counted. */
export const HISTORY_ORDERS_MAX = 10_000;
/** Revisions in one page of `HISTORY`, and the characters of their orders after which a page ends. */
export const HISTORY_PAGE_MAX = 10_000;
export const HISTORY_PAGE_CHARS_MAX = 4_194_304;
/** The same of what a conflict carries. */
export const CONFLICT_REVISIONS_MAX = 100;
export const CONFLICT_CHARS_MAX = 65_536;
