/**
 * The engine's limits by name, with their defaults. Times that users set per listener are not here: they are
 * configuration.
 */
import { TARGET_BYTES_MAX_DEFAULT } from "../http1/read-head.ts";
import { PROXY_HEADER_BYTES_MAX_DEFAULT } from "../proxy-protocol/read-header.ts";

export interface EngineLimits {
  /**
   * The longest head that is read, request or response; 431 or 502 beyond. At most a buffer less what writing
   * adds.
   */
  readonly headBytesMax: number;
  /** The longest PROXY header (at least 107), at listeners that ask for one; closed without a word beyond. */
  readonly proxyHeaderBytesMax: number;
  /** The longest request target; 414 beyond. */
  readonly targetBytesMax: number;
  /** The largest request content; 413 beyond. Not limited unless said: a proxy does not store it. */
  readonly bodyBytesMax: number;
  /**
   * Buffers waiting for one slow receiver at which its source is no longer read. Fewer when many share what
   * is unused: see `reading.ts`.
   */
  readonly unsentBuffersMax: number;
  /** The share of all buffers that bodies leave to heads, and to what comes with heads. */
  readonly keptBuffersShare: number;
  /** When bodies take turns: their first bytes do not, so many that a socket has room for them. */
  readonly promptBytesMax: number;
  /** When bodies take turns: in so long, no more turns are given than there are buffers. */
  readonly bodyRoundMs: number;
  /** Received bytes that wait for an exchange to end (pipelining) at which the client is no longer read. */
  readonly pendingBytesMax: number;
  /** The same in pieces: each keeps a buffer, however small it is. */
  readonly pendingPiecesMax: number;
  /** Bodies up to this size travel in one piece with their head instead of as a slice of their own. */
  readonly copiedBytesMax: number;
  /** How many backends are tried for one exchange. */
  readonly attemptsMax: number;
  /** Interim (1xx) responses passed on for one request; a backend that sends more is at fault. */
  readonly interimResponsesMax: number;
  /**
   * The share of all connection numbers that clients may take: the rest is for backends. More clients get 503
   * and are let go.
   */
  readonly sessionsShareMax: number;
  /**
   * How long an idle backend connection is kept: shorter than what servers commonly keep (5 s), so that they
   * rarely race.
   */
  readonly idleBackMs: number;
  /** Idle connections kept per backend. */
  readonly idleBacksMax: number;
  /** How long a connection whose last response is written waits for its client to end. */
  readonly lingerMs: number;
  /** How long a tunnel may be silent. */
  readonly tunnelIdleMs: number;
  /** The same when one of its sides has ended: the other has little left to say. */
  readonly tunnelHalfEndedMs: number;
  /**
   * How long we stay after `stop` without a session, for a connection that the kernel had handed us already.
   */
  readonly leaveGraceMs: number;
  /** The least time between two reports of one drain's count. */
  readonly drainReportMs: number;
  /** Certificates that are kept ready for handshakes. */
  readonly readyCertificatesMax: number;
  /** Contexts that are kept for connections to backends: one for each set of terms. */
  readonly clientContextsMax: number;
  /** Lines on failed handshakes, for each listener and second; more are counted in one line. */
  readonly handshakeFaultLinesMax: number;
  /** Health checks that run at one time; others wait for their turn. */
  readonly healthChecksMax: number;
  /** The share of all connection numbers that health checks may take, where that is less. */
  readonly healthChecksShareMax: number;
  /** When a health check is tried again that could not be made, for want of a connection or a buffer. */
  readonly healthRetryMs: number;
  /** Connections that are on their way to another worker at one time, at first; a tunnel is one. */
  readonly handOverFrozenMin: number;
  /** The same, when all goes quickly. */
  readonly handOverFrozenMax: number;
  /** How long one of them may stand still; beyond that, fewer go at one time. */
  readonly handOverFrozenMs: number;
  /** A session that has more to write waits until less is left. */
  readonly handOverUnsentBytesMax: number;
  /** How often all connections are looked at for what can go over now. */
  readonly handOverLookMs: number;
  /** The wait when the other worker had no room. */
  readonly handOverPauseMs: number;
}

export const ENGINE_LIMITS_DEFAULT: EngineLimits = {
  headBytesMax: 15_360,
  proxyHeaderBytesMax: PROXY_HEADER_BYTES_MAX_DEFAULT,
  targetBytesMax: TARGET_BYTES_MAX_DEFAULT,
  bodyBytesMax: Number.MAX_SAFE_INTEGER,
  unsentBuffersMax: 24,
  keptBuffersShare: 0.25,
  promptBytesMax: 16_384,
  bodyRoundMs: 20,
  pendingBytesMax: 65_536,
  pendingPiecesMax: 8,
  copiedBytesMax: 2_048,
  attemptsMax: 3,
  interimResponsesMax: 16,
  sessionsShareMax: 0.75,
  idleBackMs: 4_000,
  idleBacksMax: 1_024,
  lingerMs: 2_000,
  tunnelIdleMs: 3_600_000,
  tunnelHalfEndedMs: 30_000,
  leaveGraceMs: 20,
  drainReportMs: 20,
  readyCertificatesMax: 1_024,
  clientContextsMax: 256,
  handshakeFaultLinesMax: 5,
  healthChecksMax: 64,
  healthChecksShareMax: 1 / 16,
  healthRetryMs: 250,
  handOverFrozenMin: 8,
  handOverFrozenMax: 400,
  handOverFrozenMs: 10,
  handOverUnsentBytesMax: 65_536,
  handOverLookMs: 20,
  handOverPauseMs: 100,
};
