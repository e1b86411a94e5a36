/**
 * What main and a worker say to each other, over a socket pair, in the frames of the control protocol (JSON,
 * zero byte). Types only: framing is `framing.ts`, sockets are `io/`. Descriptors travel beside it, on a
 * second socket pair, sent before the message that names them.
 */
import type { Hello } from "./adoption.ts";
import type { ConnectionFilter } from "./connections.ts";
import type { MetricValues } from "./metric-values.ts";
import type { HandoverProgress } from "./handover.ts";
import type { Certificate, ConfigObject, DrainKind, Frontend, ObjectKind } from "./objects.ts";

/**
 * The number of what stands here. Main and a worker may be of different versions while an upgrade is under
 * way: they work together only if both say the same number.
 */
export const CHANNEL_FORMAT = 1;

/**
 * One step of a change: what stood under a key before, what stands there after. Absent `before`: added;
 * absent `after`: removed. `apply` makes them, workers follow them; a worker never judges an order again.
 */
export interface Change {
  readonly kind: ObjectKind;
  /** The object's key as one string, unique within its kind. */
  readonly key: string;
  readonly before?: ConfigObject["value"];
  readonly after?: ConfigObject["value"];
  /**
   * Of a regex frontend, added or removed: its place among the regexes of its listener and hostname. An
   * addition without it goes to the end; only taking a change back gives one.
   */
  readonly place?: number;
}

/** Something that drains: main wants its use counted until it ends. `drain` is main's number for it. */
export interface DrainRequest {
  readonly drain: number;
  readonly kind: ObjectKind;
  readonly key: string;
  /** Which order removed it, or lets it drain: for a main that comes after this one. */
  readonly order?: string;
  /** It was not removed: it is in the configuration, and drains. */
  readonly stays?: true;
}

/** When main closes what still uses a drain: the earliest that was said counts. */
export interface KeptDeadline {
  readonly drain: number;
  /** Milliseconds since 1970. */
  readonly close_at_ms: number;
}

export type ToWorker =
  /**
   * Part of the state that a new worker starts from; `accept` is true in the last part: then it answers
   * `ready`.
   */
  | {
      readonly type: "load";
      readonly revision: number;
      readonly changes: readonly Change[];
      readonly last: boolean;
    }
  /**
   * The whole state is in a memory file, which was just sent on the descriptor channel: `load` messages, as
   * they would come here.
   */
  | { readonly type: "load-file" }
  /**
   * A listening socket for `address` was just sent on the descriptor channel. The worker accepts once it is
   * `ready`.
   */
  | { readonly type: "listen"; readonly address: string }
  /** Before the first `load`, and whenever ticket keys are rotated. */
  | { readonly type: "secrets"; readonly secrets: TlsSecrets }
  /**
   * A removed listener's queue is to be emptied and the socket closed; `at_stop`: that of the listener that
   * is there. Answered by `unlistened`.
   */
  | { readonly type: "unlisten"; readonly address: string; readonly at_stop?: true }
  /**
   * Changes and drains of the next `apply`, sent ahead in parts so that no message is too large; they are
   * followed only with it.
   */
  | {
      readonly type: "part";
      readonly changes: readonly Change[];
      readonly drains: readonly DrainRequest[];
    }
  /**
   * One accepted change of the configuration; answered by `applied`. `reconciles`: what a worker that was
   * taken over differs in, and then `revision` need not be a later one.
   */
  | {
      readonly type: "apply";
      readonly reconciles?: true;
      readonly revision: number;
      readonly changes: readonly Change[];
      readonly drains: readonly DrainRequest[];
    }
  /**
   * Take over another worker's connections, which main knows by the number `from`. Two descriptors were just
   * sent together: our ends of the messages and of the descriptors between the two. What they say is in
   * `handover.ts`.
   */
  | { readonly type: "take"; readonly from: number }
  /**
   * Give all connections to another worker, which main knows by the number `to`, with such descriptors; then
   * leave as after `stop`. What cannot go over ends softly, and is cut after `deadline_ms`.
   */
  | { readonly type: "give"; readonly to: number; readonly deadline_ms?: number }
  /**
   * What to do when main goes: serve on for so long, until another main takes over; then leave softly. 0: at
   * once; `null`: for ever.
   */
  | {
      readonly type: "alone";
      readonly serve_ms: number | null;
      /** To be kept for that other main, beside those of before. */
      readonly deadlines?: readonly KeptDeadline[];
    }
  /** Of a worker that was taken over: its whole state is wanted; answered by `state`. */
  | { readonly type: "tell-state" }
  /** Stop waiting: close what still uses it. */
  | { readonly type: "close-drained"; readonly drain: number }
  /** A question whose answer is not in main; answered by `answer` with the same number. */
  | { readonly type: "ask"; readonly question: number; readonly what: Question }
  /**
   * Leave: stop accepting (without emptying shared queues), finish exchanges, keep tunnels to their end, then
   * `exit`.
   */
  | { readonly type: "stop"; readonly deadline_ms?: number };

export type Question = EngineQuestion | DrainsQuestion | BackendsTrial;

/**
 * Whether backends that are not configured would serve a cluster: asked once each, by its health check, or
 * else connected to. Answered by `TrialResults` when each has answered, or failed.
 */
export interface BackendsTrial {
  readonly kind: "try-backends";
  readonly cluster_id: string;
  readonly addresses: readonly string[];
  /** No longer than this for each. */
  readonly timeout_ms: number;
}

/** For each address, why it does not serve, as in `status 503`; `null` if it does. */
export type TrialResults = readonly (string | null)[];

/** What uses each drain: answered by `DrainCounts`. */
export interface DrainsQuestion {
  readonly kind: "drains";
  /** Of who takes connections over: from this worker, and what came in batches after `released`... */
  readonly from?: number;
  /** ...is left out, because the giver counts it. */
  readonly released?: number;
  /** The same of others that give to it. */
  readonly others?: readonly { readonly from: number; readonly released: number }[];
}

/** What the engine knows. */
export type EngineQuestion =
  | {
      readonly kind: "uses";
      readonly objects: readonly { readonly kind: DrainKind; readonly key: string }[];
    }
  | {
      readonly kind: "explain";
      readonly listener: string;
      readonly method: string;
      readonly host: string;
      readonly path: string;
      /** The rules to choose from; absent: those of the listener. */
      readonly frontends?: readonly Frontend[];
    }
  /** Which certificate a client is shown that asks for `host`: a `CertificateChoice`. */
  | { readonly kind: "certificate"; readonly listener: string; readonly host: string }
  | { readonly kind: "backends"; readonly cluster_id: string }
  /** Clients' connections with numbers from `from` on; a `ConnectionsPart` of at most `limit`. */
  | {
      readonly kind: "connections";
      readonly filter: ConnectionFilter;
      readonly from: number;
      readonly limit: number;
    }
  /** Ends those that fit; a `ClosedPart`. */
  | {
      readonly kind: "close-connections";
      readonly filter: ConnectionFilter;
      readonly from: number;
      readonly reset: boolean;
    }
  /**
   * The worker is to drain, under this number: it accepts no more. It tells what it has before it answers,
   * with nothing.
   */
  | { readonly kind: "drain-worker"; readonly drain: number; readonly key: string; readonly order: string }
  /** It accepts again; answered with nothing. */
  | { readonly kind: "undrain-worker" }
  /**
   * What is there at this moment, as `MetricValues`. The worker's heartbeat with its totals goes ahead of the
   * answer.
   */
  | { readonly kind: "gauges" };

/** Which certificate a client is shown that can use any. */
export interface CertificateChoice {
  /**
   * It serves the name; it is the listener's default; it is the proxy's own, since there is no other; or
   * none, and the handshake is refused.
   */
  readonly choice: "name" | "default" | "own" | "none";
  /** Of a configured one. */
  readonly fingerprint?: string;
  /** Of a configured one: whether it speaks for the host; the default need not. */
  readonly covers_host?: boolean;
}

/** How a worker answers what uses each drain. */
export interface DrainCounts {
  readonly uses: readonly DrainUse[];
  /** Of a worker that gives its connections away: the newest batch that is the other's. */
  readonly released?: number;
}

/** What a worker knows of one backend at this moment. */
export interface BackendStatus {
  readonly backend_id: string;
  readonly address: string;
  readonly state: "up" | "resting" | "down" | "draining";
  /** Why it is down. */
  readonly reason?: string;
  readonly connections: number;
  readonly idle: number;
  /** The cookie's value of those that come back to it, where sessions are sticky. */
  readonly sticky_id?: string;
  readonly weight?: number;
  /** Used only while no other backend is available. */
  readonly backup?: boolean;
  /** A client that is new may be given it now. */
  readonly eligible?: boolean;
}

/** A backend went down, or came up: what its health checks found in one worker. */
export interface BackendChange {
  readonly cluster_id: string;
  readonly backend_id: string;
  readonly address: string;
  readonly state: "up" | "down";
  /** As in "status 500", "timed out after 5000 ms". */
  readonly reason: string;
}

/** What every worker needs for TLS beside the configuration. Never logged; keys and DER in base64. */
export interface TlsSecrets {
  /** The first makes tickets; those of the others are still taken. */
  readonly ticket_keys: readonly {
    readonly name: string;
    readonly hmac_key: string;
    readonly aes_key: string;
  }[];
  /** Signed by itself: for clients that no configured certificate serves. */
  readonly own_certificate: Certificate;
}

/** How much of OpenSSL lives in a worker: `machines` are connections that speak TLS. */
export interface TlsHandles {
  readonly contexts: number;
  readonly certificates: number;
  readonly ticket_keys: number;
  readonly machines: number;
  /** Those of OpenSSL's own: most connections need one only for their handshake. */
  readonly sessions: number;
  /** References that sessions hold. */
  readonly bios: number;
}

/** What a worker's program is, and speaks. */
export interface ProgramFormats {
  readonly version: string;
  /** `CHANNEL_FORMAT`. */
  readonly channel: number;
  /** `HANDOVER_FORMAT`. */
  readonly handover: number;
}

export type FromWorker =
  | Hello
  /** To one who would take it over: it has a main. */
  | { readonly type: "refused" }
  /** Its state is in a memory file that was just sent on the descriptor channel, as a state file has it. */
  | { readonly type: "state" }
  /** Its state is loaded; it accepts as soon as it is given listeners. */
  | {
      readonly type: "ready";
      readonly revision: number;
      readonly hash: string;
      readonly io: string;
      readonly io_reason: string;
      readonly program: ProgramFormats;
    }
  | {
      readonly type: "applied";
      readonly revision: number;
      readonly hash: string;
      /** Of the drained objects that something uses: nothing uses the others. */
      readonly uses: readonly DrainUse[];
    }
  | { readonly type: "drain"; readonly use: DrainUse }
  | { readonly type: "unlistened"; readonly address: string }
  | { readonly type: "backend"; readonly change: BackendChange }
  | {
      readonly type: "heartbeat";
      readonly revision: number;
      readonly hash: string;
      readonly connections: number;
      readonly tls_handles?: TlsHandles;
      /** What was counted so far: it outlives the worker. */
      readonly totals: MetricValues;
    }
  /** How far it is with giving its connections away: about once a second, and at the end. */
  | { readonly type: "given"; readonly progress: HandoverProgress }
  /** It could not give its connections away, and goes on with those that the other has not got. */
  | { readonly type: "took-back"; readonly reason: string }
  | { readonly type: "answer"; readonly question: number; readonly data: unknown }
  | { readonly type: "log"; readonly level: "info" | "warning" | "error"; readonly message: string };

export interface DrainUse {
  readonly drain: number;
  readonly connections: number;
}
