import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { FaultLog } from "../../testing/clients/faults.ts";
import { HttpConnection } from "../../testing/clients/http-connection.ts";
import { askUntil, eventWithin } from "../../testing/deadline.ts";
import { signal } from "../../testing/processes.ts";
import { exchangeOn, fetchOnce, IOS, TIMEOUT_MS, withApp } from "./support.ts";

const ROUNDS = 5;
const CLIENTS_PER_ROUND = 20;

for (const io of IOS) {
  test(`a listener removed and added back under load: every connection that the kernel accepted is served (${io})`, async () => {
    await withApp({ io, workers: 2 }, async ({ orders }, port) => {
      const address = `127.0.0.1:${port}`;
      const faults = new FaultLog();
      const served = { count: 0 };
      let isOver = false;
      const clients = Array.from({ length: CLIENTS_PER_ROUND }, async () => {
        while (!isOver) await requestIfAccepted(port, faults, served);
      });
      for (let round = 0; round < ROUNDS; round++) {
        await orders.ok("REMOVE_LISTENER", { address });
        await orders.ok("ADD_LISTENER", { address, protocol: "http" });
        await orders.ok("ADD_FRONTEND", { listener: address, hostname: "*", cluster_id: "app" });
        const before = served.count;
        await askUntil(
          TIMEOUT_MS,
          "requests on the new listener",
          () => served.count > before + CLIENTS_PER_ROUND || undefined,
        );
      }
      isOver = true;
      await Promise.all(clients);
      assert.equal(faults.count, 0, faults.summary());
    });
  });

  test(`what waits in the queue of a removed listener is served before it closes (${io})`, async () => {
    await withApp({ io, workers: 1 }, async (proxy, port) => {
      const [worker] = await proxy.workers();
      signal(worker!.pid, "SIGSTOP");
      const queued = await Promise.all(Array.from({ length: 30 }, () => openSocket(port)));
      const removal = proxy.orders.send("REMOVE_LISTENER", { address: `127.0.0.1:${port}` });
      signal(worker!.pid, "SIGCONT");
      const answers = queued.map(async (socket) => {
        socket.write("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n");
        const [bytes] = await eventWithin(TIMEOUT_MS, socket, "data");
        socket.destroy();
        return String(bytes).split("\r\n", 1)[0];
      });
      assert.deepEqual(new Set(await Promise.all(answers)), new Set(["HTTP/1.1 200 Echo"]));
      assert.equal((await removal.final()).status, "OK");
      await assert.rejects(fetchOnce(port, "/"), /ECONNREFUSED/);
    });
  });
}

test("a listener's timeouts hold for the next request after their update", async () => {
  await withApp({}, async ({ orders }, port) => {
    await orders.ok("UPDATE_LISTENER", { address: `127.0.0.1:${port}`, back_timeout_ms: 100 });
    assert.equal((await fetchOnce(port, "/hold")).status, 504);
    await orders.ok("UPDATE_LISTENER", { address: `127.0.0.1:${port}`, front_timeout_ms: 100 });
    const connection = await HttpConnection.open(port, { timeoutMs: TIMEOUT_MS });
    const ended = new Promise((resolve) => (connection.onIdle = resolve));
    assert.equal((await exchangeOn(connection, "/")).status, 200);
    await ended;
  });
});

/**
 * One request on a fresh connection; a refused connection was never accepted, anything else that fails is a
 * fault.
 */
async function requestIfAccepted(port: number, faults: FaultLog, served: { count: number }): Promise<void> {
  try {
    const { status } = await fetchOnce(port, "/");
    // 404: the new listener is there, and its frontend is not yet.
    if (status === 200 || status === 404) served.count++;
    else faults.add("status", `${status}`);
  } catch (error) {
    if (!String(error).includes("ECONNREFUSED")) faults.addError(error, "accepted");
  }
}

async function openSocket(port: number): Promise<Socket> {
  const socket = connect({ host: "127.0.0.1", port });
  await eventWithin(TIMEOUT_MS, socket, "connect");
  return socket;
}

test("a listener that is removed and added back in one transaction goes on at its address, as the new one", async () => {
  await withApp({}, async ({ orders }, port) => {
    const address = `127.0.0.1:${port}`;
    assert.equal((await fetchOnce(port, "/")).status, 200);
    for (let round = 0; round < 3; round++) {
      await orders.ok("TRANSACTION", {
        orders: [
          { type: "REMOVE_LISTENER", data: { address } },
          { type: "ADD_LISTENER", data: { address, protocol: "http" } },
          { type: "ADD_FRONTEND", data: { listener: address, hostname: "*", deny: true } },
        ],
      });
      assert.equal((await fetchOnce(port, "/")).status, 403);
      await orders.ok("TRANSACTION", {
        orders: [
          { type: "REMOVE_FRONTEND", data: { listener: address, hostname: "*" } },
          { type: "ADD_FRONTEND", data: { listener: address, hostname: "*", cluster_id: "app" } },
        ],
      });
      assert.equal((await fetchOnce(port, "/")).status, 200);
    }
  });
});
