import assert from "node:assert/strict";
import { test } from "node:test";
import { createLog } from "../io/log.ts";
import { StopSequence } from "./stop-sequence.ts";

interface Rig {
  readonly sequence: StopSequence;
  readonly log: string[];
  /** All queues are empty. */
  readonly empty: () => void;
  /** The time for that is over; `false` where it was called off. */
  readonly timeIsOver: () => boolean;
}

function newRig(): Rig {
  const log: string[] = [];
  const emptied = Promise.withResolvers<void>();
  let over: (() => void) | undefined;
  const sequence = new StopSequence({
    listeners: {
      retireAll: () => (log.push("empty the queues"), emptied.promise),
      closeAll: () => log.push("close"),
    },
    supervisor: {
      stopAll: async (deadlineMs) => void log.push(`stop ${deadlineMs}`),
      cutAll: async () => void log.push("cut"),
      cutShort: 0,
    },
    workers: { all: () => [] },
    serviceManager: { stopping: () => log.push("stopping") },
    log: createLog({ level: "silent", form: "text", write: () => undefined, now: () => 0 }),
    afterEmptying: (action) => {
      over = action;
      return () => (over = undefined);
    },
  });
  const timeIsOver = (): boolean => {
    over?.();
    return over !== undefined;
  };
  return { sequence, log, empty: emptied.resolve, timeIsOver };
}

test("workers are stopped when the queues are empty", async () => {
  const { sequence, log, empty, timeIsOver } = newRig();
  const stopped = sequence.softly(70);
  await Promise.resolve();
  assert.deepEqual(log, ["stopping", "empty the queues"]);
  empty();
  await stopped;
  assert.deepEqual(log.slice(2), ["stop 70"]);
  assert.equal(timeIsOver(), false, "called off");
  assert.equal(await sequence.stopped, "clean");
});

test("a queue that does not become empty in its time keeps nobody from the deadline", async () => {
  const { sequence, log, timeIsOver } = newRig();
  const stopped = sequence.softly(70);
  assert.equal(timeIsOver(), true);
  await stopped;
  assert.deepEqual(log, ["stopping", "empty the queues", "stop 70"]);
});
