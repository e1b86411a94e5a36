/**
 * One who is told all events: its place in the log, moved on as its connection takes them. It keeps nothing
 * of what it has to tell, so it may be as slow as it likes.
 *
 * ```text
 *  reading ──no more events──► waits for events ──one more──► reading
 *     └──────no room─────────► waits for room   ──drained───► reading
 * ```
 */
import type { EventData } from "../../model/events.ts";
import type { EventLog } from "./event-log.ts";

/** Where events are told: a client's connection. */
export interface EventTarget {
  tell(data: EventData): void;
  /** False: the client has not read what it was told before. */
  readonly hasRoom: boolean;
  /** Calls `more`, once, when it has. */
  onRoom(more: () => void): void;
}

/** Read at one time: the log is not copied whole for one who reads it from the beginning. */
const EVENTS_AT_ONCE = 64;

export class Subscription {
  readonly #log: EventLog;
  readonly #target: EventTarget;
  readonly #unwatch: () => void;
  #state: "waits for events" | "waits for room" | "over" = "waits for events";
  /** The last one that was told. */
  #place: number;

  /** `since`: the last event that is known; 0 for all that is kept of this run; absent for those to come. */
  constructor(log: EventLog, target: EventTarget, since: number | undefined) {
    this.#log = log;
    this.#target = target;
    this.#place = since === undefined ? log.last : since === 0 ? log.beginning : since;
    if (since === undefined) target.tell({ sequence: log.last, event: "SUBSCRIBED" });
    this.#unwatch = log.watch(() => {
      if (this.#state === "waits for events") this.#read();
    });
    this.#read();
  }

  /** The last event that was told. */
  get place(): number {
    return this.#place;
  }

  /** Its client is gone. */
  end(): void {
    this.#state = "over";
    this.#unwatch();
  }

  #read(): void {
    while (this.#target.hasRoom) {
      const reading = this.#log.read(this.#place, EVENTS_AT_ONCE);
      const told = reading.kind === "gap" ? [reading.gap] : reading.events;
      if (told.length === 0) {
        this.#state = "waits for events";
        return;
      }
      for (const data of told) {
        if (!this.#target.hasRoom) break;
        this.#target.tell(data);
        this.#place = data.sequence;
      }
    }
    this.#state = "waits for room";
    this.#target.onRoom(() => {
      if (this.#state === "waits for room") this.#read();
    });
  }
}
