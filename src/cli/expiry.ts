/**
 * When a certificate ends, as tables show it: the day, and a mark where that is near or over.
 */
import { counted } from "../base/text.ts";
import { EXPIRY_NEAR_MS } from "../model/limits.ts";

const DAY_MS = 86_400_000;

/** As in `2027-01-31`; near it `2027-01-31 (in 9 days)`; after it `2027-01-31 (expired)`. */
export function describeExpiry(timeMs: number, nowMs: number = Date.now()): string {
  const leftMs = timeMs - nowMs;
  const day = dayOf(timeMs);
  if (leftMs <= 0) return `${day} (expired)`;
  if (leftMs > EXPIRY_NEAR_MS) return day;
  const days = Math.floor(leftMs / DAY_MS);
  if (days === 0) return `${day} (within a day)`;
  return `${day} (in ${counted(days, "day")})`;
}

export function dayOf(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10);
}
