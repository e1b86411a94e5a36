/**
 * From when on a backend is available: one number, `restsUntilMs`, for all that may keep it from being
 * chosen.
 *
 *  - A time to come: it rests. Requests could not connect to it, and it is left alone for so long.
 *  - `Infinity`: it is down. Health checks said so (`health.ts`), and only they end it: what requests meet
 *    does not count while it is down.
 *  - Any other: it is available.
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
  /** It is available from this time on; `Infinity`: down. */
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

/** A connect that went well, unless it is down: it is available, and as good as new. */
export function forgetFailures(rest: Rest): void {
  if (!isDown(rest)) makeAvailable(rest);
}

export function isDown({ restsUntilMs }: Pick<Rest, "restsUntilMs">): boolean {
  return restsUntilMs === Infinity;
}

/** Health checks found it down. */
export function takeDown(rest: Rest): void {
  rest.failures = 0;
  rest.restsUntilMs = Infinity;
}

/** Whatever was known of it does not count any more. */
export function makeAvailable(rest: Rest): void {
  rest.failures = 0;
  rest.restsUntilMs = 0;
}
