/**
 * UPGRADE_MAIN of a large configuration, with real processes, while clients have traffic and orders under
 * way.
 */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { FaultLog } from "../../testing/clients/faults.ts";
import { Load } from "../../testing/clients/load.ts";
import { WebSocketClient } from "../../testing/clients/websocket-client.ts";
import type { OrderClient } from "../../testing/order-client.ts";
import type { Proxy } from "../../testing/proxy.ts";
import { assertNoFaults, echoRequest, TIMEOUT_MS, withApp } from "./support.ts";

const CLUSTERS = 10_000;
const WRITERS = 3;
const LARGE_TIMEOUT_MS = 30_000;

/** Loads, beside what there is, so many clusters with a backend each. */
async function addMany(proxy: Proxy): Promise<void> {
  const { orders } = (await proxy.orders.ok("DUMP_STATE")).data as { readonly orders: readonly unknown[] };
  const more = Array.from({ length: CLUSTERS }, (_, index) => {
    const cluster_id = `many-${index}`;
    const backend = { cluster_id, backend_id: "one", address: "127.0.0.1:9" };
    return [
      { type: "ADD_CLUSTER", data: { cluster_id } },
      { type: "ADD_BACKEND", data: backend },
    ];
  });
  const records = [{ format: "kakehi-state", version: 1, revision: 0 }, ...orders, ...more.flat()];
  const path = join(proxy.folder, "many.state");
  await writeFile(path, records.map((record) => `${JSON.stringify(record)}\0\n`).join(""));
  const loaded = await proxy.orders.send("LOAD_STATE", { path }).final(LARGE_TIMEOUT_MS);
  assert.equal(loaded.status, "OK", loaded.message);
  assert.equal(loaded.data.added, 2 * CLUSTERS);
}

/** Changes one thing after another until it is told to stop; gives how many were accepted. */
function writeOn(client: OrderClient, name: string): () => Promise<number> {
  let isOver = false;
  const written = (async () => {
    let count = 0;
    for (; !isOver; count++) await client.ok("ADD_CLUSTER", { cluster_id: `${name}-${count}` });
    return count;
  })();
  // Who waits for it hears of a failure; until then nobody has to.
  written.catch(() => undefined);
  return () => {
    isOver = true;
    return written;
  };
}

test("UPGRADE_MAIN with 20,000 objects: requests, tunnels, changes and orders that wait go on, and nothing is lost", async (t) => {
  await withApp({ workers: 2 }, async (proxy, port, [backend]) => {
    await addMany(proxy);
    const load = new Load({ port, ratePerSecond: 200, request: echoRequest("app-1") });
    t.after(() => load.stop());
    const faults = new FaultLog();
    const tunnelPort = await proxy.serve("tunnels", [{ id: "t-1", address: backend!.address }]);
    const options = { port: tunnelPort, host: "a.example", target: "/websocket", faults };
    const tunnel = await WebSocketClient.open(options);
    tunnel.sendAtRate(50);
    const drain = (await proxy.connect()).send("REMOVE_BACKEND", {
      cluster_id: "tunnels",
      backend_id: "t-1",
    });
    await drain.processing();
    const { revision } = (await proxy.status()).data as { readonly revision: number };
    const waiting = (await proxy.connect()).send("WAIT_REVISION", {
      revision: revision + 100_000,
      timeout_ms: TIMEOUT_MS,
    });
    const clients = await Promise.all(Array.from({ length: WRITERS }, () => proxy.connect()));
    const stops = clients.map((client, index) => writeOn(client, `new-${index}`));
    const { answered } = load.report;

    const upgraded = await proxy.orders.send("UPGRADE_MAIN").final(LARGE_TIMEOUT_MS);
    assert.deepEqual([upgraded.status, upgraded.data.pid], ["OK", proxy.pid], upgraded.message);

    const counts = await Promise.all(stops.map((stop) => stop()));
    const written = counts.reduce((sum, count) => sum + count, 0);
    assert.ok(written > 0);
    const { data } = await proxy.status();
    assert.equal(data.revision, revision + written, "each change that was accepted, and no other");
    for (const worker of await proxy.workers()) assert.equal(worker.hash, data.hash);
    const saved = (await proxy.orders.ok("SAVE_STATE", { path: join(proxy.folder, "after.state") })).data;
    // Of both listeners their cluster and rule, too, and the one backend that was not removed.
    assert.equal(saved.orders, 7 + 2 * CLUSTERS + written);
    assert.equal(waiting.isOver, false);
    await tunnel.close();
    assert.equal((await drain.final()).status, "OK");
    await load.stop();
    assert.ok(load.report.answered > answered);
    assertNoFaults(load.faults);
    assertNoFaults(faults);
  });
});
