import assert from "node:assert/strict";
import { test } from "node:test";
import { Gathering } from "./gathering.ts";

/** A gathering with these workers at revision 0, and the list of revisions that were told. */
function gather(...workers: number[]): {
  gathering: Gathering;
  told: number[];
  wait: (revision: number) => void;
} {
  const gathering = new Gathering();
  for (const worker of workers) gathering.join(worker, 0);
  const told: number[] = [];
  const wait = (revision: number): void => {
    gathering.expect(revision, `hash ${revision}`);
    gathering.when(revision, () => told.push(revision));
  };
  return { gathering, told, wait };
}

test("who waits is told when the last worker has applied it, in order", () => {
  const { gathering, told, wait } = gather(0, 1);
  for (const revision of [1, 2, 3]) wait(revision);
  gathering.applied(0, 3, "hash 3");
  assert.deepEqual(told, []);
  gathering.applied(1, 2, "hash 2");
  assert.deepEqual(told, [1, 2]);
  gathering.applied(1, 3, "hash 3");
  assert.deepEqual(told, [1, 2, 3]);
});

test("a worker that dies releases those who waited for it alone", () => {
  const { gathering, told, wait } = gather(0, 1);
  wait(1);
  gathering.applied(0, 1, "hash 1");
  gathering.leave(1);
  assert.deepEqual(told, [1]);
});

test("with no worker at all nobody waits: the next one loads a state that has it", () => {
  const { told, wait } = gather();
  wait(1);
  assert.deepEqual(told, [1]);
});

test("a wait for what is already applied everywhere is told at once", () => {
  const { gathering, told, wait } = gather(0);
  wait(1);
  gathering.applied(0, 1, "hash 1");
  gathering.when(1, () => told.push(-1));
  assert.deepEqual(told, [1, -1]);
});

test("a hash that differs at an equal revision is seen, also from a worker that does not count yet", () => {
  const { gathering, wait } = gather(0, 1);
  wait(1);
  assert.equal(gathering.applied(0, 1, "hash 1"), true);
  assert.equal(gathering.applied(7, 1, "another"), false);
  assert.equal(gathering.applied(1, 1, "another"), false);
});

test("one that waits while it is told keeps the order", () => {
  const { gathering, told, wait } = gather(0);
  gathering.when(1, () => {
    told.push(1);
    wait(2);
  });
  gathering.applied(0, 2, "x");
  assert.deepEqual(told, [1, 2]);
});

test("thousands of waits leave nothing behind", () => {
  const { gathering, told, wait } = gather(0, 1);
  for (let revision = 1; revision <= 10_000; revision++) {
    wait(revision);
    gathering.applied(0, revision, `hash ${revision}`);
    if (revision > 100) gathering.applied(1, revision - 100, `hash ${revision - 100}`);
  }
  assert.equal(told.length, 9_900);
  assert.equal(gathering.settledRevision, 9_900);
});
