import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { HttpBackend } from "../../testing/backends/http-backend.ts";
import { FaultLog } from "../../testing/clients/faults.ts";
import { HttpConnection } from "../../testing/clients/http-connection.ts";
import { WebSocketClient } from "../../testing/clients/websocket-client.ts";
import { askUntil, within } from "../../testing/deadline.ts";
import type { Response } from "../../testing/http/response.ts";
import type { Json } from "../../testing/order-client.ts";
import { freePort, Proxy } from "../../testing/proxy.ts";
import { backendOf, exchangeOn, fetchOnce, TIMEOUT_MS } from "./support.ts";

let proxy: Proxy;
/** Stays: traffic goes here when the other one is gone. */
let staying: HttpBackend;
let leaving: HttpBackend;
let port = 0;

before(async () => {
  [staying, leaving] = await Promise.all([
    HttpBackend.start({ id: "staying" }),
    HttpBackend.start({ id: "leaving" }),
  ]);
  proxy = await Proxy.start({ workers: 2 });
  port = await proxy.serve("app", [{ id: "staying", address: staying.address }]);
});
after(async () => {
  await Promise.all([staying.stop(), leaving.stop()]);
  await proxy.stop();
});

/** One test's failure must not be the next one's. */
afterEach(async () => {
  leaving.release();
  await proxy.orders.order("REMOVE_BACKEND", { ...LEAVING, drain: { wait: false } });
  await askUntil(
    TIMEOUT_MS,
    "the end of all drains",
    async () => (await drainsUnderWay()).length === 0 || undefined,
  );
});

const LEAVING = { cluster_id: "app", backend_id: "leaving" } as const;

/** Makes the leaving backend the only one that is chosen, and holds `count` exchanges on it. */
async function holdExchanges(count: number): Promise<Promise<Response>[]> {
  const { orders } = proxy;
  await orders.ok("ADD_BACKEND", { ...LEAVING, address: leaving.address });
  await orders.ok("UPDATE_BACKEND", { cluster_id: "app", backend_id: "staying", weight: 0 });
  const exchanges = Array.from({ length: count }, () => fetchOnce(port, "/hold"));
  for (const exchange of exchanges) exchange.catch(() => {});
  await within(
    TIMEOUT_MS,
    `${count} held exchanges`,
    leaving.until(({ held }) => held.length === count),
  );
  await orders.ok("UPDATE_BACKEND", { cluster_id: "app", backend_id: "staying", weight: 100 });
  return exchanges;
}

function releaseOne(): void {
  leaving.held.shift()!();
}

async function drainsUnderWay(): Promise<readonly { order: string; connections: number }[]> {
  return (await proxy.orders.ok("QUERY_DRAINS")).data.drains;
}

test("what nothing uses is removed with one OK", async () => {
  await proxy.orders.ok("ADD_BACKEND", { ...LEAVING, address: leaving.address });
  const removal = proxy.orders.send("REMOVE_BACKEND", LEAVING);
  assert.equal((await removal.final()).status, "OK");
  assert.deepEqual(removal.progress, []);
  assert.equal((await proxy.orders.order("REMOVE_BACKEND", LEAVING)).error?.code, "NOT_FOUND");
});

test("a removal counts what still uses it down to nothing, and says OK only then", async () => {
  const exchanges = await holdExchanges(3);
  const removal = proxy.orders.send("REMOVE_BACKEND", { ...LEAVING, drain: { progress_ms: 10 } });
  const first = await removal.processing();
  assert.equal(first.data.connections, 3);
  const byWorker = Object.values(first.data.workers as Record<string, number>);
  assert.equal(
    byWorker.reduce((sum, connections) => sum + connections, 0),
    3,
  );
  assert.equal(backendOf(await fetchOnce(port, "/")), "staying", "no new request goes there");

  for (const left of [2, 1]) {
    releaseOne();
    await removal.processing(({ data }) => data.connections === left);
    assert.equal(removal.isOver, false, `${left} are left`);
  }
  releaseOne();
  const final = await removal.final();
  assert.deepEqual([final.status, typeof final.data.drained_ms], ["OK", "number"]);
  const counts = removal.progress.map(({ data }) => data.connections as number);
  assert.deepEqual(
    counts,
    counts.toSorted((a, b) => b - a),
    "the count only falls",
  );
  for (const exchange of exchanges) assert.equal(backendOf(await exchange), "leaving");
  assert.deepEqual(await drainsUnderWay(), []);
});

test("wait:false answers at once with the number, and the drain goes on", async () => {
  const exchanges = await holdExchanges(2);
  const removal = proxy.orders.send("REMOVE_BACKEND", { ...LEAVING, drain: { wait: false } });
  const answer = await removal.final();
  assert.deepEqual([answer.status, answer.data.connections, removal.progress.length], ["OK", 2, 0]);
  assert.deepEqual(
    (await drainsUnderWay()).map(({ connections }) => connections),
    [2],
  );
  leaving.release();
  await Promise.all(exchanges);
  await askUntil(
    TIMEOUT_MS,
    "the end of the drain",
    async () => (await drainsUnderWay()).length === 0 || undefined,
  );
});

test("a deadline with close cuts what is left; with keep it lets it live", async () => {
  const { orders } = proxy;
  const cut = await holdExchanges(1);
  const closing = orders.send("REMOVE_BACKEND", {
    ...LEAVING,
    drain: { deadline_ms: 50, on_deadline: "close" },
  });
  await assert.rejects(cut[0]!, "the exchange is cut");
  assert.equal((await closing.final()).status, "OK");
  leaving.held.length = 0;

  const kept = await holdExchanges(1);
  const keeping = orders.send("REMOVE_BACKEND", {
    ...LEAVING,
    drain: { deadline_ms: 50, on_deadline: "keep" },
  });
  const answer = await keeping.final();
  assert.deepEqual([answer.status, answer.data.connections], ["OK", 1], answer.message);
  leaving.release();
  assert.equal(backendOf(await kept[0]!), "leaving");
});

test("a drain goes on without its client, and the same order again attaches to it", async () => {
  const exchanges = await holdExchanges(1);
  const gone = await proxy.connect();
  await gone.send("REMOVE_BACKEND", LEAVING).processing();
  gone.close();
  const attached = proxy.orders.send("REMOVE_BACKEND", LEAVING);
  assert.equal((await attached.processing()).data.connections, 1);
  assert.equal((await drainsUnderWay()).length, 1, "it is the same drain");
  leaving.release();
  assert.equal((await attached.final()).status, "OK");
  await Promise.all(exchanges);
});

test("a WebSocket counts until it ends; an idle pooled connection does not count and is closed", async () => {
  const { orders } = proxy;
  const exchanges = await holdExchanges(1);
  releaseOne();
  await Promise.all(exchanges);
  await orders.ok("UPDATE_BACKEND", { cluster_id: "app", backend_id: "staying", weight: 0 });
  const faults = new FaultLog();
  const tunnel = await WebSocketClient.open({ port, host: "a.example", target: "/websocket", faults });
  await orders.ok("UPDATE_BACKEND", { cluster_id: "app", backend_id: "staying", weight: 100 });
  const removal = orders.send("REMOVE_BACKEND", LEAVING);
  assert.equal((await removal.processing()).data.connections, 1);
  await within(
    TIMEOUT_MS,
    "the idle connection's end",
    leaving.until(({ openCount }) => openCount === 1),
  );
  for (let count = 0; count < 5; count++) tunnel.send();
  await tunnel.close();
  assert.equal((await removal.final()).status, "OK");
  assert.deepEqual([tunnel.echoed, faults.count], [5, 0], faults.summary());
});

test("a backend that is added back while it drains is a new one: both go their way", async () => {
  const exchanges = await holdExchanges(1);
  const removal = proxy.orders.send("REMOVE_BACKEND", LEAVING);
  await removal.processing();
  await proxy.orders.ok("ADD_BACKEND", { ...LEAVING, address: leaving.address });
  const seen = new Set<string>();
  for (let count = 0; count < 8; count++) seen.add(backendOf(await fetchOnce(port, "/")));
  assert.deepEqual([...seen].toSorted(), ["leaving", "staying"]);
  assert.equal(removal.isOver, false);
  leaving.release();
  assert.equal((await removal.final()).status, "OK");
  await Promise.all(exchanges);
  await proxy.orders.ok("REMOVE_BACKEND", LEAVING);
});

test("a removed cluster drains with its backends; a removed listener with its exchanges, announcing the end", async () => {
  const { orders } = proxy;
  const address = `127.0.0.1:${await freePort()}`;
  const other = Number(address.split(":")[1]);
  await orders.ok("ADD_LISTENER", { address, protocol: "http" });
  await orders.ok("ADD_CLUSTER", { cluster_id: "short" });
  await orders.ok("ADD_BACKEND", { cluster_id: "short", backend_id: "one", address: leaving.address });
  await orders.ok("ADD_FRONTEND", { listener: address, hostname: "*", cluster_id: "short" });
  const connection = await HttpConnection.open(other, { timeoutMs: TIMEOUT_MS });
  const exchange = exchangeOn(connection, "/hold");
  await within(
    TIMEOUT_MS,
    "the held exchange",
    leaving.until(({ held }) => held.length === 1),
  );

  const cluster = orders.send("REMOVE_CLUSTER", { cluster_id: "short", cascade: true } satisfies Json);
  const listener = orders.send("REMOVE_LISTENER", { address } satisfies Json);
  assert.equal((await cluster.processing()).data.connections, 1);
  assert.equal((await listener.processing()).data.connections, 1);
  leaving.release();
  const response = await exchange;
  assert.deepEqual([response.status, response.closes], [200, true]);
  assert.equal((await cluster.final()).status, "OK");
  assert.equal((await listener.final()).status, "OK");
  connection.close();
  await assert.rejects(HttpConnection.open(other, { timeoutMs: TIMEOUT_MS }), /ECONNREFUSED/);
});

test("DRAIN keeps the backend, gives it nothing new and says OK when nothing uses it; UNDRAIN takes it back", async () => {
  const { orders } = proxy;
  const exchanges = await holdExchanges(2);
  const drain = orders.send("DRAIN", { ...LEAVING, drain: { progress_ms: 10 } });
  assert.equal((await drain.processing()).data.connections, 2);
  for (let each = 0; each < 6; each++) assert.equal(backendOf(await fetchOnce(port, "/")), "staying");
  const again = orders.send("DRAIN", LEAVING);
  assert.equal((await again.processing()).data.connections, 2, "the same order attaches");
  assert.deepEqual(
    (await drainsUnderWay()).map(({ order, connections }) => [order, connections]),
    [["DRAIN", 2]],
  );
  leaving.release();
  const [final, other] = [await drain.final(), await again.final()];
  assert.deepEqual([final.status, final.data.connections, other.status], ["OK", 0, "OK"]);
  await Promise.all(exchanges);
  const listed = await orders.ok("LIST_BACKENDS", LEAVING);
  assert.equal((listed.data.items as { draining?: true }[])[0]?.draining, true);

  await orders.ok("UNDRAIN", LEAVING);
  const served = new Set<string>();
  for (let each = 0; each < 12; each++) served.add(backendOf(await fetchOnce(port, "/")));
  assert.deepEqual([...served].toSorted(), ["leaving", "staying"]);
});

test("who waits for a drain that UNDRAIN takes back is told so, and a removal goes on with a drain that lasts", async () => {
  const { orders } = proxy;
  const exchanges = await holdExchanges(1);
  const drain = orders.send("DRAIN", LEAVING);
  await drain.processing();
  await orders.ok("UNDRAIN", LEAVING);
  assert.equal((await drain.final()).error?.code, "UNDRAINED");
  assert.deepEqual(await drainsUnderWay(), []);

  const second = orders.send("DRAIN", LEAVING);
  await second.processing();
  const removal = orders.send("REMOVE_BACKEND", LEAVING);
  assert.equal((await removal.processing()).data.connections, 1);
  leaving.release();
  assert.equal((await removal.final()).status, "OK");
  assert.equal((await second.final()).status, "OK");
  await Promise.all(exchanges);
});

test("a listener that drains refuses clients, and listens again after UNDRAIN", async () => {
  const { orders } = proxy;
  const address = `127.0.0.1:${port}`;
  const revision = (await orders.ok("STATUS")).revision as number;
  const drained = await orders.ok("DRAIN", { address });
  assert.equal(drained.revision, revision + 1);
  await assert.rejects(fetchOnce(port, "/"));
  await orders.ok("UNDRAIN", { address });
  assert.equal(backendOf(await fetchOnce(port, "/")), "staying");
});

test("who keeps a backend alive is listed page by page, and can be closed", async () => {
  const { orders } = proxy;
  const exchanges = await holdExchanges(3);
  const seen: Json[] = [];
  for (let after: Json = null, page = 0; page === 0 || after !== null; page++) {
    const data: Json = { ...LEAVING, state: "exchange", limit: 1, ...(after !== null && { after }) };
    const listed: { items: Json[]; next: string | null } = (await orders.ok("LIST_CONNECTIONS", data)).data;
    seen.push(...listed.items);
    after = listed.next;
  }
  assert.equal(seen.length, 3);
  const drain = orders.send("DRAIN", LEAVING);
  await drain.processing();
  const closed = await orders.ok("CLOSE_CONNECTIONS", { ...LEAVING, reset: true });
  assert.equal(closed.data.closed, 3);
  assert.equal((await drain.final()).status, "OK");
  for (const exchange of exchanges) await assert.rejects(exchange);
  const all = await orders.order("CLOSE_CONNECTIONS", { reset: true });
  assert.equal(all.error?.code, "INVALID_FIELD");
});
