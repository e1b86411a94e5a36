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
  readonly others: DrainsQuestion["others"];
  answer(connections: number, released?: number): Promise<void>;
  die(): Promise<void>;
}

/** Lets what was promised come about. */
function settle(): Promise<void> {
  return new Promise((later) => setImmediate(later));
}

/** A pair whose answers the test gives; `reports` has what was believed, by worker. */
function newPair(): { drains: HandoverDrains; asked: Asked[]; reports: Record<number, number>[] } {
  const asked: Asked[] = [];
  const reports: Record<number, number>[] = [];
  const drains = new HandoverDrains({
    ask: (worker: number, { released, others }: DrainsQuestion) => {
      const { promise, resolve } = Promise.withResolvers<DrainCounts | undefined>();
      const answered = (counts: DrainCounts | undefined): Promise<void> => {
        resolve(counts);
        return settle();
      };
      asked.push({
        worker,
        released,
        others,
        answer: (connections, newest) =>
          answered({
            uses: connections === 0 ? [] : [{ drain: DRAIN, connections }],
            ...(newest !== undefined && { released: newest }),
          }),
        die: () => answered(undefined),
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

test("who begins to count waits for a whole round that begins after, and not where nothing goes over", async () => {
  const { drains, asked, reports } = newPair();
  let isCounted = false;
  assert.equal(drains.isAtWork, true);
  drains.changed(GIVER);
  void drains.counted().then(() => (isCounted = true));
  await asked[0]!.answer(3, 5);
  await asked[1]!.answer(4);
  assert.deepEqual([isCounted, reports], [false, []], "that round had begun before");
  await asked[2]!.answer(2, 6);
  await asked[3]!.answer(5);
  assert.deepEqual([isCounted, reports], [true, [{ [GIVER]: 2, [TAKER]: 5 }]]);
  const waiting = drains.counted();
  drains.left(TAKER);
  await waiting;
  assert.equal(drains.isAtWork, false);
  await drains.counted();
});

test("who begins to count where something is told all the time waits for five rounds, and no more", async () => {
  const { drains, asked } = newPair();
  let isCounted = false;
  void drains.counted().then(() => (isCounted = true));
  for (let round = 0; round < 5; round++) {
    assert.equal(isCounted, false);
    drains.changed(TAKER);
    await asked[2 * round]!.answer(1, 0);
    await asked[2 * round + 1]!.answer(1);
  }
  assert.equal(isCounted, true);
});

test("a giver that leaves is forgotten only with the word of the taker on all that it took", async () => {
  const { drains, asked, reports } = newPair();
  assert.equal(drains.left(GIVER), true);
  await settle();
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
  await settle();
  assert.deepEqual([reports, asked], [[{ [GIVER]: 0 }], []]);
});

test("several that give to one are asked together, and the taker leaves out what is on its way from each", async () => {
  const { drains, asked, reports } = newPair();
  drains.begin(1, TAKER);
  drains.changed(GIVER);
  await asked[0]!.answer(3, 5);
  assert.equal(asked.length, 2, "the taker is asked when all have answered");
  await asked[1]!.answer(2, 8);
  assert.deepEqual([asked[1]!.worker, asked[2]!.worker, asked[2]!.released], [1, TAKER, 5]);
  assert.deepEqual(asked[2]!.others, [{ from: 1, released: 8 }]);
  await asked[2]!.answer(4);
  assert.deepEqual(reports, [{ [GIVER]: 3, 1: 2, [TAKER]: 4 }]);
  drains.left(1);
  await asked[3]!.answer(3, 5);
  assert.deepEqual(asked[4]!.others, [{ from: 1, released: Number.MAX_SAFE_INTEGER }]);
  await asked[4]!.answer(6);
  assert.deepEqual(reports.at(-1), { [GIVER]: 3, 1: 0, [TAKER]: 6 });
  drains.changed(TAKER);
  await asked[5]!.answer(3, 5);
  assert.equal(asked[6]!.others, undefined, "that one's is over");
});

test("one that begins to give in the midst of a round is asked in another before anything is believed", async () => {
  const { drains, asked, reports } = newPair();
  drains.changed(GIVER);
  await asked[0]!.answer(1, 0);
  drains.begin(1, TAKER);
  await asked[1]!.answer(9);
  assert.deepEqual(reports, []);
  await asked[2]!.answer(1, 0);
  await asked[3]!.answer(1, 0);
  await asked[4]!.answer(0);
  assert.deepEqual(reports, [{ [GIVER]: 1, 1: 1, [TAKER]: 0 }]);
});

test("when the taker of several dies, each that is there is asked, and each one's hand-over is settled", async () => {
  const { drains, asked, reports } = newPair();
  drains.begin(1, TAKER);
  const settled = Promise.all([drains.settled(GIVER), drains.settled(1)]);
  drains.left(1);
  drains.left(TAKER);
  await settled;
  assert.deepEqual(reports, [{ 1: 0 }]);
  const alone = asked.findLast(({ worker }) => worker === GIVER)!;
  await alone.answer(2);
  assert.deepEqual(reports.at(-1), { [GIVER]: 2 });
});
