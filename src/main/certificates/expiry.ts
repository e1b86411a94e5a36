/** How many certificates are near their end or past it, and when the next one ends. Pure. */
import type { Certificate } from "../../model/objects.ts";

export interface Expiry {
  readonly near: number;
  readonly over: number;
  /** Of those that are not over yet; milliseconds since 1970. */
  readonly nextEndMs: number | undefined;
}

/** `nearMs`: so long before its end a certificate is near it. */
export function expiryOf(certificates: Iterable<Certificate>, nearMs: number, nowMs: number): Expiry {
  let near = 0;
  let over = 0;
  let nextEndMs = Number.POSITIVE_INFINITY;
  for (const { not_after_ms: endMs } of certificates) {
    if (endMs <= nowMs) {
      over++;
      continue;
    }
    if (endMs - nowMs <= nearMs) near++;
    nextEndMs = Math.min(nextEndMs, endMs);
  }
  return { near, over, nextEndMs: Number.isFinite(nextEndMs) ? nextEndMs : undefined };
}
