/**
 * What one worker tells another of the connections that it hands over: plain data that travels as JSON beside
 * the descriptors. The two may be programs of different versions, so the format has a number, and what has
 * been released stays readable (`tests/compat`).
 *
 * Rules of this file:
 *  1. A record tells what only memory knows: what was read and not used, what was written and not sent, what
 *     is counted. What the configuration says, the other worker has itself.
 *  2. Bytes are base64; absent means none.
 */
import type { ObjectKind } from "./objects.ts";

/** The number of this format. Who does not know a batch's number refuses it. */
export const HANDOVER_FORMAT = 1;

export type HandoverRecord = SessionRecord | TunnelRecord | PooledRecord;

/** A client's connection between requests. One descriptor. */
export interface SessionRecord {
  readonly kind: "session";
  /** The address of the listener that accepted it. */
  readonly listener: string;
  readonly client: ClientRecord;
  /** How long nothing has happened on it. */
  readonly idle_ms: number;
  /** Received and not used: a part of a head, or requests sent ahead. */
  readonly input?: string;
  /** Written and not taken by the kernel. */
  readonly unsent?: string;
}

export interface ClientRecord {
  readonly ip: string;
  readonly port: number;
  /** Where it connected to, as `ip:port`, if a PROXY header told. */
  readonly destination?: string;
}

/** A tunnel of which neither side has ended. Two descriptors: the client's, then the backend's. */
export interface TunnelRecord {
  readonly kind: "tunnel";
  readonly idle_ms: number;
  readonly unsent_to_client?: string;
  readonly unsent_to_backend?: string;
  /** What it is counted in. */
  readonly uses: readonly UseRecord[];
  /** The newest drain that the giver knew of; those of a higher number began after this record. */
  readonly last_drain: number;
}

/** An object that is used: one of the configuration, or one that was removed and drains. */
export interface UseRecord {
  readonly kind: ObjectKind;
  readonly key: string;
  /** Main's number of its drain, if it was removed; and which order removed it. */
  readonly drain?: number;
  readonly order?: string;
  /** It drains, and was not removed. */
  readonly stays?: true;
  /** When main is to close what still uses it: for a main that comes after this one. */
  readonly close_at_ms?: number;
}

/** An idle connection to a backend. One descriptor. */
export interface PooledRecord {
  readonly kind: "pooled";
  readonly cluster_id: string;
  readonly backend_id: string;
  /** Where it is connected to: the backend may have moved meanwhile. */
  readonly address: string;
  readonly idle_ms: number;
}

/** How many descriptors travel with a record. */
export function descriptorsOf(record: HandoverRecord): number {
  return record.kind === "tunnel" ? 2 : 1;
}

/** How far a worker is with giving its connections away. */
export interface HandoverProgress {
  /** What the other has for good. */
  readonly sessions: number;
  readonly tunnels: number;
  readonly pooled: number;
  /** Clients' connections that are still here. */
  readonly left: number;
  /** Clients' connections that ended here since it began. */
  readonly closed: number;
}

/** From the worker that gives to the one that takes. The descriptors of a batch are sent before it. */
export type FromGiver =
  | {
      readonly type: "batch";
      readonly format: number;
      readonly number: number;
      /** The giver's: the taker reads the records when it has reached it, too. */
      readonly revision: number;
      readonly records: readonly HandoverRecord[];
    }
  /** The giver has let go of a batch: the taker goes on with what it took of it. */
  | { readonly type: "yours"; readonly number: number }
  /** Nothing is left to give. */
  | { readonly type: "end" };

/** From the worker that takes to the one that gives. */
export type FromTaker =
  /** It holds a batch, and does nothing with it yet. */
  | {
      readonly type: "taken";
      readonly number: number;
      /** The taker's: the giver lets go when it has reached it, too. */
      readonly revision: number;
      /** Places in the batch of what it has no room for: it has closed its descriptors. */
      readonly refused: readonly number[];
    }
  /** It cannot read what it is given: everything stays with the giver. */
  | { readonly type: "refused"; readonly reason: string };
