import assert from "node:assert/strict";
import { test } from "node:test";
import type { DrainCounts, DrainsQuestion } from "../../model/channel.ts";
import { HandoverDrains } from "./handover-drains.ts";

const GIVER = 0;
const TAKER = 2;
const DRAIN = 7;

interface Asked {
  readonly worker: number;
  readonly released: number | undefined;
  answer(connections: number, released?: number): Promise<void>;
  die(): Promise<void>;
}

/** A pair whose answers the test gives; `reports` has what was believed, by worker. */
function newPair(): { drains: HandoverDrains; asked: Asked[]; reports: Record<number, number>[] } {
  const asked: Asked[] = [];
  const reports: Record<number, number>[] = [];
  const drains = new HandoverDrains({
    ask: (worker: number, { released }: DrainsQuestion) => {
      const { promise, resolve } = Promise.withResolvers<DrainCounts | undefined>();
      const settle = async (counts: DrainCounts | undefined): Promise<void> => {
        resolve(counts);
        await new Promise((later) => setImmediate(later));
      };
      asked.push({
        worker,
        released,
        answer: (connections, newest) =>
          settle({
            uses: connections === 0 ? [] : [{ drain: DRAIN, connections }],
            ...(newest !== undefined && { released: newest }),
          }),
        die: () => settle(undefined),
      });
      return promise;
    },
    report: (all) =>
      void reports.push(
        Object.fromEntries(all.map(({ worker, uses }) => [worker, uses[0]?.connections ?? 0])),
      ),
  });
  drains.begin(GIVER, TAKER);
  return { drains, asked, reports };
}

test("a worker that hands nothing over is none of our business", () => {
  const { drains, asked } = newPair();
  assert.deepEqual([drains.changed(1), drains.left(1)], [false, false]);
  assert.deepEqual(asked, []);
});

test("what one of the pair tells makes us ask the giver, then the taker without what is on its way, and believe both", async () => {
  const { drains, asked, reports } = newPair();
  assert.equal(drains.changed(GIVER), true);
  await asked[0]!.answer(3, 5);
  assert.deepEqual(reports, []);
  await asked[1]!.answer(4);
  assert.deepEqual(
    asked.map(({ worker, released }) => [worker, released]),
    [
      [GIVER, undefined],
      [TAKER, 5],
    ],
  );
  assert.deepEqual(reports, [{ [GIVER]: 3, [TAKER]: 4 }]);
});

test("a round in which something was told is not believed: another follows", async () => {
  const { drains, asked, reports } = newPair();
  drains.changed(GIVER);
  await asked[0]!.answer(1, 0);
  drains.changed(TAKER);
  await asked[1]!.answer(0);
  assert.deepEqual(reports, []);
  await asked[2]!.answer(0, 1);
  await asked[3]!.answer(1);
  assert.deepEqual(reports, [{ [GIVER]: 0, [TAKER]: 1 }]);
});

test("a giver that leaves is forgotten only with the word of the taker on all that it took", async () => {
  const { drains, asked, reports } = newPair();
  assert.equal(drains.left(GIVER), true);
  assert.deepEqual([asked[0]!.worker, asked[0]!.released], [TAKER, Number.MAX_SAFE_INTEGER]);
  await asked[0]!.answer(1);
  assert.deepEqual(reports, [{ [GIVER]: 0, [TAKER]: 1 }]);
  assert.equal(drains.changed(TAKER), false, "the pair is over");
});

test("a giver that dies in the midst of a round is asked for no more", async () => {
  const { drains, asked, reports } = newPair();
  drains.changed(GIVER);
  drains.left(GIVER);
  await asked[0]!.die();
  await asked[1]!.answer(2);
  await asked[2]!.answer(2);
  assert.deepEqual(
    asked.map(({ worker }) => worker),
    [GIVER, TAKER, TAKER],
  );
  assert.deepEqual(reports.at(-1), { [GIVER]: 0, [TAKER]: 2 });
});

test("when the taker dies, the giver alone is asked what it has", async () => {
  const { drains, asked, reports } = newPair();
  drains.changed(GIVER);
  await asked[0]!.answer(1, 0);
  assert.equal(drains.left(TAKER), false, "what it had is gone with it");
  await asked[1]!.die();
  await asked[2]!.answer(1);
  assert.deepEqual([asked[2]!.worker, asked.length], [GIVER, 3]);
  assert.deepEqual(reports, [{ [GIVER]: 1 }]);
});

test("when both die, nothing is left of either", async () => {
  const { drains, asked, reports } = newPair();
  drains.left(GIVER);
  drains.left(TAKER);
  await asked[0]!.die();
  assert.deepEqual(reports, [{ [GIVER]: 0 }]);
});
