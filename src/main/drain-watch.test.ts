import assert from "node:assert/strict";
import { test } from "node:test";
import { type DrainDeadline, DrainWatch, type Usage } from "./drain-watch.ts";

const USAGE: Usage = { connections: 2, workers: { "0": 2 } };

function newWatch(deadline?: DrainDeadline): { watch: DrainWatch; told: string[] } {
  const told: string[] = [];
  const listener = {
    progress: ({ connections }: Usage): void => void told.push(`progress ${connections}`),
    finished: (drainedMs: number): void => void told.push(`finished ${drainedMs}`),
    kept: ({ connections }: Usage): void => void told.push(`kept ${connections}`),
    undrained: ({ connections }: Usage): void => void told.push(`undrained ${connections}`),
  };
  const watch = new DrainWatch([1], {
    listener,
    progressMs: 1_000,
    deadlines: deadline === undefined ? [] : [deadline],
    sinceMs: 90,
    nowMs: 100,
  });
  return { watch, told };
}

test("progress is told at once, and again when its time has come", () => {
  const { watch, told } = newWatch();
  watch.owe(() => USAGE, 100);
  assert.deepEqual([told, watch.isOwed, watch.dueMs], [["progress 2"], false, Infinity]);
  watch.owe(() => assert.fail("counted for nobody"), 1_099);
  assert.deepEqual([told.length, watch.isOwed, watch.dueMs], [1, true, 1_100]);
  watch.owe(() => USAGE, 1_100);
  assert.deepEqual([told.length, watch.isOwed, watch.dueMs], [2, false, Infinity]);
});

test("a deadline passes once, and what is owed does not make it later", () => {
  const { watch } = newWatch({ atMs: 500, onDeadline: "keep", drains: new Set([1]) });
  watch.owe(() => USAGE, 100);
  watch.owe(() => USAGE, 101);
  assert.equal(watch.dueMs, 500);
  assert.deepEqual(watch.takeDeadlines(499), []);
  assert.equal(watch.takeDeadlines(500)[0]?.onDeadline, "keep");
  assert.deepEqual(watch.takeDeadlines(501), []);
  assert.equal(watch.dueMs, 1_100);
});

test("who has left is told nothing", () => {
  const { watch, told } = newWatch();
  assert.equal(watch.hasClient, true);
  watch.leave();
  watch.owe(() => USAGE, 100);
  watch.keep(USAGE);
  watch.finish(200);
  assert.deepEqual([told, watch.hasClient], [[], false]);
});
