import assert from "node:assert/strict";
import { test } from "node:test";
import { Turns, type TurnTaker } from "./turns.ts";

const ROUND_MS = 20;
let nowMs = 0;

/** Somebody with this many slices of work, who writes its name for each. */
function worker(name: string, slices: number, done: string[]): TurnTaker {
  return {
    takeTurn: () => {
      done.push(name);
      return --slices > 0;
    },
  };
}

function newTurns(roundEnds: () => Promise<void> | undefined = () => undefined): {
  turns: Turns;
  step: () => boolean;
} {
  const loop: (() => void)[] = [];
  const turns = new Turns({
    nextTurn: (turn) => loop.push(turn),
    roundEnds,
    roundMsMax: ROUND_MS,
    now: () => nowMs,
  });
  const step = (): boolean => {
    const turn = loop.shift();
    turn?.();
    return turn !== undefined;
  };
  return { turns, step };
}

test("one with much work and one with little take turns", () => {
  const done: string[] = [];
  const { turns, step } = newTurns();
  turns.want(worker("a", 4, done));
  turns.want(worker("b", 1, done));
  while (step());
  assert.equal(done.join(""), "abaaa");
});

test("a slice is over when its share of the round's time is", () => {
  const { turns, step } = newTurns();
  const done: number[] = [];
  const slow = (name: number): TurnTaker => {
    let left = 30;
    return {
      takeTurn: (_, isOver) => {
        for (; left > 0 && !isOver(); left--, nowMs += 4) done.push(name);
        return left > 0;
      },
    };
  };
  turns.want(slow(1));
  step();
  assert.equal(done.length, ROUND_MS / 4);
  turns.want(slow(2));
  step();
  assert.deepEqual(done.slice(ROUND_MS / 4), [1, 1, 1, 2, 2, 2]);
});

test("who takes turns with others is told with how many it shares", () => {
  const shares: number[] = [];
  const { turns, step } = newTurns();
  let left = 3;
  turns.want({ takeTurn: (sharers) => shares.push(sharers) > 0 && --left > 0 });
  step();
  turns.want(worker("b", 1, []));
  while (step());
  assert.deepEqual(shares, [1, 2, 2]);
});

test("one alone takes as little as beside another for some rounds more, and then a whole slice again", () => {
  const shares: number[] = [];
  const { turns, step } = newTurns();
  let left = 30;
  turns.want({ takeTurn: (sharers) => shares.push(sharers) > 0 && --left > 0 });
  for (const name of ["b", "c"]) turns.want(worker(name, 1, []));
  while (step());
  assert.deepEqual(shares, [
    3,
    ...Array.from({ length: 15 }, () => 2),
    ...Array.from({ length: 14 }, () => 1),
  ]);
});

test("one who comes later waits for one slice at most", () => {
  const done: string[] = [];
  const { turns, step } = newTurns();
  turns.want(worker("a", 100, done));
  step();
  turns.want(worker("b", 1, done));
  step();
  assert.equal(done.join(""), "aab");
});

test("while a round is held nobody takes a turn, and then all go on", async () => {
  const done: string[] = [];
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const { turns, step } = newTurns(() => (done.length === 1 ? held : undefined));
  turns.want(worker("a", 2, done));
  step();
  turns.want(worker("b", 1, done));
  assert.equal(step(), false);
  release();
  await held;
  await Promise.resolve();
  while (step());
  assert.equal(done.join(""), "aab");
});

test("one who is forgotten takes no turn", () => {
  const done: string[] = [];
  const { turns, step } = newTurns();
  const taker = worker("a", 2, done);
  turns.want(taker);
  turns.forget(taker);
  while (step());
  assert.deepEqual(done, []);
});
