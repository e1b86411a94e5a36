/**
 * From the text of an option to its value. What the proxy checks is not checked again here: only what cannot
 * be sent otherwise.
 */
import { InvalidArgumentError } from "commander";
import { formatDuration, parseDuration } from "./duration.ts";

/** Node's timers take 31 bits. */
const TIMER_MS_MAX = 24 * 24 * 3_600_000;

/** A whole number. */
export function parseCount(text: string): number {
  if (!/^[0-9]{1,16}$/.test(text) || !Number.isSafeInteger(Number(text)))
    throw new InvalidArgumentError("It must be a whole number.");
  return Number(text);
}

/** How many are to be shown: none would look as if there were none. */
export function parseLimit(text: string): number {
  const count = parseCount(text);
  if (count === 0) throw new InvalidArgumentError("It must be at least 1.");
  return count;
}

const BYTES_OF: Readonly<Record<string, number>> = { "": 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

/** Bytes, as in `65536`, `64MiB`. */
export function parseBytes(text: string): number {
  const [, count, unit = ""] = /^([0-9]{1,9})(KiB|MiB|GiB|)$/.exec(text) ?? [];
  if (count === undefined) throw new InvalidArgumentError("It must be a size such as 64MiB.");
  return Number(count) * BYTES_OF[unit]!;
}

/** Milliseconds of a duration with its unit. */
export function parseDurationMs(text: string): number {
  const durationMs = parseDuration(text);
  if (durationMs === undefined)
    throw new InvalidArgumentError("It must be a duration such as 500ms, 10s or 2m.");
  return durationMs;
}

/**
 * What a timer of ours waits, in milliseconds: with 0, or with more than it can, it would not wait at all.
 */
export function parseTimerMs(text: string): number {
  const durationMs = parseDurationMs(text);
  if (durationMs >= 1 && durationMs <= TIMER_MS_MAX) return durationMs;
  throw new InvalidArgumentError(`It must be from 1ms to ${formatDuration(TIMER_MS_MAX)}.`);
}

/** File permissions as chmod(1) writes them: `0600`, `660`. */
export function parseMode(text: string): number {
  if (!/^0?[0-7]{3}$/.test(text)) throw new InvalidArgumentError("It must be permissions such as 0600.");
  return Number.parseInt(text, 8);
}

/** Whole numbers, as in `200,204`. */
export function parseCounts(text: string): readonly number[] {
  return text.split(",").map(parseCount);
}

/** Gathers repeated `name=value` into one object. */
export function parseTag(text: string, tags: Readonly<Record<string, string>> = {}): Record<string, string> {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("It must be name=value.");
  return Object.fromEntries([...Object.entries(tags), [text.slice(0, at), text.slice(at + 1)]]);
}

/** A time in milliseconds since 1970, from a day such as `2027-01-31`, or a duration from now. */
export function parseTime(text: string): number {
  const durationMs = parseDuration(text);
  if (durationMs !== undefined) return Date.now() + durationMs;
  const timeMs = /^\d{4}-\d{2}-\d{2}(T[0-9:.]+Z)?$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(timeMs)) {
    throw new InvalidArgumentError("It must be a day such as 2027-01-31, or a duration such as 720h.");
  }
  return timeMs;
}

/** Gathers a repeated option into a list. */
export function parseEach(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}
