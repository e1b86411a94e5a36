/** What holds for every policy alike. What each is for is tested in `policies.test.ts`. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Prng } from "../base/prng.ts";
import type { LoadBalancing } from "../model/objects.ts";
import { Balancer } from "./balancer.ts";
import type { Candidate } from "./candidate.ts";

const POLICIES: readonly LoadBalancing[] = ["round_robin", "random", "least_loaded", "power_of_two", "hash"];
const NOW_MS = 1_000_000;

type Mutable = { -readonly [Field in keyof Candidate]: Candidate[Field] };

function candidateOf(id: string, fields: Partial<Candidate> = {}): Mutable {
  return { id, weight: 100, backup: false, connections: 0, restsUntilMs: 0, ...fields };
}

function balancerOf(policy: LoadBalancing, candidates: readonly Candidate[]): Balancer<Candidate> {
  const balancer = new Balancer<Candidate>(policy, new Prng(7));
  for (const candidate of candidates) balancer.add(candidate);
  return balancer;
}

/** Every candidate that `count` requests of different clients get. */
function picksOf(
  balancer: Balancer<Candidate>,
  tried: readonly Candidate[] = [],
  count = 200,
): Set<string | undefined> {
  return new Set(
    Array.from({ length: count }, (_, key) => balancer.pick(NOW_MS, key * 2_654_435, tried)?.id),
  );
}

for (const policy of POLICIES) {
  test(`${policy}: without candidates nothing is picked`, () => {
    const balancer = balancerOf(policy, []);
    assert.equal(balancer.pick(NOW_MS, 0, []), undefined);
    const gone = candidateOf("gone");
    balancer.add(gone);
    balancer.remove(gone);
    assert.equal(balancer.pick(NOW_MS, 0, []), undefined);
  });

  test(`${policy}: every available candidate gets requests, and one that rests none until it wakes`, () => {
    const candidates = ["a", "b", "c"].map((id) => candidateOf(id));
    const balancer = balancerOf(policy, candidates);
    assert.deepEqual(picksOf(balancer), new Set(["a", "b", "c"]));
    candidates[1]!.restsUntilMs = NOW_MS + 1;
    assert.deepEqual(picksOf(balancer), new Set(["a", "c"]));
    candidates[1]!.restsUntilMs = NOW_MS;
    assert.deepEqual(picksOf(balancer), new Set(["a", "b", "c"]));
  });

  test(`${policy}: what this exchange has tried is not picked again, and nothing when all were tried`, () => {
    const candidates = ["a", "b", "c"].map((id) => candidateOf(id));
    const [a, b, c] = candidates as [Mutable, Mutable, Mutable];
    const balancer = balancerOf(policy, candidates);
    assert.deepEqual(picksOf(balancer, [b]), new Set(["a", "c"]));
    assert.deepEqual(picksOf(balancer, [a, b]), new Set(["c"]));
    assert.deepEqual(picksOf(balancer, [a, b, c]), new Set([undefined]));
  });

  test(`${policy}: backups are picked only while no other candidate is available`, () => {
    const a = candidateOf("a");
    const b = candidateOf("b", { backup: true });
    const balancer = balancerOf(policy, [b, a]);
    assert.deepEqual(picksOf(balancer), new Set(["a"]));
    assert.deepEqual(picksOf(balancer, [a]), new Set(["b"]));
    a.restsUntilMs = NOW_MS + 1;
    assert.deepEqual(picksOf(balancer), new Set(["b"]));
  });

  test(`${policy}: weight 0 is picked only while none with a weight is available, not even a backup`, () => {
    const a = candidateOf("a", { weight: 0 });
    const b = candidateOf("b", { backup: true });
    const c = candidateOf("c", { weight: 0, backup: true });
    const balancer = balancerOf(policy, [c, a, b]);
    assert.deepEqual(picksOf(balancer), new Set(["b"]));
    assert.deepEqual(picksOf(balancer, [b]), new Set(["a"]));
    assert.deepEqual(picksOf(balancer, [a, b]), new Set(["c"]));
  });

  test(`${policy}: when all rest, the one that wakes soonest and was not tried is tried all the same`, () => {
    const candidates = [9, 3, 5].map((ms) => candidateOf(`${ms}`, { restsUntilMs: NOW_MS + ms }));
    const balancer = balancerOf(policy, candidates);
    assert.deepEqual(picksOf(balancer), new Set(["3"]));
    assert.deepEqual(picksOf(balancer, [candidates[1]!]), new Set(["5"]));
    assert.deepEqual(picksOf(balancer, candidates), new Set([undefined]));
  });

  test(`${policy}: one that is down is picked after all that rest, and if all are down, they share`, () => {
    const candidates = [9, 3, Infinity, Infinity].map((ms, index) =>
      candidateOf(`${index}`, { restsUntilMs: NOW_MS + ms }),
    );
    const [a, b] = candidates as [Mutable, Mutable];
    const balancer = balancerOf(policy, candidates);
    assert.deepEqual(picksOf(balancer, [b]), new Set(["0"]));
    assert.deepEqual(picksOf(balancer, [a, b]), new Set(["2", "3"]));
    a.restsUntilMs = b.restsUntilMs = Infinity;
    b.backup = true;
    balancer.update(b);
    assert.deepEqual(picksOf(balancer), new Set(["0", "2", "3"]));
    assert.deepEqual(picksOf(balancer, candidates), new Set([undefined]));
  });

  test(`${policy}: the choices are all that requests get now, also where all rest or are down`, () => {
    const a = candidateOf("a");
    const b = candidateOf("b");
    const c = candidateOf("c", { backup: true });
    const balancer = balancerOf(policy, [a, b, c]);
    const choices = (): Set<string> => new Set(balancer.choices(NOW_MS).map(({ id }) => id));
    assert.deepEqual(choices(), picksOf(balancer));
    a.restsUntilMs = b.restsUntilMs = Infinity;
    assert.deepEqual(choices(), new Set(["c"]));
    c.restsUntilMs = NOW_MS + 1;
    assert.deepEqual(choices(), picksOf(balancer));
    c.restsUntilMs = Infinity;
    balancer.remove(c);
    assert.deepEqual(choices(), new Set(["a", "b"]));
    assert.deepEqual(balancerOf(policy, []).choices(NOW_MS), []);
  });

  test(`${policy}: a weight or a role that changes counts from the next request on`, () => {
    const a = candidateOf("a");
    const b = candidateOf("b");
    const balancer = balancerOf(policy, [a, b]);
    a.weight = 0;
    balancer.update(a);
    assert.deepEqual(picksOf(balancer), new Set(["b"]));
    a.weight = 50;
    balancer.update(a);
    assert.deepEqual(picksOf(balancer, [], 500), new Set(["a", "b"]));
    b.backup = true;
    balancer.update(b);
    assert.deepEqual(picksOf(balancer), new Set(["a"]));
  });

  test(`${policy}: whatever changes, a pick is one of the most wanted candidates that are left`, () => {
    const fields = fc.record({
      weight: fc.constantFrom(0, 1, 100, 256),
      backup: fc.boolean(),
      connections: fc.nat(5),
      restsUntilMs: fc.constantFrom(0, NOW_MS, NOW_MS + 1, NOW_MS + 2, Infinity),
      tried: fc.boolean(),
    });
    const toggles = fc.array(fc.record({ index: fc.nat(5), fields }), { maxLength: 30 });
    fc.assert(
      fc.property(toggles, fc.nat(), (steps, key) => {
        const balancer = balancerOf(policy, []);
        const held = new Map<number, Mutable>();
        const tried = new Set<Candidate>();
        for (const {
          index,
          fields: { tried: isTried, ...rest },
        } of steps) {
          const candidate = held.get(index);
          if (candidate === undefined) {
            held.set(index, candidateOf(`${index}`, rest));
            balancer.add(held.get(index)!);
            if (isTried) tried.add(held.get(index)!);
          } else if (isTried) {
            held.delete(index);
            balancer.remove(candidate);
          } else {
            Object.assign(candidate, rest);
            balancer.update(candidate);
          }
          const picked = balancer.pick(NOW_MS, key, [...tried]);
          const left = [...held.values()].filter((one) => !tried.has(one));
          assert.ok(mostWanted(left).includes(picked), `${picked?.id}`);
        }
      }),
      { numRuns: 300 },
    );
  });

  test(`${policy}: adding twice, removing or updating what is not there is a defect`, () => {
    const a = candidateOf("a");
    const balancer = balancerOf(policy, [a]);
    assert.throws(() => balancer.add(a), { name: "InvariantError" });
    assert.throws(() => balancer.remove(candidateOf("b")), { name: "InvariantError" });
    assert.throws(() => balancer.update(candidateOf("b")), { name: "InvariantError" });
  });
}

test("a policy that changes keeps the candidates", () => {
  const balancer = balancerOf("round_robin", [candidateOf("a"), candidateOf("b")]);
  for (const policy of POLICIES) {
    balancer.policy = policy;
    assert.deepEqual(picksOf(balancer), new Set(["a", "b"]));
  }
});

/** A direct reading of the balancer's rules; `[undefined]` if there is nothing to pick. */
function mostWanted(left: readonly Candidate[]): readonly (Candidate | undefined)[] {
  const awake = left.filter((one) => one.restsUntilMs <= NOW_MS);
  const groups = [
    awake.filter((one) => one.weight > 0 && !one.backup),
    awake.filter((one) => one.weight > 0),
    awake.filter((one) => !one.backup),
    awake,
    left.filter((one) => left.every((other) => one.restsUntilMs <= other.restsUntilMs)),
  ];
  return groups.find((group) => group.length > 0) ?? [undefined];
}
