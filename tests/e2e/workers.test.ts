import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { type ClientFault, FaultLog } from "../../testing/clients/faults.ts";
import { HttpConnection } from "../../testing/clients/http-connection.ts";
import { Load } from "../../testing/clients/load.ts";
import { WebSocketClient } from "../../testing/clients/websocket-client.ts";
import { askUntil } from "../../testing/deadline.ts";
import { valuesOf } from "../../testing/http/head.ts";
import { freeze, isAlive, signal, whenGone } from "../../testing/processes.ts";
import type { WorkerStatus } from "../../testing/proxy.ts";
import { assertNoFaults, echoRequest, exchangeOn, fetchOnce, IOS, TIMEOUT_MS, withApp } from "./support.ts";

const CONNECTIONS = 24;
const TUNNELS = 60;

function areRunning(count: number): (workers: readonly WorkerStatus[]) => boolean {
  return (workers) => workers.length === count && workers.every(({ state }) => state === "running");
}

async function openMany(port: number, count: number): Promise<HttpConnection[]> {
  const connections = await Promise.all(
    Array.from({ length: count }, () => HttpConnection.open(port, { timeoutMs: TIMEOUT_MS })),
  );
  for (const connection of connections) assert.equal((await exchangeOn(connection, "/")).status, 200);
  return connections;
}

for (const io of IOS) {
  test(`kill -9 of a worker: it is replaced, and every connection not in its hands lives on (${io})`, async () => {
    await withApp({ io, workers: 2 }, async (proxy, port) => {
      const connections = await openMany(port, CONNECTIONS);
      const workers = await proxy.whenWorkers("a heartbeat that counts all", (each) => {
        return each.reduce((sum, worker) => sum + worker.connections, 0) === CONNECTIONS;
      });
      const [victim, survivor] = workers;
      signal(victim!.pid, "SIGKILL");
      await whenGone([victim!.pid], TIMEOUT_MS);

      // A connection whose end was seen already refuses at once: that is a loss like any other.
      const results = await Promise.allSettled(
        connections.map(async (connection) => exchangeOn(connection, "/")),
      );
      const lost = results.filter(({ status }) => status === "rejected").length;
      assert.equal(lost, victim!.connections, `${survivor!.connections} were in the other's hands`);
      const replaced = await proxy.whenWorkers(
        "a replacement",
        (each) => areRunning(2)(each) && each.every(({ pid }) => pid !== victim!.pid),
      );
      assert.ok(replaced.some(({ pid }) => pid === survivor!.pid));
      assert.equal(new Set(replaced.map(({ hash }) => hash)).size, 1);
      for (const connection of connections) connection.close();
    });
  });
}

test("under a fixed load, kill -9 of a worker loses nothing but what was in its hands", async () => {
  await withApp({ workers: 2 }, async (proxy, port) => {
    // Fresh connections only: those that are not in the victim's hands must all be served.
    const load = new Load({ port, ratePerSecond: 200, freshShare: 1, request: echoRequest("app-1") });
    await askUntil(TIMEOUT_MS, "a load that runs", () => load.report.answered > 100 || undefined);
    const [victim] = await proxy.workers();
    signal(victim!.pid, "SIGKILL");
    await proxy.whenWorkers(
      "a replacement",
      (workers) => areRunning(2)(workers) && workers.every(({ pid }) => pid !== victim!.pid),
    );
    const { answered } = load.report;
    await askUntil(TIMEOUT_MS, "more answers", () => load.report.answered > answered + 100 || undefined);
    await load.stop();
    // A request takes about a millisecond: at this rate there are one or two in its hands.
    assert.ok(load.faults.count <= 4, load.faults.summary());
    assert.ok(
      load.faults.faults.every(({ kind }) => kind === "reset" || kind === "closed"),
      load.faults.summary(),
    );
  });
});

test("a worker that hangs is replaced, and the others go on serving meanwhile", async () => {
  await withApp({ workers: 2 }, async (proxy, port) => {
    const [victim] = await proxy.workers();
    // Until it stands still it may still take a connection, which dies in its hands.
    await freeze(victim!.pid, TIMEOUT_MS);
    const answers = await Promise.all(Array.from({ length: 20 }, () => fetchOnce(port, "/")));
    assert.ok(answers.every(({ status }) => status === 200));
    await proxy.whenWorkers(
      "a replacement",
      (workers) => areRunning(2)(workers) && workers.every(({ pid }) => pid !== victim!.pid),
    );
    assert.match(proxy.output, /worker 0 died.*"it gives no sign of life"/);
    await whenGone([victim!.pid], TIMEOUT_MS);
  });
});

test("a worker that dies again and again does not take the proxy with it", async () => {
  await withApp({ workers: 1 }, async (proxy, port) => {
    const pids = new Set<number>();
    const whenNew = (): Promise<readonly WorkerStatus[]> =>
      proxy.whenWorkers("a new one", (workers) => areRunning(1)(workers) && !pids.has(workers[0]!.pid));
    for (let round = 0; round < 3; round++) {
      const [victim] = await whenNew();
      pids.add(victim!.pid);
      signal(victim!.pid, "SIGKILL");
    }
    await whenNew();
    assert.equal((await fetchOnce(port, "/")).status, 200);
    assert.match(proxy.output, /worker 0 keeps dying.*"deaths":3,"replaced_in_ms":[1-9]/);
  });
});

test("a worker that gets no more memory ends at once and is replaced, and the other goes on", async () => {
  await withApp({ workers: 2 }, async (proxy, port) => {
    const [victim, survivor] = await proxy.workers();
    execFileSync("prlimit", ["--pid", `${victim!.pid}`, "--as=1000000", "--core=0"]);
    // It takes a while until it needs a new page: what it serves until then is served.
    const served = new Set<number>();
    await askUntil(TIMEOUT_MS, "the end of the worker without memory", async () => {
      const requests = Array.from({ length: 50 }, async () =>
        served.add((await fetchOnce(port, "/")).status),
      );
      await Promise.allSettled(requests);
      return isAlive(victim!.pid) ? undefined : true;
    });
    const workers = await proxy.whenWorkers(
      "a replacement",
      (each) => areRunning(2)(each) && each.every(({ pid }) => pid !== victim!.pid),
    );
    assert.ok(workers.some(({ pid }) => pid === survivor!.pid));
    assert.deepEqual(served, new Set([200]));
    assert.equal((await fetchOnce(port, "/")).status, 200);
  });
});

for (const io of IOS) {
  test(`SET_WORKERS 1 → 4 → 1 under load loses nothing: those that leave hand all over to the one that stays (${io})`, async (t) => {
    await withApp({ io, workers: 1 }, async (proxy, port) => {
      const load = new Load({ port, ratePerSecond: 200, request: echoRequest("app-1") });
      t.after(() => load.stop());
      await proxy.orders.ok("SET_WORKERS", { count: 4 });
      await proxy.whenWorkers("four workers", areRunning(4));
      const faults = new FaultLog();
      const options = { port, host: "a.example", target: "/websocket", faults };
      const tunnels = await Promise.all(Array.from({ length: 12 }, () => WebSocketClient.open(options)));
      for (const tunnel of tunnels) tunnel.sendAtRate(10);
      const idle = await openMany(port, 8);
      const unannounced: ClientFault[] = [];
      for (const connection of idle) connection.onIdle = (fault) => void unannounced.push(fault);

      const [stays] = await proxy.workers();
      await proxy.orders.ok("SET_WORKERS", { count: 1 });
      const [left, ...others] = await proxy.whenWorkers("one worker", areRunning(1));
      assert.deepEqual([left!.pid, others], [stays!.pid, []]);
      for (const connection of idle) {
        const { status, head } = await exchangeOn(connection, "/");
        assert.deepEqual([status, valuesOf(head, "connection")], [200, []]);
      }
      assert.deepEqual(unannounced, [], "kept-alive connections go over");
      const echoedBefore = tunnels.map(({ echoed }) => echoed);
      await askUntil(TIMEOUT_MS, "echoes in every tunnel", () => {
        return tunnels.every(({ echoed }, index) => echoed > echoedBefore[index]!) || undefined;
      });
      await Promise.all(tunnels.map((tunnel) => tunnel.close()));
      await load.stop();
      for (const connection of idle) connection.close();
      assertNoFaults(faults);
      assertNoFaults(load.faults);
    });
  });
}

test("SET_WORKERS 4 → 1 while something drains: connections of three workers are counted once while they go over to the fourth", async () => {
  await withApp({ workers: 4 }, async (proxy, port, [backend]) => {
    const { orders } = proxy;
    const faults = new FaultLog();
    const tunnels: WebSocketClient[] = [];
    for (let count = 0; count < TUNNELS; count++)
      tunnels.push(await WebSocketClient.open({ port, host: "a.example", target: "/websocket", faults }));
    const order = { cluster_id: "app", backend_id: backend!.id, drain: { progress_ms: 10 } };
    const drain = (await proxy.connect()).send("REMOVE_BACKEND", order);
    const first = await drain.processing();
    assert.equal(first.data.connections, TUNNELS);
    assert.ok(Object.keys(first.data.workers).length > 1, "one worker has got them all");
    const fewer = (await proxy.connect()).send("SET_WORKERS", { count: 1 });
    // Meanwhile some end, each when its number says so.
    const [ending, staying] = [tunnels.slice(0, TUNNELS / 2), tunnels.slice(TUNNELS / 2)];
    for (const tunnel of ending) await tunnel.close();
    assert.equal((await fewer.final()).status, "OK");
    const [worker] = await proxy.whenWorkers("one worker", areRunning(1));
    const left = await askUntil(TIMEOUT_MS, "the count of those that stay", async () => {
      const [one] = (await orders.ok("QUERY_DRAINS")).data.drains;
      return one.connections === staying.length ? one : undefined;
    });
    assert.deepEqual(left.workers, { [worker!.worker]: staying.length });
    for (const tunnel of staying) await tunnel.close();
    const { status, data } = await drain.final();
    assert.deepEqual([status, data.connections], ["OK", 0]);
    const told = drain.progress.map((answer) => answer.data.connections as number);
    const sorted = told.toSorted((one, other) => other - one);
    assert.deepEqual(told, sorted, "none is counted twice, none is missed and found again");
    assert.ok(
      told.every((count) => count > 0),
      `0 was told, and was not the end: ${told.join()}`,
    );
    assertNoFaults(faults);
  });
});

test("RESTART_WORKER brings a new one first: no request is lost", async () => {
  await withApp({ workers: 2 }, async (proxy, port) => {
    const load = new Load({ port, ratePerSecond: 200, request: echoRequest("app-1") });
    const [first, second] = await proxy.workers();
    for (const { worker } of [first!, second!]) await proxy.orders.ok("RESTART_WORKER", { worker });
    const workers = await proxy.whenWorkers("two new workers", areRunning(2));
    assert.ok(workers.every(({ pid }) => pid !== first!.pid && pid !== second!.pid));
    await load.stop();
    assertNoFaults(load.faults);
  });
});
