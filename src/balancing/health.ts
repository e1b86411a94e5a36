/**
 * What health checks have found of a backend: counts what comes in a row, and says when that turns the
 * verdict. It connects nowhere and knows no time; what a verdict does to choosing is in `rest.ts`.
 *
 * | verdict | check passed                     | check failed                       |
 * | ------- | -------------------------------- | ---------------------------------- |
 * | unknown | up                               | down                               |
 * | up      | forgets the failures             | down after `unhealthy` in a row    |
 * | down    | up after `healthy` in a row      | forgets those that passed          |
 *
 * Unknown is a backend that was just added, or its worker just started: it takes requests, because it was
 * added to take them, and its first check decides.
 */
import { assertNever } from "../base/assert.ts";

export interface Health {
  verdict: "unknown" | "up" | "down";
  /** Checks in a row that spoke against the verdict. */
  against: number;
}

export interface HealthThresholds {
  /** So many checks in a row must pass before what is down is up. */
  readonly healthy: number;
  /** So many checks in a row must fail before what is up is down. */
  readonly unhealthy: number;
}

export function newHealth(): Health {
  return { verdict: "unknown", against: 0 };
}

/** Counts one check; true if it turned the verdict. */
export function countCheck(health: Health, passed: boolean, thresholds: HealthThresholds): boolean {
  const speaksFor = passed ? "up" : "down";
  if (health.verdict === speaksFor) {
    health.against = 0;
    return false;
  }
  health.against++;
  if (health.against < checksNeeded(health.verdict, thresholds)) return false;
  health.verdict = speaksFor;
  health.against = 0;
  return true;
}

/** How many checks in a row turn a verdict. */
function checksNeeded(verdict: Health["verdict"], { healthy, unhealthy }: HealthThresholds): number {
  switch (verdict) {
    case "unknown":
      return 1;
    case "up":
      return unhealthy;
    case "down":
      return healthy;
    default:
      return assertNever(verdict);
  }
}
