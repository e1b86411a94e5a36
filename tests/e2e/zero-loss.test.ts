import assert from "node:assert/strict";
import { test } from "node:test";
import type { HttpBackend } from "../../testing/backends/http-backend.ts";
import { Changes } from "../../testing/changes.ts";
import { download } from "../../testing/clients/download-client.ts";
import { FaultLog } from "../../testing/clients/faults.ts";
import { Load } from "../../testing/clients/load.ts";
import { WebSocketClient } from "../../testing/clients/websocket-client.ts";
import { freePort, type Proxy } from "../../testing/proxy.ts";
import { assertNoFaults, echoRequest, IOS, withBackends, withProxy } from "./support.ts";

const DURATION_MS = 10_000;
const CHANGES_PER_SECOND = 40;
const CHANGES_MIN = 200;
const REQUESTS_PER_SECOND = 400;
const WEBSOCKETS = 8;
const MESSAGES_PER_SECOND = 5;
const DOWNLOADS = 4;
const DOWNLOAD_BYTES = 4_000_000;
const DOWNLOAD_BYTES_PER_SECOND = 600_000;
const SEED = 20_261_122;

for (const io of IOS) {
  test(`nothing is lost over ${CHANGES_MIN} and more changes of every kind in ten seconds (${io})`, async () => {
    await withBackends(
      3,
      (...backends) => withProxy({ io, workers: 2 }, (proxy) => changeUnderTraffic(proxy, backends)),
      { id: "app" },
    );
  });
}

async function changeUnderTraffic(proxy: Proxy, backends: readonly HttpBackend[]): Promise<void> {
  const port = await proxy.serve("app", [{ id: "first", address: backends[0]!.address }]);
  const changes = new Changes({
    orders: await proxy.connect(),
    seed: SEED,
    listener: `127.0.0.1:${port}`,
    otherListener: `127.0.0.1:${await freePort()}`,
    cluster: "app",
    addresses: backends.map(({ address }) => address),
  });
  const faults = new FaultLog();
  const load = new Load({ port, ratePerSecond: REQUESTS_PER_SECOND, request: echoRequest("app") });
  const sockets = await openWebSockets(port, faults);
  const downloads = Array.from({ length: DOWNLOADS }, () => downloadSlowly(port, faults));

  await changes.run({ durationMs: DURATION_MS, perSecond: CHANGES_PER_SECOND });

  const report = await load.stop();
  await Promise.all(downloads);
  await Promise.all(sockets.map((socket) => socket.close()));
  await changes.drained();
  assertNoFaults(load.faults);
  assertNoFaults(faults);
  assert.deepEqual(changes.refused, []);
  assert.ok(changes.done >= CHANGES_MIN, `only ${changes.done} changes were made`);
  assert.equal(report.answered, report.sent);
  assert.ok(
    report.sent > (REQUESTS_PER_SECOND * DURATION_MS) / 1_000 - REQUESTS_PER_SECOND,
    `only ${report.sent} requests were sent`,
  );
  assert.ok(sockets.every(({ sent, echoed }) => sent > 20 && echoed === sent));
}

async function openWebSockets(port: number, faults: FaultLog): Promise<WebSocketClient[]> {
  const options = { port, host: "a.example", target: "/websocket", faults };
  const sockets = await Promise.all(Array.from({ length: WEBSOCKETS }, () => WebSocketClient.open(options)));
  for (const socket of sockets) socket.sendAtRate(MESSAGES_PER_SECOND);
  return sockets;
}

function downloadSlowly(port: number, faults: FaultLog): Promise<void> {
  return download({
    port,
    host: "a.example",
    target: `/bytes/${DOWNLOAD_BYTES}`,
    bytes: DOWNLOAD_BYTES,
    bytesPerSecond: DOWNLOAD_BYTES_PER_SECOND,
    timeoutMs: 60_000,
  }).catch((error: unknown) => faults.addError(error, "download"));
}
