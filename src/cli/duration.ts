/**
 * Durations as people write them: `500ms`, `10s`, `2m`, `1h`. The protocol has milliseconds.
 */

const UNITS_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/**
 * Milliseconds of `"500ms"`, `"1.5s"`, `"2m"`; `undefined` for anything else, a number without its unit too.
 */
export function parseDuration(text: string): number | undefined {
  const [, digits, unit] = /^([0-9]{1,12}(?:\.[0-9]{1,3})?)(ms|s|m|h|d)$/.exec(text) ?? [];
  if (digits === undefined || unit === undefined) return undefined;
  const durationMs = Number(digits) * UNITS_MS[unit as keyof typeof UNITS_MS];
  return Number.isInteger(durationMs) ? durationMs : undefined;
}

/** The two largest units of a duration: `350ms`, `4s`, `2m 5s`, `3d 4h`. */
export function formatDuration(durationMs: number): string {
  if (durationMs < 1_000) return `${Math.round(durationMs)}ms`;
  const parts: string[] = [];
  let restMs = durationMs;
  for (const unit of ["d", "h", "m", "s"] as const) {
    const count = Math.floor(restMs / UNITS_MS[unit]);
    restMs -= count * UNITS_MS[unit];
    if (count > 0 || parts.length > 0) parts.push(`${count}${unit}`);
  }
  return parts
    .slice(0, 2)
    .filter((part) => !part.startsWith("0"))
    .join(" ");
}
