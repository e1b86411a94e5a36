import assert from "node:assert/strict";
import { test } from "node:test";
import { CLUSTER_DEFAULTS } from "./defaults.ts";
import { State } from "./state.ts";

test("a state that only follows has the same objects and hash, and may not be asked who names whom", () => {
  const judging = new State();
  const following = new State("following");
  const cluster = { kind: "cluster", key: "app", after: { ...CLUSTER_DEFAULTS, cluster_id: "app" } } as const;
  for (const state of [judging, following]) state.applyChange(cluster);
  assert.equal(following.hash(), judging.hash());
  assert.deepEqual(following.sizes(), judging.sizes());
  assert.throws(() => following.frontendCountOfCluster("app"), /only follows/);
});
