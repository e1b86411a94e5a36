import assert from "node:assert/strict";
import { test } from "node:test";
import { EngineRig } from "../../testing/sim/engine-rig.ts";
import type { TrialResults } from "../model/channel.ts";
import type { Cluster } from "../model/objects.ts";

const GOOD = "127.0.0.1:9001";
const BAD = "127.0.0.1:9002";
const REFUSED = "127.0.0.1:9003";
const SILENT = "127.0.0.1:9004";
const HEALTH = { path: "/health", interval_ms: 1_000, timeout_ms: 500, healthy: 1, unhealthy: 1 } as const;

function resultsFor(fields: Partial<Cluster>): { results: readonly TrialResults[]; asked: string[] } {
  const rig = new EngineRig({ seed: 1 });
  const asked: string[] = [];
  const results: TrialResults[] = [];
  rig.cluster("app", fields);
  for (const [address, status] of [
    [GOOD, 200],
    [BAD, 503],
  ] as const) {
    rig.net.backend(address).onConnection = (peer) => {
      peer.onReceived = () => {
        asked.push(peer.takeNew().toString("latin1").split("\r\n")[0]!);
        peer.send(`HTTP/1.1 ${status} Because\r\nContent-Length: 0\r\n\r\n`);
      };
    };
  }
  rig.net.backend(REFUSED).mode = "refused";
  rig.net.backend(SILENT).mode = "silent";
  const addresses = [GOOD, BAD, REFUSED, SILENT];
  const trial = { kind: "try-backends", cluster_id: "app", addresses, timeout_ms: 2_000 } as const;
  rig.net.perform(() => rig.engine.tryBackends(trial, (told) => void results.push(told)));
  rig.net.advance(5_000);
  rig.assertAtRest();
  return { results, asked };
}

test("where a cluster has a health check, new backends are asked by it", () => {
  const { results, asked } = resultsFor({ health_check: HEALTH });
  assert.deepEqual(results, [[null, "status 503", "connection refused", "timed out after 500 ms"]]);
  assert.deepEqual(asked, ["GET /health HTTP/1.1", "GET /health HTTP/1.1"]);
});

test("where it has none, being able to connect is enough, and nothing is asked", () => {
  const { results, asked } = resultsFor({});
  assert.deepEqual(results, [[null, null, "connection refused", "timed out after 2000 ms"]]);
  assert.deepEqual(asked, []);
});
