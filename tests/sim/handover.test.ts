import assert from "node:assert/strict";
import { test } from "node:test";
import { type HandoverRunOptions, runHandover } from "./run-handover.ts";

const SEEDS = 12;
const STEPS = 30;
/** What the kill of a process does to clients of its own. */
const KILLED = /an idle client was reset|never ended/;

/** `KAKEHI_SEED=7` runs this seed alone. */
const replayed = process.env["KAKEHI_SEED"];

function assertRuns(victim: HandoverRunOptions["victim"]): {
  requests: number;
  answered: number;
  given: number;
} {
  const seeds =
    replayed === undefined ? Array.from({ length: SEEDS }, (_, index) => index + 1) : [Number(replayed)];
  const sum = { requests: 0, answered: 0, given: 0 };
  for (const seed of seeds) {
    const at = `seed ${seed}, victim ${victim}; run it again with KAKEHI_SEED=${seed}`;
    try {
      const report = runHandover({ seed, victim, steps: STEPS });
      const broken = report.broken.filter((law) => victim === "nobody" || !KILLED.test(law));
      assert.deepEqual(broken, [], at);
      sum.requests += report.requests;
      sum.answered += report.answered;
      sum.given += report.given;
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      throw new Error(at, { cause: error });
    }
  }
  return sum;
}

test("under traffic and changes all goes over: every request is answered by its own answer, every tunnel echoes", () => {
  const { requests, answered, given } = assertRuns("nobody");
  assert.equal(answered, requests);
  assert.ok(given > SEEDS * 5, `only ${given} connections went over`);
});

for (const victim of ["giver", "taker"] as const) {
  test(`with the ${victim} killed in the midst of it, what goes on is whole, and everything ends`, () => {
    const { requests, answered } = assertRuns(victim);
    assert.ok(answered > requests / 2, `${answered} of ${requests} requests were answered`);
  });
}
