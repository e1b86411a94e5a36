/**
 * When a backend that cannot be connected to is left alone, and for how long. Not health checks, which ask;
 * this learns from what requests meet.
 */

/** So many failures in a row, and a backend rests. */
export const FAILURES_BEFORE_REST = 3;
/** Its first rest; each failure after a rest makes the next one twice as long. */
export const REST_MS_MIN = 1_000;
/** Its longest rest. */
export const REST_MS_MAX = 30_000;

/** Part of the engine's backend. */
export interface Rest {
  /** Failures in a row that counted. */
  failures: number;
  /** It is available from this time on. */
  restsUntilMs: number;
}

/**
 * Counts a failed connect. One that comes while the backend rests does not count: it was under way before, or
 * was tried because all others rest too, and many at once must not make the rest longer.
 */
export function countFailure(rest: Rest, nowMs: number): void {
  if (nowMs < rest.restsUntilMs) return;
  rest.failures++;
  if (rest.failures < FAILURES_BEFORE_REST) return;
  const doublings = rest.failures - FAILURES_BEFORE_REST;
  rest.restsUntilMs = nowMs + Math.min(REST_MS_MAX, REST_MS_MIN * 2 ** doublings);
}

/** A connect that went well: it is available, and as good as new. */
export function forgetFailures(rest: Rest): void {
  rest.failures = 0;
  rest.restsUntilMs = 0;
}
