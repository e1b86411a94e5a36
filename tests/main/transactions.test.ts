/** TRANSACTION over the command socket, from a main whose workers do, and misbehave, on order. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { createLog } from "../../src/io/log.ts";
import { type MainOptions, runMain } from "../../src/main/run-main.ts";
import { within } from "../../testing/deadline.ts";
import { type Answer, OrderClient, type PendingOrder } from "../../testing/order-client.ts";
import { freePort } from "../../testing/proxy.ts";

const FAKE_WORKER = fileURLToPath(new URL("../../testing/fake-worker.ts", import.meta.url));
const WAIT_MS = 20_000;

type Entry = readonly [type: string, data: object];

/** Main with two fake workers. `restart` ends it, and starts another one with the same state. */
async function start(
  t: TestContext,
  limits: MainOptions["limits"] = {},
): Promise<{ orders: OrderClient; restart: () => Promise<OrderClient> }> {
  const folder = await mkdtemp(join(tmpdir(), "kakehi-transactions-"));
  const options: MainOptions = {
    socketPath: join(folder, "command.sock"),
    socketMode: 0o600,
    statePath: join(folder, "kakehi.state"),
    workers: 2,
    io: "auto",
    demo: false,
    version: "0.0.0-test",
    workerEntry: FAKE_WORKER,
    limits,
    log: createLog({ level: "error", form: "text", write: () => undefined, now: () => 0 }),
  };
  const run = async () => {
    const started = await runMain(options);
    assert.ok(started.ok, started.ok ? "" : started.error);
    return { main: started.value, orders: await OrderClient.connect(options.socketPath) };
  };
  let running = await run();
  const end = async (): Promise<void> => {
    running.orders.close();
    running.main.stopHard();
    await within(WAIT_MS, "the stop", running.main.stopped);
  };
  t.after(async () => {
    await end();
    await rm(folder, { recursive: true });
  });
  const restart = async (): Promise<OrderClient> => {
    await end();
    running = await run();
    return running.orders;
  };
  return { orders: running.orders, restart };
}

function send(orders: OrderClient, ...entries: readonly Entry[]): PendingOrder {
  return orders.send("TRANSACTION", { orders: entries.map(([type, data]) => ({ type, data })) as never });
}

function transact(orders: OrderClient, ...entries: readonly Entry[]): Promise<Answer> {
  return send(orders, ...entries).final();
}

/** What main and every worker have. */
async function everywhere(orders: OrderClient): Promise<unknown> {
  const { revision, hash, workers } = (await orders.ok("STATUS")).data;
  for (const worker of workers) assert.deepEqual([worker.revision, worker.hash], [revision, hash]);
  return { revision, hash };
}

const cluster = (cluster_id: string): Entry => ["ADD_CLUSTER", { cluster_id }];
const backend = (backend_id: string): Entry => [
  "ADD_BACKEND",
  { cluster_id: "app", backend_id, address: "127.0.0.1:9001" },
];
const removal = (backend_id: string, drain: object = {}): Entry => [
  "REMOVE_BACKEND",
  { cluster_id: "app", backend_id, drain },
];

test("a transaction is one revision in every worker, and what follows from it is judged in order", async (t) => {
  const { orders, restart } = await start(t);
  const done = await transact(orders, cluster("app"), backend("one"), backend("two"), removal("two"));
  assert.deepEqual(
    [done.status, done.revision, done.data],
    ["OK", 1, { added: 2, removed: 0, updated: 0, changed: true }],
  );
  const before = await everywhere(orders);
  const again = await transact(orders, cluster("app"), backend("one"));
  assert.deepEqual([again.status, again.revision, again.data.changed], ["OK", 1, false]);
  assert.deepEqual(await everywhere(await restart()), before);
});

test("an invalid order in the middle names its index, and changes nothing, nowhere", async (t) => {
  const { orders } = await start(t);
  await transact(orders, cluster("app"));
  const before = await everywhere(orders);
  const unknown: Entry = ["ADD_BACKEND", { cluster_id: "ap", backend_id: "x", address: "127.0.0.1:1" }];
  const refused = await transact(orders, cluster("a"), backend("one"), removal("one"), unknown, cluster("b"));
  assert.deepEqual(refused.error, { code: "UNKNOWN_CLUSTER", field: "data.orders[3].data.cluster_id" });
  assert.match(refused.message, /^orders\[3\]: .*did you mean "app"/);
  const unread = await transact(orders, cluster("a"), [
    "ADD_CERTIFICATE",
    { listener: "127.0.0.1:8443", certificate: "x", key: "y" },
  ]);
  assert.deepEqual(
    [unread.error?.code, unread.error?.field],
    ["INVALID_CERTIFICATE", "data.orders[1].data.certificate"],
  );
  assert.deepEqual(await everywhere(orders), before);
});

test("an address that is taken undoes all, also the sockets that were opened before it", async (t) => {
  const { orders } = await start(t);
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  t.after(() => other.close());
  const taken = `127.0.0.1:${(other.address() as { port: number }).port}`;
  const free = `127.0.0.1:${await freePort()}`;
  const listener = (address: string): Entry => ["ADD_LISTENER", { address, protocol: "http" }];
  const before = await everywhere(orders);
  const refused = await transact(orders, listener(free), cluster("app"), listener(taken));
  assert.equal(refused.error?.code, "ADDRESS_IN_USE");
  assert.match(refused.error?.field ?? "", /^data\.orders\[2\]/);
  assert.deepEqual(await everywhere(orders), before);
  const reopened = createServer().listen(Number(free.split(":")[1]), "127.0.0.1");
  await once(reopened, "listening");
  reopened.close();
});

test("a listener may be removed and added back, or added and removed, within one", async (t) => {
  const { orders } = await start(t);
  const [address, passing] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
  const add: Entry = ["ADD_LISTENER", { address, protocol: "http" }];
  const remove: Entry = ["REMOVE_LISTENER", { address }];
  assert.equal((await transact(orders, add)).status, "OK");
  const other: Entry = ["ADD_LISTENER", { address, protocol: "http", front_timeout_ms: 5 }];
  const back = await transact(orders, remove, other);
  assert.deepEqual([back.status, back.data.updated], ["OK", 1]);
  const added: Entry = ["ADD_LISTENER", { address: passing, protocol: "http" }];
  const nothing = await transact(orders, added, ["REMOVE_LISTENER", { address: passing }]);
  assert.deepEqual([nothing.status, nothing.data.changed, nothing.revision], ["OK", false, back.revision]);
  assert.equal((await transact(orders, remove)).status, "OK");
  await everywhere(orders);
});

test("its removals drain together, each with its own options; sent again, it waits for them too", async (t) => {
  const { orders } = await start(t);
  await transact(
    orders,
    cluster("app"),
    backend("used-1"),
    backend("used-2"),
    backend("used-3"),
    backend("free"),
  );
  const keeping = { deadline_ms: 100, on_deadline: "keep" };
  const removals = [removal("used-1"), removal("used-2", keeping), removal("used-3", { wait: false })];
  const pending = send(orders, ...removals, cluster("new"));
  const first = await pending.processing();
  assert.equal(first.data.connections, 6, "of two workers, those that it waits for");
  const again = send(orders, ...removals, cluster("new"));
  assert.equal((await again.processing()).data.connections, 6);
  assert.equal((await transact(orders, removal("free"))).status, "OK");
  for (const order of [pending, again]) assert.equal((await order.final()).status, "OK");
  assert.deepEqual((await orders.ok("QUERY_DRAINS")).data.drains, []);
});

test("a dry run tells what would change and changes nothing; if_revision holds for the whole", async (t) => {
  const { orders } = await start(t);
  await transact(orders, cluster("app"), backend("used-2"));
  const before = await everywhere(orders);
  const data = { orders: [cluster("b"), removal("used-2")].map(([type, data]) => ({ type, data })) } as never;
  const tried = await orders.order("TRANSACTION", data, { dry_run: true });
  const { added, removed, total, connections, in_use: inUse, shadowed } = tried.data;
  assert.deepEqual([added, removed, total, connections, shadowed.total], [1, 1, 2, 4, 0]);
  assert.deepEqual(inUse, { total: 1, items: [{ kind: "backend", key: "app used-2", connections: 4 }] });
  const conflict = await orders.order("TRANSACTION", data, { if_revision: 0 });
  assert.equal(conflict.error?.code, "CONFLICT");
  assert.deepEqual(await everywhere(orders), before);
  const removing = orders.send("TRANSACTION", data, { if_revision: 1 });
  assert.equal((await removing.processing()).revision, 2);
});

test("a transaction that workers have prepared, and die before they do it, holds whole all the same", async (t) => {
  const { orders } = await start(t, { changesPerMessageMax: 2 });
  const events = orders.send("SUBSCRIBE_EVENTS");
  await events.processing();
  const names = ["app", "dies-prepared", "b", "c", "d"];
  const done = await transact(orders, ...names.map(cluster), backend("one"));
  assert.deepEqual([done.status, done.revision], ["OK", 1]);
  const dead = events.progress.filter(({ data }) => data.event === "WORKER_DIED");
  assert.deepEqual(new Set(dead.map(({ data }) => data.worker as number)), new Set([0, 1]));
  assert.deepEqual((await orders.ok("LIST_CLUSTERS")).data.items.length, names.length);
  for (const worker of [0, 1])
    await events.processing(({ data }) => data.event === "WORKER_STARTED" && data.worker === worker);
  await everywhere(orders);
});

test("workers that die in the midst of a transaction have all of it when they are back", async (t) => {
  const { orders } = await start(t);
  const events = orders.send("SUBSCRIBE_EVENTS");
  await events.processing();
  const done = await transact(orders, cluster("app"), cluster("die"), backend("one"));
  assert.equal(done.status, "OK");
  // Who has this cluster dies of it, again and again.
  await orders.ok("REMOVE_CLUSTER", { cluster_id: "die" });
  for (const worker of [0, 1])
    await events.processing(({ data }) => data.event === "WORKER_STARTED" && data.worker === worker);
  const { items } = (await orders.ok("LIST_BACKENDS")).data;
  assert.equal(items.length, 1);
  await everywhere(orders);
});
