/**
 * Everything that happens, in one order, the last of it kept. Who reads has a place of its own in it: a slow
 * reader costs nothing, and finds a gap when it comes too late.
 *
 * ```text
 *  numbers   first … │ oldest kept … last │ next
 *            forgotten  ▲ a reader's place: the last one that it has read
 * ```
 *
 * Rules of this file:
 *  1. Each event has the number after that of the one before. A run of main begins with the microsecond of
 *     its start, so a number of another run is none of this one's, as long as the clock does not go back and
 *     fewer than a million events happen in a second.
 *  2. At most `eventsMax` events of at most `charsMax` characters together are kept; the oldest go first.
 */
import { assert } from "../../base/assert.ts";
import type { CarriedEvents } from "../../model/carried.ts";
import type { Gap, Happening, LoggedEvent } from "../../model/events.ts";

export interface EventLogOptions {
  readonly startedAtMs: number;
  readonly eventsMax: number;
  /** Of the events as JSON. */
  readonly charsMax: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Of the main that has become us: its run goes on. */
  readonly carried?: CarriedEvents | undefined;
}

/** What a reader finds after its place: events, or that it has missed some. */
export type Reading =
  | { readonly kind: "events"; readonly events: readonly LoggedEvent[] }
  | { readonly kind: "gap"; readonly gap: Gap };

interface Kept {
  readonly event: LoggedEvent;
  readonly chars: number;
}

/** When so many of the array's first places are empty, it is made anew. */
const FORGOTTEN_MAX = 1_024;

export class EventLog {
  readonly #options: EventLogOptions;
  /** The first event of this run. */
  readonly #first: number;
  /** In order; the first `#forgotten` places are empty. */
  #kept: (Kept | undefined)[] = [];
  #forgotten = 0;
  #chars = 0;
  #next: number;
  readonly #watchers: Set<() => void> = new Set();

  constructor(options: EventLogOptions) {
    const { startedAtMs, carried } = options;
    this.#options = options;
    this.#first = carried?.first ?? Math.floor(startedAtMs) * 1_000;
    this.#next = carried?.next ?? this.#first;
    for (const event of carried?.events ?? []) this.#keep(event);
  }

  /** All that the next program goes on with. */
  carry(): CarriedEvents {
    const events = this.#kept.slice(this.#forgotten).map((each) => each!.event);
    return { first: this.#first, next: this.#next, events };
  }

  /** The number of the last event; one less than the first's, before there is one. */
  get last(): number {
    return this.#next - 1;
  }

  /** How many read as it grows. */
  get watcherCount(): number {
    return this.#watchers.size;
  }

  /** It happens now. Those who watch are told before this returns. */
  append(happening: Happening): void {
    this.#keep({ sequence: this.#next++, time_ms: this.#options.now(), ...happening });
    this.#forget();
    for (const more of [...this.#watchers]) more();
  }

  /** How many there were in this run. */
  get total(): number {
    return this.#next - this.#first;
  }

  /** The place from which all that is kept is read, as `since: 0` asks for. */
  get beginning(): number {
    return this.#next - this.#count - 1;
  }

  /** At most `max` events after a place. A place that is none of this run's is a gap. */
  read(place: number, max: number): Reading {
    const oldest = this.#next - this.#count;
    if (place < oldest - 1 || place > this.last) {
      const isOurs = place >= this.#first - 1 && place <= this.last;
      const missed = isOurs ? oldest - 1 - place : null;
      return { kind: "gap", gap: { sequence: oldest - 1, event: "GAP", next: oldest, missed } };
    }
    const start = this.#forgotten + place + 1 - oldest;
    const kept = this.#kept.slice(start, start + max);
    return { kind: "events", events: kept.map((each) => each!.event) };
  }

  /** Calls `more` after each event; gives how to stop that. */
  watch(more: () => void): () => void {
    this.#watchers.add(more);
    return () => this.#watchers.delete(more);
  }

  get #count(): number {
    return this.#kept.length - this.#forgotten;
  }

  #keep(event: LoggedEvent): void {
    const chars = JSON.stringify(event).length;
    this.#kept.push({ event, chars });
    this.#chars += chars;
  }

  #forget(): void {
    const { eventsMax, charsMax } = this.#options;
    while (this.#count > eventsMax || this.#chars > charsMax) {
      this.#chars -= this.#kept[this.#forgotten]!.chars;
      this.#kept[this.#forgotten++] = undefined;
    }
    if (this.#forgotten > FORGOTTEN_MAX) {
      this.#kept = this.#kept.slice(this.#forgotten);
      this.#forgotten = 0;
    }
    assert(this.#chars >= 0, "counts fewer than no characters");
  }
}
