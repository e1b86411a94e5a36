/**
 * Clients' connections as `LIST_CONNECTIONS` shows them, and what chooses among them. Types only.
 */

/** What a client's connection does at this moment. `idle`: between two requests. */
export type ConnectionState = "idle" | "exchange" | "tunnel";

/** Every field that is given must fit. */
export interface ConnectionFilter {
  readonly listener?: string;
  readonly cluster_id?: string;
  /** With `cluster_id`. */
  readonly backend_id?: string;
  /** The client's address, with or without its port, as `parseClientAddress` gives it. */
  readonly client?: string;
  /**
   * Of the request in progress, or that the client asked for in its handshake, as `parseHostname` gives it.
   */
  readonly host?: string;
  readonly protocol?: "http" | "https";
  readonly state?: ConnectionState;
  readonly older_than_ms?: number;
}

/** A client's connection, as its worker knows it. What is absent is not known, or not so now. */
export interface WorkerConnection {
  readonly connection: number;
  readonly state: ConnectionState;
  readonly protocol?: "http" | "https";
  readonly client?: string;
  readonly listener?: string;
  readonly host?: string;
  readonly cluster_id?: string;
  readonly backend_id?: string;
  /** Since its worker has it. */
  readonly age_ms: number;
}

export interface ListedConnection extends WorkerConnection {
  readonly worker: number;
}

/** A part of a worker's connections. `next`: where to go on; `null` after the last. */
export interface ConnectionsPart {
  readonly items: readonly WorkerConnection[];
  readonly next: number | null;
}

/** How many were closed, or asked to end, in a part. */
export interface ClosedPart {
  readonly closed: number;
  readonly next: number | null;
}
