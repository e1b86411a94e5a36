/**
 * `DRAIN` and `UNDRAIN` of a worker, with real processes and clients that never retry.
 */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { FaultLog } from "../../testing/clients/faults.ts";
import { HttpConnection } from "../../testing/clients/http-connection.ts";
import { Load } from "../../testing/clients/load.ts";
import { WebSocketClient } from "../../testing/clients/websocket-client.ts";
import { askUntil } from "../../testing/deadline.ts";
import type { PendingOrder } from "../../testing/order-client.ts";
import { signal, whenGone } from "../../testing/processes.ts";
import { Proxy } from "../../testing/proxy.ts";
import {
  assertNoFaults,
  echoRequest,
  exchangeOn,
  IOS,
  TIMEOUT_MS,
  withApp,
  withBackends,
} from "./support.ts";

/** Who has the only tunnel that is open. */
async function holderOf(proxy: Proxy): Promise<number> {
  const { data } = await proxy.orders.ok("LIST_CONNECTIONS", { state: "tunnel" });
  assert.equal(data.items.length, 1);
  return data.items[0].worker as number;
}

async function openTunnel(port: number, faults: FaultLog): Promise<WebSocketClient> {
  return WebSocketClient.open({ port, host: "a.example", target: "/websocket", faults });
}

async function drainingOf(proxy: Proxy): Promise<readonly number[]> {
  const { workers } = (await proxy.orders.ok("STATUS")).data as {
    readonly workers: readonly { readonly worker: number; readonly draining?: true }[];
  };
  return workers.filter(({ draining }) => draining).map(({ worker }) => worker);
}

for (const io of IOS) {
  test(`a worker drains under load, and is undrained: no client that never retries sees a fault (${io})`, async (t) => {
    await withApp({ io, workers: 2 }, async (proxy, port) => {
      const { orders } = proxy;
      const faults = new FaultLog();
      const load = new Load({ port, ratePerSecond: 200, request: echoRequest("app-1") });
      t.after(() => load.stop());
      const tunnel = await openTunnel(port, faults);
      tunnel.sendAtRate(50);
      const worker = await holderOf(proxy);
      const other = 1 - worker;
      const tried = await orders.order("DRAIN", { worker }, { dry_run: true });
      assert.ok(tried.data.changed === true && tried.data.connections > 0, JSON.stringify(tried));
      assert.deepEqual(tried.data.accepting, [other]);
      assert.deepEqual(await drainingOf(proxy), []);

      const drain = orders.send("DRAIN", { worker, drain: { progress_ms: 10 } });
      assert.ok((await drain.processing()).data.workers[worker] > 0);
      const last = await orders.order("DRAIN", { worker: other });
      assert.deepEqual([last.error?.code, last.error?.field], ["LAST_WORKER", "data.worker"]);
      // Sessions go with their next answer; the tunnel is what stays.
      const listed = await askUntil(TIMEOUT_MS, "a drain of one connection", async () => {
        const { drains } = (await orders.ok("QUERY_DRAINS")).data;
        return drains[0].connections === 1 ? drains : undefined;
      });
      assert.deepEqual(listed[0].object, { kind: "worker", key: `${worker}`, worker });
      const { answered } = load.report;
      await askUntil(TIMEOUT_MS, "answers", () => load.report.answered > answered + 40 || undefined);
      const there = (await orders.ok("LIST_CONNECTIONS")).data.items.filter(
        (item: { readonly worker: number }) => item.worker === worker,
      );
      assert.equal(there.length, 1, "nobody came");
      assert.deepEqual(await drainingOf(proxy), [worker]);

      const again = (await proxy.connect()).send("DRAIN", { worker });
      assert.equal((await again.processing()).data.connections, 1);
      await tunnel.close();
      for (const each of [drain, again]) assert.equal((await each.final()).status, "OK");

      assert.equal((await orders.ok("UNDRAIN", { worker })).data.changed, true);
      await askUntil(TIMEOUT_MS, "a client of it", async () => {
        const { items } = (await orders.ok("LIST_CONNECTIONS")).data;
        return items.some((item: { readonly worker: number }) => item.worker === worker) || undefined;
      });
      await load.stop();
      assertNoFaults(load.faults);
      assertNoFaults(faults);
    });
  });
}

test("the drain of a worker ends with it: what takes its place accepts, and who waits is told", async () => {
  await withApp({ workers: 2 }, async (proxy, port) => {
    const { orders } = proxy;
    const broken = await openTunnel(port, new FaultLog());
    const victim = await holderOf(proxy);
    const drain = orders.send("DRAIN", { worker: victim });
    await drain.processing();
    const { pid } = (await proxy.workers()).find(({ worker }) => worker === victim)!;
    signal(pid, "SIGKILL");
    const failed = await drain.final();
    assert.equal(failed.error?.code, "WORKER_FAILED");
    assert.match(failed.message, /it died, .*; the one that takes its place accepts$/);
    await broken.close().catch(() => undefined);
    await proxy.whenWorkers("a replacement", (workers) => {
      return workers.length === 2 && workers.every((each) => each.state === "running" && each.pid !== pid);
    });
    assert.deepEqual(await drainingOf(proxy), []);

    const faults = new FaultLog();
    const tunnel = await openTunnel(port, faults);
    const worker = await holderOf(proxy);
    const second = orders.send("DRAIN", { worker });
    await second.processing();
    const upgraded = await orders.ok("UPGRADE_WORKER", { worker });
    assert.equal((await second.final()).status, "OK", "the tunnel went along");
    assert.deepEqual(await drainingOf(proxy), []);
    const other = upgraded.data.worker as number;
    assert.equal(await holderOf(proxy), other);

    await orders.ok("DRAIN", { worker: other, drain: { wait: false } });
    await orders.ok("SET_WORKERS", { count: 1 });
    const left = await proxy.workers();
    assert.notEqual(left[0]!.worker, other, "who drains leaves first");
    assert.equal(await holderOf(proxy), left[0]!.worker);
    await tunnel.close();
    assertNoFaults(faults);
  });
});

test("a worker that drains goes on so over the end of main, and its drain is attached to", async () => {
  const folder = await mkdtemp(join(tmpdir(), "kakehi-drain-worker-"));
  const options = { workers: 2, folder, args: ["--state", join(folder, "state")] };
  const started: Proxy[] = [];
  try {
    await withBackends(1, async (backend) => {
      const first = await Proxy.start(options);
      started.push(first);
      const port = await first.serve("app", [{ id: "app-1", address: backend.address }]);
      const faults = new FaultLog();
      const tunnel = await openTunnel(port, faults);
      const worker = await holderOf(first);
      await first.orders.ok("DRAIN", { worker, drain: { wait: false } });
      first.kill("SIGKILL");
      await whenGone([first.pid], TIMEOUT_MS);
      const second = await Proxy.start(options);
      started.push(second);
      assert.deepEqual(await drainingOf(second), [worker]);
      const drain = second.orders.send("DRAIN", { worker });
      assert.equal((await drain.processing()).data.connections, 1);
      const sessions = await Promise.all(
        Array.from({ length: 8 }, () => HttpConnection.open(port, { timeoutMs: TIMEOUT_MS })),
      );
      for (const session of sessions) assert.equal((await exchangeOn(session, "/")).status, 200);
      assert.equal((await second.orders.ok("QUERY_DRAINS")).data.drains[0].connections, 1);
      for (const session of sessions) session.close();
      await tunnel.close();
      assert.deepEqual([(await drain.final()).status, await drainingOf(second)], ["OK", [worker]]);
      assertNoFaults(faults);
    });
  } finally {
    await Promise.all(started.map((proxy) => proxy.discard()));
    await rm(folder, { recursive: true, force: true });
  }
});

test("over UPGRADE_MAIN a worker drains on, and who waits is answered by the program that main becomes", async () => {
  await withApp({ workers: 2 }, async (proxy, port) => {
    const faults = new FaultLog();
    const tunnel = await openTunnel(port, faults);
    const worker = await holderOf(proxy);
    const clients = [await proxy.connect(), await proxy.connect()];
    const [first, second] = clients.map((client) => client.send("DRAIN", { worker }));
    for (const each of [first!, second!]) assert.equal((await each.processing()).data.connections, 1);
    await proxy.orders.ok("UPGRADE_MAIN");
    assert.deepEqual(await drainingOf(proxy), [worker]);
    const { drains } = (await proxy.orders.ok("QUERY_DRAINS")).data;
    assert.deepEqual(
      drains.map(({ object, connections }: Record<string, unknown>) => ({ object, connections })),
      [{ object: { kind: "worker", key: `${worker}`, worker }, connections: 1 }],
    );
    const last = await proxy.orders.order("DRAIN", { worker: 1 - worker });
    assert.equal(last.error?.code, "LAST_WORKER");
    assert.equal((await proxy.orders.ok("UNDRAIN", { worker })).data.changed, true);
    for (const each of [first!, second!]) assert.equal((await each.final()).error?.code, "UNDRAINED");

    const third = clients[0]!.send("DRAIN", { worker });
    await third.processing();
    await proxy.orders.ok("UPGRADE_MAIN");
    await tunnel.close();
    const { status, data } = await third.final();
    assert.deepEqual([status, data.worker, data.connections], ["OK", worker, 0]);
    assert.deepEqual(await drainingOf(proxy), [worker]);
    for (const client of clients) client.close();
    assertNoFaults(faults);
  });
});

test("DRAIN and UNDRAIN of several clients at once: each is answered, and worker and main agree in the end", async () => {
  await withApp({ workers: 2 }, async (proxy, port) => {
    const faults = new FaultLog();
    const tunnel = await openTunnel(port, faults);
    const worker = await holderOf(proxy);
    const clients = await Promise.all([proxy.connect(), proxy.connect(), proxy.connect()]);
    for (let round = 0; round < 10; round++) {
      const drains: PendingOrder[] = [];
      const undrains: PendingOrder[] = [];
      for (const client of clients) {
        drains.push(client.send("DRAIN", { worker }));
        undrains.push(client.send("UNDRAIN", { worker }));
        drains.push(...[0, 1].map(() => client.send("DRAIN", { worker })));
        undrains.push(client.send("UNDRAIN", { worker }));
      }
      for (const undrain of undrains) assert.equal((await undrain.final()).status, "OK");
      // The last of one client may have come before a DRAIN of another.
      await proxy.orders.ok("UNDRAIN", { worker });
      for (const drain of drains) assert.equal((await drain.final()).error?.code, "UNDRAINED");
      assert.deepEqual(await drainingOf(proxy), []);
      assert.deepEqual((await proxy.orders.ok("QUERY_DRAINS")).data.drains, []);
    }
    await askUntil(TIMEOUT_MS, "a client of it", async () => {
      const session = await HttpConnection.open(port, { timeoutMs: TIMEOUT_MS });
      const { items } = (await proxy.orders.ok("LIST_CONNECTIONS")).data;
      session.close();
      return (
        items.filter((item: { readonly worker: number }) => item.worker === worker).length > 1 || undefined
      );
    });

    const both = await Promise.all(
      [0, 1].map((each) => clients[each]!.order("DRAIN", { worker: each, drain: { wait: false } })),
    );
    assert.deepEqual(both.map(({ status, error }) => error?.code ?? status).toSorted(), [
      "LAST_WORKER",
      "OK",
    ]);
    await tunnel.close();
    for (const client of clients) client.close();
    assertNoFaults(faults);
  });
});
