import assert from "node:assert/strict";
import { test } from "node:test";
import { Questions } from "./questions.ts";

test("a question is answered when every worker has answered, or is gone", async () => {
  const questions = new Questions();
  const { number, answers } = questions.open([0, 1, 2]);
  const seen: unknown[] = [];
  const told = answers.then((all) => seen.push(...all));
  questions.answered(2, number, "c");
  questions.forgetWorker(1);
  await Promise.resolve();
  assert.deepEqual(seen, []);
  questions.answered(0, number, "a");
  await told;
  assert.deepEqual(
    new Map(seen as [number, unknown][]),
    new Map([
      [0, "a"],
      [2, "c"],
    ]),
  );
});

test("a question to nobody is answered at once, by nobody", async () => {
  assert.deepEqual(await new Questions().open([]).answers, new Map());
});

test("questions have numbers of their own, and what was not asked is no answer", async () => {
  const questions = new Questions();
  const [first, second] = [questions.open([0, 1]), questions.open([0])];
  questions.answered(1, second.number, "not asked");
  questions.answered(0, 77, "no such question");
  questions.answered(0, second.number, "second");
  assert.deepEqual(await second.answers, new Map([[0, "second"]]));
  questions.answered(0, first.number, "first");
  questions.answered(0, first.number, "said twice");
  questions.forgetWorker(1);
  assert.deepEqual(await first.answers, new Map([[0, "first"]]));
});
