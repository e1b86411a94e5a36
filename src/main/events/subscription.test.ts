import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { EventData } from "../../model/events.ts";
import { EventLog } from "./event-log.ts";
import { Subscription } from "./subscription.ts";

/** A client that reads only when it is told to. */
class Reader {
  readonly told: EventData[] = [];
  #room: number;
  #more: (() => void) | undefined;

  constructor(room = Infinity) {
    this.#room = room;
  }

  get hasRoom(): boolean {
    return this.#room > 0;
  }

  tell(data: EventData): void {
    assert.ok(this.hasRoom || data.event === "SUBSCRIBED", "told though it has no room");
    this.#room--;
    this.told.push(data);
  }

  onRoom(more: () => void): void {
    assert.equal(this.#more, undefined, "waits twice");
    this.#more = more;
  }

  /** Reads some of what it was told. */
  readOn(events: number): void {
    this.#room = events;
    const more = this.#more;
    this.#more = undefined;
    more?.();
  }
}

function newLog(eventsMax = 100): EventLog {
  return new EventLog({ startedAtMs: 1, eventsMax, charsMax: 1_000_000, now: () => 0 });
}

function happen(log: EventLog, count = 1): void {
  for (let worker = 0; worker < count; worker++) log.append({ event: "WORKER_STARTED", worker, pid: 1 });
}

const sequencesOf = (reader: Reader): number[] => reader.told.map(({ sequence }) => sequence);

test("without since: where it stands, then what is to come", () => {
  const log = newLog();
  happen(log, 2);
  const reader = new Reader();
  new Subscription(log, reader, undefined);
  happen(log, 2);
  assert.deepEqual(
    reader.told.map(({ event }) => event),
    ["SUBSCRIBED", "WORKER_STARTED", "WORKER_STARTED"],
  );
  assert.deepEqual(sequencesOf(reader), [1_001, 1_002, 1_003]);
});

test("since 0: all that is kept of this run, and no gap", () => {
  const log = newLog();
  happen(log, 200);
  const reader = new Reader();
  new Subscription(log, reader, 0);
  assert.deepEqual(
    reader.told.map(({ event }) => event),
    Array.from({ length: 100 }, () => "WORKER_STARTED"),
  );
});

test("one that stops reading is told no more, and later what it missed and where it goes on", () => {
  const log = newLog(10);
  const reader = new Reader(3);
  new Subscription(log, reader, log.last);
  happen(log, 50);
  assert.equal(reader.told.length, 3);
  reader.readOn(Infinity);
  assert.deepEqual(reader.told[3], { sequence: 1_039, event: "GAP", next: 1_040, missed: 37 });
  assert.deepEqual(
    sequencesOf(reader).slice(4),
    [1_040, 1_041, 1_042, 1_043, 1_044, 1_045, 1_046, 1_047, 1_048, 1_049],
  );
});

test("one whose client is gone is told nothing, and watched no more", () => {
  const log = newLog();
  const reader = new Reader(1);
  const subscription = new Subscription(log, reader, log.last);
  happen(log, 2);
  subscription.end();
  reader.readOn(10);
  happen(log, 2);
  assert.deepEqual([reader.told.length, log.watcherCount], [1, 0]);
});

test("whenever it connects again, and however slowly it reads, each event comes once or in a gap", () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("happen" as const), count: fc.integer({ min: 1, max: 5 }) }),
    fc.record({ kind: fc.constant("read" as const), count: fc.integer({ min: 1, max: 5 }) }),
    fc.record({ kind: fc.constant("connect" as const), room: fc.integer({ min: 1, max: 5 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const log = newLog(8);
      let place = log.last;
      let reader = new Reader(1);
      let subscription = new Subscription(log, reader, place);
      const count = (): void => {
        for (const data of reader.told.splice(0)) {
          if (data.event === "GAP") place += data.missed!;
          else place++;
          assert.equal(data.sequence, place);
        }
      };
      for (const each of steps) {
        if (each.kind === "happen") happen(log, each.count);
        else if (each.kind === "read") reader.readOn(each.count);
        else {
          count();
          subscription.end();
          reader = new Reader(each.room);
          subscription = new Subscription(log, reader, place);
        }
        count();
      }
      reader.readOn(Infinity);
      count();
      assert.equal(place, log.last);
    }),
  );
});
