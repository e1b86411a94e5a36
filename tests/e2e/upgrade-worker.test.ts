/**
 * UPGRADE_WORKER with real processes: clients that never retry, on connections that live through it.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FaultLog } from "../../testing/clients/faults.ts";
import { HttpConnection } from "../../testing/clients/http-connection.ts";
import { Load } from "../../testing/clients/load.ts";
import { within } from "../../testing/deadline.ts";
import { signal } from "../../testing/processes.ts";
import { WebSocketClient } from "../../testing/clients/websocket-client.ts";
import { authority, certificateFor, HttpsSetting } from "./https-support.ts";
import { assertNoFaults, echoRequest, exchangeOn, fetchOnce, IOS, TIMEOUT_MS, withApp } from "./support.ts";

const SESSIONS = 50;
/** Long enough for one request on a machine that is busy. */
const TLS_DEADLINE_MS = 2_000;
const WEBSOCKETS = 20;

for (const io of IOS) {
  test(`UPGRADE_WORKER: no session, no request and no message is lost (${io})`, async () => {
    await withApp({ io, workers: 1 }, async (proxy, port) => {
      const faults = new FaultLog();
      const sessions = await Promise.all(
        Array.from({ length: SESSIONS }, () => HttpConnection.open(port, { timeoutMs: TIMEOUT_MS })),
      );
      for (const session of sessions) {
        session.onIdle = (fault) => faults.add(fault.kind, fault.message);
        assert.equal((await exchangeOn(session, "/")).status, 200);
      }
      const sockets = await Promise.all(
        Array.from({ length: WEBSOCKETS }, () =>
          WebSocketClient.open({ port, host: "a.example", target: "/websocket", faults }),
        ),
      );
      for (const socket of sockets) socket.sendAtRate(100);
      const load = new Load({ port, ratePerSecond: 200, request: echoRequest("app-1") });
      const [before] = await proxy.workers();
      const upgraded = await proxy.orders.ok("UPGRADE_WORKER", { worker: 0 });
      const [after] = await proxy.whenWorkers("the new worker alone", (workers) => workers.length === 1);
      assert.notEqual(after!.pid, before!.pid);
      assert.equal(upgraded.data.tunnels, WEBSOCKETS);
      assert.ok(upgraded.data.sessions >= SESSIONS, JSON.stringify(upgraded.data));
      for (const session of sessions) assert.equal((await exchangeOn(session, "/")).status, 200);
      await load.stop();
      await Promise.all(sockets.map((socket) => socket.close()));
      assertNoFaults(load.faults);
      assertNoFaults(faults);
      for (const session of sessions) session.close();
    });
  });
}

test("a removed backend with a tunnel on it drains over an upgrade: one connection all the time, OK at its end", async () => {
  await withApp({ workers: 1 }, async (proxy, port) => {
    const faults = new FaultLog();
    const tunnel = await WebSocketClient.open({ port, host: "a.example", target: "/websocket", faults });
    const orders = await proxy.connect();
    const removal = orders.send("REMOVE_BACKEND", {
      cluster_id: "app",
      backend_id: "app-1",
      drain: { progress_ms: 10 },
    });
    await proxy.whenWorkers("a worker", (workers) => workers.length === 1);
    const upgraded = await proxy.orders.ok("UPGRADE_WORKER", { worker: 0 });
    assert.equal(upgraded.data.tunnels, 1);
    const { drains } = (await proxy.orders.ok("QUERY_DRAINS")).data;
    assert.deepEqual(
      drains.map(({ connections, workers }: { connections: number; workers: object }) => [
        connections,
        workers,
      ]),
      [[1, { [upgraded.data.worker]: 1 }]],
    );
    tunnel.send();
    await tunnel.close();
    const { status, data } = await removal.final();
    assert.deepEqual([status, data.connections], ["OK", 0]);
    assert.deepEqual(new Set(removal.progress.map((told) => told.data.connections)), new Set([1]));
    orders.close();
    assertNoFaults(faults);
  });
});

test("a change that is accepted in the moment in which a worker starts reaches it once, with its state", async () => {
  await withApp({ workers: 1 }, async (proxy, port) => {
    const orders = await proxy.connect();
    const listener = `127.0.0.1:${port}`;
    const change = { listener, hostname: "b.example", cluster_id: "app" };
    // Together in one packet: the change is not published yet when the worker is started.
    const frames = [
      { id: "change", type: "ADD_FRONTEND", data: change },
      { id: "upgrade", type: "UPGRADE_WORKER", data: { worker: 0 } },
    ];
    const upgraded = await orders.raw(
      frames.map((frame) => `${JSON.stringify(frame)}\0`).join(""),
      "upgrade",
    );
    assert.equal(upgraded.status, "OK", upgraded.message);
    assert.equal((await fetchOnce(port, "/", "b.example")).status, 200);
    const [worker] = await proxy.workers();
    assert.deepEqual([worker!.revision, worker!.hash], [upgraded.revision, (await proxy.status()).data.hash]);
    orders.close();
  });
});

test("sessions over TLS stay: with the next answer they are told to close, and those that ask for none are told that it ends at the deadline", async () => {
  const setting = await HttpsSetting.start("uring", {}, 1);
  try {
    await setting.add(certificateFor("a.example"));
    const wishes = { servername: "a.example", ca: authority.pem };
    const [asking, silent] = [await setting.connect(wishes), await setting.connect(wishes)].map((socket) =>
      HttpConnection.over(socket),
    );
    for (const session of [asking!, silent!])
      assert.equal((await exchangeOn(session, "/", "a.example")).closes, false);
    const ended = new Promise<string>((resolve) => (silent!.onIdle = ({ kind }) => resolve(kind)));
    const { orders } = setting.proxy;
    const upgrade = orders.send("UPGRADE_WORKER", { worker: 0, deadline_ms: TLS_DEADLINE_MS });
    await upgrade.processing(({ data }) => data.left === 2);
    const last = await exchangeOn(asking!, "/", "a.example");
    assert.deepEqual([last.status, last.closes], [200, true]);
    const { status, data } = await upgrade.final();
    assert.deepEqual([status, data.sessions, data.closed], ["OK", 0, 2]);
    assert.equal(await within(TIMEOUT_MS, "the end of the silent one", ended), "closed");
    assert.equal((await setting.fetch(wishes)).status, 200);
  } finally {
    await setting.stop();
  }
});

const VICTIMS = [
  { who: "the new worker", signalName: "SIGKILL", place: 1 },
  { who: "the new worker, which hangs,", signalName: "SIGSTOP", place: 1 },
  { who: "the old worker", signalName: "SIGKILL", place: 0 },
] as const;

for (const { who, signalName, place } of VICTIMS) {
  test(`${who} is lost in the midst of a hand-over: each session goes on whole, or has ended`, async () => {
    await withApp({ workers: 1 }, async (proxy, port) => {
      const sessions = await Promise.all(
        Array.from({ length: 500 }, () => HttpConnection.open(port, { timeoutMs: TIMEOUT_MS })),
      );
      for (const session of sessions) assert.equal((await exchangeOn(session, "/")).status, 200);
      const upgrade = proxy.orders.send("UPGRADE_WORKER", { worker: 0 });
      const both = await proxy.whenWorkers("the new worker", (workers) => workers.length === 2);
      const victim = both[place]!.pid;
      await upgrade.processing(({ message }) => message.includes("hands its connections over"));
      signal(victim, signalName);
      const answer = await upgrade.final();
      const [left] = await proxy.whenWorkers("one worker", (workers) => {
        return workers.length === 1 && workers.every(({ state }) => state === "running");
      });
      assert.notEqual(left!.pid, victim);
      const results = await Promise.allSettled(sessions.map(async (session) => exchangeOn(session, "/")));
      const faults = results.flatMap((result) => (result.status === "rejected" ? [`${result.reason}`] : []));
      assert.deepEqual(
        faults.filter((fault) => /timeout/.test(fault)),
        [],
        `nobody waits for nobody: ${answer.message}`,
      );
      assert.equal((await fetchOnce(port, "/")).status, 200, `worker ${left!.worker} accepts`);
      for (const session of sessions) session.close();
    });
  });
}
