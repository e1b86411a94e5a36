import assert from "node:assert/strict";
import { test } from "node:test";
import { Prng } from "../base/prng.ts";
import { Head } from "../http/head.ts";
import { BACKEND_DEFAULTS, CLUSTER_DEFAULTS } from "../model/defaults.ts";
import { Attempts } from "./attempts.ts";
import type { IdleConnection } from "./runtime/backend.ts";
import { ClusterRuntime } from "./runtime/cluster.ts";

const SEED = 1;

function clusterOf(...backendIds: string[]): ClusterRuntime {
  const cluster = new ClusterRuntime(
    { ...CLUSTER_DEFAULTS, cluster_id: "app" },
    { useChanged: () => {} },
    new Prng(SEED),
  );
  for (const backend_id of backendIds) {
    cluster.updateBackend({ ...BACKEND_DEFAULTS, cluster_id: "app", backend_id, address: "10.0.0.1:80" });
  }
  return cluster;
}

function usesOf(cluster: ClusterRuntime): number[] {
  return [cluster.use.count, ...cluster.backends.map((backend) => backend.use.count)];
}

test("a backend that is ruled out is not tried again, and each attempt counts, the one without a backend, too", () => {
  const cluster = clusterOf("one", "two");
  const attempts = new Attempts<IdleConnection>();
  attempts.begin(cluster, new Head());
  const tried = new Set<string>();
  for (let made = 1; made <= 2; made++) {
    tried.add(attempts.next(0, 0)!.id);
    assert.equal(attempts.made, made);
    attempts.ruleOut();
    attempts.leave();
  }
  assert.deepEqual(tried, new Set(["one", "two"]));
  assert.equal(attempts.next(0, 0), undefined);
  assert.equal(attempts.made, 3);
});

test("a backend that is left without being ruled out may be tried again", () => {
  const attempts = new Attempts<IdleConnection>();
  attempts.begin(clusterOf("one"), new Head());
  attempts.next(0, 0);
  attempts.leave();
  assert.equal(attempts.next(0, 0)?.id, "one");
});

test("the cluster is used from beginning to end, a backend while it is tried", () => {
  const cluster = clusterOf("one");
  const [backend] = cluster.backends;
  const attempts = new Attempts<IdleConnection>();
  attempts.begin(cluster, new Head());
  assert.deepEqual(usesOf(cluster), [1, 0]);
  attempts.next(0, 0);
  assert.deepEqual(usesOf(cluster), [1, 1]);
  assert.ok(attempts.uses(cluster.use) && attempts.uses(backend!.use));
  attempts.leave();
  assert.deepEqual(usesOf(cluster), [1, 0]);
  assert.ok(attempts.uses(cluster.use) && !attempts.uses(backend!.use));
  attempts.next(0, 0);
  attempts.end();
  assert.deepEqual(usesOf(cluster), [0, 0]);
  assert.ok(!attempts.uses(cluster.use));
});

test("nothing of the last exchange is left: its backends are tried again, and counting starts at none", () => {
  const cluster = clusterOf("one");
  const attempts = new Attempts<IdleConnection>();
  attempts.begin(cluster, new Head());
  attempts.next(0, 0);
  attempts.ruleOut();
  attempts.end();
  attempts.end();
  attempts.begin(cluster, new Head());
  assert.equal(attempts.made, 0);
  assert.equal(attempts.next(0, 0)?.id, "one");
});
