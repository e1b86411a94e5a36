/**
 * Upgrades under everything that a proxy may carry, and under changes all the while. The long run with the
 * full load is `npm run bench -- --only upgrade`.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Changes } from "../../testing/changes.ts";
import { freePort } from "../../testing/proxy.ts";
import { processesOf, upgradeAll } from "../../testing/witness/proxy-subject.ts";
import { witness } from "../../testing/witness/witness.ts";
import { withBackends, withProxy } from "./support.ts";

const UPGRADES = 2;
const SEED = 20_261_122;

test("no client notices upgrades while changes go on: requests, WebSockets, downloads, those that rest", async () => {
  await withBackends(
    2,
    (...backends) =>
      withProxy({ io: "uring", workers: 1 }, async (proxy) => {
        const port = await proxy.serve("app", [{ id: "first", address: backends[0]!.address }]);
        const changes = new Changes({
          orders: await proxy.connect(),
          seed: SEED,
          listener: `127.0.0.1:${port}`,
          otherListener: `127.0.0.1:${await freePort()}`,
          cluster: "app",
          addresses: backends.map(({ address }) => address),
        });
        const report = await witness({
          subject: { ...processesOf([proxy]), upgrade: () => upgradeAll(proxy) },
          traffic: {
            port,
            backendId: "app",
            requestsPerSecond: 200,
            websockets: 20,
            messagesPerSecond: 20,
            downloads: 3,
            downloadBytes: 500_000,
            downloadBytesPerSecond: 500_000,
            resting: 20,
          },
          upgrades: UPGRADES,
          warmUpMs: 200,
          rests: { count: 1, ms: 200 },
          pauseMs: 100,
          changes: { source: changes, perSecond: 30 },
        });
        await changes.drained();
        assert.equal(report.faults, 0, report.summary);
        assert.deepEqual(report.changesRefused, []);
        assert.deepEqual([report.websocketsCut, report.restingClosed], [0, 0]);
        assert.ok(report.requests > 0 && report.messages > 0 && report.downloads > 0);
        assert.deepEqual([report.before.workers, report.workersMost, report.afterLast.workers], [1, 2, 1]);
        const { descriptors } = report.afterLast;
        assert.ok(descriptors < report.before.descriptors * 1.5, `${descriptors} descriptors`);
      }),
    { id: "app" },
  );
});
