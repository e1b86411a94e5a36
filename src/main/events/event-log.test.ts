import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Happening } from "../../model/events.ts";
import { EventLog } from "./event-log.ts";

const STARTED_MS = 1_764_000_000_000;
const FIRST = STARTED_MS * 1_000;

function newLog(eventsMax = 10, charsMax = 100_000, startedAtMs = STARTED_MS): EventLog {
  return new EventLog({ startedAtMs, eventsMax, charsMax, now: () => 7 });
}

function started(worker: number): Happening {
  return { event: "WORKER_STARTED", worker, pid: 1 };
}

/** The sequences after a place, or how many are missed and where it goes on. */
function read(log: EventLog, place: number): string {
  const reading = log.read(place, 100);
  if (reading.kind === "gap") return `${reading.gap.missed} missed, next ${reading.gap.next - FIRST}`;
  return reading.events.map(({ sequence }) => sequence - FIRST).join(" ");
}

test("events are numbered one after the other, with their time", () => {
  const log = newLog();
  for (let worker = 0; worker < 3; worker++) log.append(started(worker));
  const reading = log.read(FIRST, 10);
  assert.ok(reading.kind === "events");
  assert.deepEqual(reading.events, [
    { sequence: FIRST + 1, time_ms: 7, ...started(1) },
    { sequence: FIRST + 2, time_ms: 7, ...started(2) },
  ]);
});

test("what is not kept any more is a gap, that says how many and where to go on", () => {
  const log = newLog(3);
  for (let worker = 0; worker < 5; worker++) log.append(started(worker));
  assert.equal(read(log, FIRST - 1), "2 missed, next 2");
  assert.equal(read(log, FIRST), "1 missed, next 2");
  assert.equal(read(log, log.beginning), "2 3 4", "who asks for what is kept has missed nothing");
  assert.equal(read(log, FIRST + 1), "2 3 4");
});

test("a number of another run is a gap, whichever run was first", () => {
  const before = newLog();
  const after = newLog(10, 100_000, STARTED_MS + 1);
  for (const log of [before, after]) for (let worker = 0; worker < 3; worker++) log.append(started(worker));
  assert.equal(read(after, before.last), `null missed, next ${after.beginning + 1 - FIRST}`);
  assert.equal(read(before, after.last), "null missed, next 0");
  assert.equal(read(after, 1), `null missed, next ${after.beginning + 1 - FIRST}`);
});

test("few large events push out as much as many small ones", () => {
  const log = newLog(1_000, 1_000);
  for (let worker = 0; worker < 5; worker++)
    log.append({
      event: "WORKER_DIED",
      worker,
      pid: 1,
      reason: "x".repeat(300),
      deaths: 1,
      replaced_in_ms: 0,
    });
  assert.equal(read(log, FIRST - 1), "3 missed, next 3");
});

test("who watches is told of each event, and of none after it stopped", () => {
  const log = newLog();
  let count = 0;
  const unwatch = log.watch(() => count++);
  log.append(started(0));
  unwatch();
  log.append(started(1));
  assert.deepEqual([count, log.watcherCount], [1, 0]);
});

test("over thousands of events what is kept stays the last of them", () => {
  const log = newLog(5);
  for (let worker = 0; worker < 5_000; worker++) {
    log.append(started(worker));
    const kept = read(log, Math.max(log.last - 5, log.beginning)).split(" ");
    assert.deepEqual([kept.length, kept.at(-1)], [Math.min(5, worker + 1), `${worker}`]);
  }
});

test("however a reader comes and goes, it reads each event once, in order, or is told that it missed it", () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("append" as const), count: fc.integer({ min: 1, max: 8 }) }),
    fc.record({ kind: fc.constant("read" as const), max: fc.integer({ min: 1, max: 4 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 12 }), (steps, eventsMax) => {
      const log = newLog(eventsMax);
      let place = log.beginning;
      let accounted = 0;
      for (const each of steps) {
        if (each.kind === "append")
          for (let index = 0; index < each.count; index++) log.append(started(index));
        else {
          const reading = log.read(place, each.max);
          if (reading.kind === "gap") {
            assert.ok(reading.gap.missed! > 0);
            accounted += reading.gap.missed!;
            place = reading.gap.sequence;
          } else {
            for (const { sequence } of reading.events) assert.equal(sequence, ++place);
            accounted += reading.events.length;
          }
        }
        assert.equal(place, FIRST - 1 + accounted);
      }
    }),
  );
});

test("a log that is carried over goes on with its numbers, what it keeps, and what it has forgotten", () => {
  const before = newLog(3);
  for (let worker = 0; worker < 5; worker++) before.append(started(worker));
  const carried = JSON.parse(JSON.stringify(before.carry())) as ReturnType<EventLog["carry"]>;
  const log = new EventLog({ startedAtMs: 9, eventsMax: 3, charsMax: 100_000, now: () => 7, carried });
  assert.equal(read(log, FIRST + 1), "2 3 4");
  assert.equal(read(log, FIRST), read(before, FIRST));
  log.append(started(5));
  assert.equal(read(log, FIRST + 4), "5");
  assert.equal(read(log, FIRST + 2), "3 4 5");
});
