/** What each policy is for. What holds for all of them is tested in `policies.contract.test.ts`. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Prng } from "../base/prng.ts";
import type { LoadBalancing } from "../model/objects.ts";
import { Balancer } from "./balancer.ts";
import type { Candidate } from "./candidate.ts";

type Mutable = { -readonly [Field in keyof Candidate]: Candidate[Field] };

function candidatesOf(weights: Readonly<Record<string, number>>): Mutable[] {
  return Object.entries(weights).map(([id, weight]) => ({
    id,
    weight,
    backup: false,
    connections: 0,
    restsUntilMs: 0,
  }));
}

function balancerOf(policy: LoadBalancing, candidates: readonly Candidate[], seed = 7): Balancer<Candidate> {
  const balancer = new Balancer<Candidate>(policy, new Prng(seed));
  for (const candidate of candidates) balancer.add(candidate);
  return balancer;
}

/** The ids that `count` requests get, each of another client. */
function pick(balancer: Balancer<Candidate>, count: number, tried: readonly Candidate[] = []): string[] {
  return Array.from({ length: count }, (_, key) => balancer.pick(0, Math.imul(key, 0x9e37_79b1), tried)!.id);
}

function count(ids: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const id of ids.toSorted()) counts[id] = (counts[id] ?? 0) + 1;
  return counts;
}

/** Each count is within `share` of what its weight says. */
function assertProportions(
  ids: readonly string[],
  weights: Readonly<Record<string, number>>,
  share: number,
): void {
  const total = Object.values(weights).reduce((sum, weight) => sum + weight, 0);
  for (const [id, weight] of Object.entries(weights)) {
    const expected = (ids.length * weight) / total;
    const actual = count(ids)[id] ?? 0;
    assert.ok(Math.abs(actual - expected) <= expected * share, `${id}: ${actual} instead of ${expected}`);
  }
}

test("round robin takes equal candidates in turn, in the order added", () => {
  const balancer = balancerOf("round_robin", candidatesOf({ a: 100, b: 100, c: 100 }));
  assert.deepEqual(pick(balancer, 7), ["a", "b", "c", "a", "b", "c", "a"]);
});

test("round robin gives each exactly its weight over a cycle, evenly spread, whatever the weights", () => {
  assert.deepEqual(
    pick(balancerOf("round_robin", candidatesOf({ a: 5, b: 1, c: 1 })), 7),
    "aabacaa".split(""),
  );
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 6 }), (list) => {
      const weights = Object.fromEntries(list.map((weight, index) => [`b${index}`, weight]));
      const cycle = list.reduce((sum, weight) => sum + weight, 0);
      const balancer = balancerOf("round_robin", candidatesOf(weights));
      for (let round = 0; round < 2; round++) assert.deepEqual(count(pick(balancer, cycle)), weights);
    }),
    { numRuns: 200 },
  );
});

test("round robin goes on where it was when a candidate comes or goes, without skipping or favouring", () => {
  const candidates = candidatesOf({ a: 100, b: 100, c: 100, d: 100 });
  const [a, b, c, d] = candidates as [Mutable, Mutable, Mutable, Mutable];
  const balancer = balancerOf("round_robin", [a, b, c]);
  assert.deepEqual(pick(balancer, 1), ["a"]);
  balancer.remove(a);
  assert.deepEqual(pick(balancer, 1), ["b"]);
  balancer.add(d);
  assert.deepEqual(pick(balancer, 4), ["c", "d", "b", "c"]);
  balancer.remove(d);
  assert.deepEqual(pick(balancer, 3), ["b", "c", "b"]);
});

test("round robin under steady change gives no candidate that stays more than its share", () => {
  for (const weights of [
    { a: 100, b: 100, c: 100, x: 100 },
    { a: 200, b: 100, c: 100, x: 50 },
  ]) {
    const candidates = candidatesOf(weights);
    const balancer = balancerOf("round_robin", candidates.slice(0, 3));
    const ids: string[] = [];
    for (let round = 0; round < 3_000; round++) {
      if (round % 2 === 0) balancer.add(candidates[3]!);
      else balancer.remove(candidates[3]!);
      ids.push(...pick(balancer, 1));
    }
    const { x: _, ...staying } = weights;
    assertProportions(
      ids.filter((id) => id !== "x"),
      staying,
      0.1,
    );
  }
});

test("round robin keeps its proportions while weights are updated, and follows the new ones", () => {
  const candidates = candidatesOf({ a: 256, b: 128 });
  const balancer = balancerOf("round_robin", candidates);
  pick(balancer, 2);
  candidates[0]!.weight = 1;
  candidates[1]!.weight = 2;
  for (const candidate of candidates) balancer.update(candidate);
  assertProportions(pick(balancer, 30), { a: 1, b: 2 }, 0.1);
});

test("round robin shares what a resting or tried candidate would get among the others", () => {
  for (const weights of [
    { a: 100, b: 100, c: 100 },
    { a: 200, b: 100, c: 100 },
  ]) {
    const candidates = candidatesOf(weights);
    const balancer = balancerOf("round_robin", candidates);
    const ids = pick(balancer, 300, [candidates[1]!]);
    const { b: _, ...others } = weights;
    assertProportions(ids, others, 0.01);
  }
});

test("random draws by weight", () => {
  const weights = { a: 100, b: 50, c: 10, d: 256 };
  assertProportions(pick(balancerOf("random", candidatesOf(weights)), 40_000), weights, 0.1);
  const equal = { a: 100, b: 100, c: 100 };
  assertProportions(pick(balancerOf("random", candidatesOf(equal)), 30_000), equal, 0.05);
});

test("random draws by weight also among the few that are left of many", () => {
  const weights = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`b${index}`, index + 1]));
  const candidates = candidatesOf(weights);
  for (const candidate of candidates.slice(3)) candidate.restsUntilMs = 1;
  const ids = pick(balancerOf("random", candidates), 12_000);
  assertProportions(ids, { b0: 1, b1: 2, b2: 3 }, 0.1);
});

test("random repeats itself with the same seed and differs with another", () => {
  const picks = (seed: number) => pick(balancerOf("random", candidatesOf({ a: 1, b: 1, c: 1 }), seed), 50);
  assert.deepEqual(picks(1), picks(1));
  assert.notDeepEqual(picks(1), picks(2));
});

test("least loaded takes the one with the fewest connections for its weight", () => {
  const candidates = candidatesOf({ a: 100, b: 200, c: 50 });
  const [a, b, c] = candidates as [Mutable, Mutable, Mutable];
  const balancer = balancerOf("least_loaded", candidates);
  [a.connections, b.connections, c.connections] = [3, 5, 2];
  assert.deepEqual(new Set(pick(balancer, 10)), new Set(["b"]));
  [a.connections, b.connections, c.connections] = [2, 5, 2];
  assert.deepEqual(new Set(pick(balancer, 10)), new Set(["a"]));
});

test("least loaded under load holds connections in proportion to the weights", () => {
  const weights = { a: 100, b: 200, c: 50 };
  const candidates = candidatesOf(weights);
  const balancer = balancerOf("least_loaded", candidates);
  for (let opened = 0; opened < 70; opened++) {
    const [picked] = pick(balancer, 1);
    candidates.find(({ id }) => id === picked)!.connections++;
  }
  assert.deepEqual(
    candidates.map(({ connections }) => connections),
    [20, 40, 10],
  );
});

test("least loaded uses an idle cluster in turn, by weight", () => {
  const balancer = balancerOf("least_loaded", candidatesOf({ a: 100, b: 200, c: 100 }));
  assert.deepEqual(count(pick(balancer, 400)), { a: 100, b: 200, c: 100 });
});

test("power of two never takes the most loaded of several, and takes each of the others", () => {
  const candidates = candidatesOf({ a: 100, b: 100, c: 100 });
  candidates[1]!.connections = 9;
  assert.deepEqual(new Set(pick(balancerOf("power_of_two", candidates), 300)), new Set(["a", "c"]));
});

test("power of two keeps the load nearly even where plain random does not", () => {
  const spread = (policy: LoadBalancing): number => {
    const candidates = candidatesOf(
      Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`${index}`, 100])),
    );
    const balancer = balancerOf(policy, candidates);
    for (let opened = 0; opened < 2_000; opened++) {
      const [picked] = pick(balancer, 1);
      candidates.find(({ id }) => id === picked)!.connections++;
    }
    const loads = candidates.map(({ connections }) => connections);
    return Math.max(...loads) - Math.min(...loads);
  };
  assert.ok(spread("power_of_two") <= 8);
  assert.ok(spread("random") > 8);
});

test("hash gives a client the same candidate, whatever the order in which candidates were added", () => {
  const candidates = candidatesOf({ a: 100, b: 100, c: 100, d: 100 });
  const one = pick(balancerOf("hash", candidates), 500);
  assert.deepEqual(pick(balancerOf("hash", candidates.toReversed()), 500), one);
  assertProportions(one, { a: 1, b: 1, c: 1, d: 1 }, 0.25);
});

test("hash spreads clients by weight", () => {
  const weights = { a: 100, b: 50, c: 200 };
  assertProportions(pick(balancerOf("hash", candidatesOf(weights)), 20_000), weights, 0.05);
});

test("hash moves only the clients of a candidate that goes, and only to one that comes", () => {
  for (const weights of [
    { a: 9, b: 9, c: 9, d: 9 },
    { a: 9, b: 3, c: 6, d: 3 },
  ]) {
    const candidates = candidatesOf(weights);
    const balancer = balancerOf("hash", candidates);
    const before = pick(balancer, 1_000);
    balancer.remove(candidates[3]!);
    const without = pick(balancer, 1_000);
    for (const [index, id] of before.entries()) assert.ok(id === "d" || without[index] === id);
    balancer.add(candidates[3]!);
    assert.deepEqual(pick(balancer, 1_000), before);
  }
});

test("hash moves no client between two candidates when the weight of a third changes", () => {
  const candidates = candidatesOf({ a: 9, b: 9, c: 9 });
  const balancer = balancerOf("hash", candidates);
  const before = pick(balancer, 1_000);
  candidates[2]!.weight = 3;
  balancer.update(candidates[2]!);
  const after = pick(balancer, 1_000);
  for (const [index, id] of before.entries()) assert.ok(id === "c" || after[index] === id);
  assertProportions(after, { a: 9, b: 9, c: 3 }, 0.25);
});
