/**
 * What `SUBSCRIBE_EVENTS` tells: everything that changes or happens, as it stands in `data`. Types only; the
 * log that they stand in is main's. Fields are only ever added, and no event has a private key.
 */
import type { Author } from "./author.ts";
import type { DrainKind, ObjectKind } from "./objects.ts";

/** One object of a change. */
export interface ChangedObject {
  readonly action: "add" | "remove" | "update";
  readonly kind: ObjectKind;
  readonly key: string;
}

interface AboutWorker {
  readonly worker: number;
  readonly pid: number;
}

interface AboutBackend {
  /** In which worker. */
  readonly worker: number;
  readonly cluster_id: string;
  readonly backend_id: string;
  readonly address: string;
  readonly reason: string;
}

interface AboutCertificate {
  readonly listener: string;
  readonly fingerprint: string;
  readonly names: readonly string[];
  readonly not_after_ms: number;
}

/** What can happen. */
export type Happening =
  /** An accepted change, once every worker has it. */
  | ({
      readonly event: "CHANGED";
      readonly revision: number;
      readonly order: string;
      /** At most the first 100. */
      readonly changes: readonly ChangedObject[];
      readonly total: number;
    } & Author)
  | ({ readonly event: "BACKEND_UP" | "BACKEND_DOWN" } & AboutBackend)
  /** What was removed and was in use then is used no more. */
  | {
      readonly event: "DRAINED";
      readonly order: string;
      readonly kind: DrainKind;
      readonly key: string;
      readonly drained_ms: number;
    }
  | ({ readonly event: "WORKER_STARTED" | "WORKER_ADOPTED" | "WORKER_STOPPED" } & AboutWorker)
  /** It has taken over from worker `from`, which leaves. */
  | ({
      readonly event: "WORKER_UPGRADED";
      readonly from: number;
      readonly version: string;
    } & AboutWorker)
  /** No other took its place, or not wholly. */
  | ({ readonly event: "WORKER_UPGRADE_FAILED"; readonly reason: string } & AboutWorker)
  | ({
      readonly event: "WORKER_DIED";
      readonly reason: string;
      /** How often a worker of this number died within the last minute. */
      readonly deaths: number;
      readonly replaced_in_ms: number;
    } & AboutWorker)
  | ({ readonly event: "CERTIFICATE_EXPIRING" | "CERTIFICATE_EXPIRED" } & AboutCertificate)
  /** So many more than were told one by one expire soon, or have expired. */
  | { readonly event: "CERTIFICATES_EXPIRING"; readonly count: number };

/** A happening in its place. */
export type LoggedEvent = Happening & {
  /** One more than that of the event before. Of another run of main, all are lower or all higher. */
  readonly sequence: number;
  /** Milliseconds since 1970. */
  readonly time_ms: number;
};

/** The first word to who does not say `since`: what comes has higher numbers than `sequence`. */
export interface Subscribed {
  readonly event: "SUBSCRIBED";
  readonly sequence: number;
}

/** Events up to `sequence` are not there any more; it goes on with the next. */
export interface Gap {
  readonly event: "GAP";
  readonly sequence: number;
  /** The number of the next event: where to start again. */
  readonly next: number;
  /** How many were missed; `null` if it is not known, because main was started anew. */
  readonly missed: number | null;
}

/** The `data` of each answer to `SUBSCRIBE_EVENTS`. */
export type EventData = LoggedEvent | Subscribed | Gap;
