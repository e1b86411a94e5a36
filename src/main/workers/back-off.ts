/**
 * How long a worker that died waits before it is started again: not at all after one death, longer and longer
 * while it dies again and again, so that a defect at start does not eat the machine. Pure: times come in, a
 * time goes out.
 */

export interface BackOffLimits {
  /** Deaths older than this are forgotten. */
  readonly windowMs: number;
  /** The wait after the second death in the window; it doubles with each one more. */
  readonly firstDelayMs: number;
  readonly delayMsMax: number;
}

export const BACK_OFF_LIMITS: BackOffLimits = { windowMs: 60_000, firstDelayMs: 100, delayMsMax: 10_000 };

/**
 * The deaths that still count, with one more at `nowMs`. The list stays short: more than 32 say nothing new.
 */
export function recordDeath(
  deaths: readonly number[],
  nowMs: number,
  limits: BackOffLimits = BACK_OFF_LIMITS,
): readonly number[] {
  return [...deaths.filter((deathMs) => nowMs - deathMs < limits.windowMs), nowMs].slice(-32);
}

/** How long to wait after the last of these deaths, in milliseconds. */
export function restartDelayMs(deaths: readonly number[], limits: BackOffLimits = BACK_OFF_LIMITS): number {
  if (deaths.length <= 1) return 0;
  return Math.min(limits.firstDelayMs * 2 ** (deaths.length - 2), limits.delayMsMax);
}
