/**
 * What balancing knows of a backend. The engine's backends are candidates; nothing here changes one.
 */

export interface Candidate {
  /** Unique within its cluster and the same in every worker: the hash policy spreads clients by it. */
  readonly id: string;
  /** A whole number, 0 to 256. 0 takes no new requests while another candidate can. */
  readonly weight: number;
  /** Used only while no other candidate is available. */
  readonly backup: boolean;
  /** Connections in use at this moment. */
  readonly connections: number;
  /** It is available from this time on; `Infinity`: it is down, until a health check says otherwise. */
  readonly restsUntilMs: number;
}

/** Whether it may be picked: it does not rest, and this exchange has not tried it. */
export function isEligible<C extends Candidate>(candidate: C, nowMs: number, tried: readonly C[]): boolean {
  return candidate.restsUntilMs <= nowMs && (tried.length === 0 || !tried.includes(candidate));
}
