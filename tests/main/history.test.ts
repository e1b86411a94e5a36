/** HISTORY, REVERT and the past over the command socket, from a main whose workers are fakes. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { createLog } from "../../src/io/log.ts";
import type { MainLimits } from "../../src/main/limits.ts";
import { type MainOptions, runMain } from "../../src/main/run-main.ts";
import { within } from "../../testing/deadline.ts";
import { type Answer, type Json, OrderClient } from "../../testing/order-client.ts";
import { freePort } from "../../testing/proxy.ts";
import { CertificateMaker } from "../../testing/tls/make-certificates.ts";

const FAKE_WORKER = fileURLToPath(new URL("../../testing/fake-worker.ts", import.meta.url));
const WAIT_MS = 20_000;

interface Rig {
  orders: OrderClient;
  readonly socketPath: string;
  readonly folder: string;
  restart(): Promise<void>;
}

async function start(
  t: TestContext,
  { keeps = true, limits = {} }: { keeps?: boolean; limits?: Partial<MainLimits> } = {},
): Promise<Rig> {
  const folder = await mkdtemp(join(tmpdir(), "kakehi-history-"));
  const options: MainOptions = {
    socketPath: join(folder, "command.sock"),
    socketMode: 0o600,
    ...(keeps && { statePath: join(folder, "kakehi.state") }),
    workers: 2,
    io: "auto",
    demo: false,
    version: "0.0.0-test",
    workerEntry: FAKE_WORKER,
    log: createLog({ level: "error", form: "text", write: () => undefined, now: () => 0 }),
    limits,
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
  const rig: Rig = {
    orders: running.orders,
    socketPath: options.socketPath,
    folder,
    restart: async () => {
      await end();
      running = await run();
      rig.orders = running.orders;
    },
  };
  return rig;
}

async function hashOf(orders: OrderClient): Promise<string> {
  const { hash, revision, workers } = (await orders.ok("STATUS")).data;
  for (const worker of workers) assert.deepEqual([worker.revision, worker.hash], [revision, hash]);
  return hash;
}

const cluster = (id: string): { cluster_id: string } => ({ cluster_id: id });
const revisionsOf = ({ data }: Answer): number[] =>
  data.revisions.map(({ revision }: { revision: number }) => revision);

test("HISTORY tells what was changed, when and by whom, newest first, in pages, and over a restart", async (t) => {
  const rig = await start(t);
  const before = Date.now();
  for (const id of ["a", "b", "c"]) await rig.orders.ok("ADD_CLUSTER", cluster(id), { id: `add-${id}` });
  await rig.orders.ok("ADD_CLUSTER", cluster("c"));
  await rig.orders.order("REMOVE_CLUSTER", cluster("nobody"));
  const all = await rig.orders.ok("HISTORY");
  assert.deepEqual([revisionsOf(all), all.data.oldest, all.data.next], [[3, 2, 1], 0, null]);
  const [newest] = all.data.revisions;
  assert.partialDeepStrictEqual(newest, {
    uid: process.getuid!(),
    pid: process.pid,
    order_id: "add-c",
    order: "ADD_CLUSTER",
    orders_total: 1,
    orders: [{ type: "ADD_CLUSTER", data: { cluster_id: "c" } }],
  });
  assert.equal(newest.time, new Date(newest.time_ms).toISOString());
  assert.ok(newest.time_ms >= before && newest.time_ms <= Date.now());
  const page = await rig.orders.ok("HISTORY", { limit: 2 });
  assert.deepEqual([revisionsOf(page), page.data.next], [[3, 2], 2]);
  const rest = await rig.orders.ok("HISTORY", { limit: 2, before: page.data.next });
  assert.deepEqual([revisionsOf(rest), rest.data.next], [[1], null]);
  assert.deepEqual(revisionsOf(await rig.orders.ok("HISTORY", { since: 2 })), [3]);
  await rig.restart();
  assert.deepEqual((await rig.orders.ok("HISTORY")).data, all.data);
});

test("REVERT goes back in one revision, and REVERT of that comes back, over a restart too", async (t) => {
  const rig = await start(t);
  await rig.orders.ok("ADD_CLUSTER", cluster("a"));
  await rig.orders.ok("ADD_BACKEND", { ...cluster("a"), backend_id: "one", address: "127.0.0.1:9001" });
  const then = await hashOf(rig.orders);
  await rig.orders.ok("REMOVE_CLUSTER", cluster("a"));
  await rig.orders.ok("ADD_CLUSTER", cluster("b"));
  const now = await hashOf(rig.orders);
  const dry = await rig.orders.ok("REVERT", { revision: 2 }, { dry_run: true });
  assert.deepEqual([dry.revision, dry.data.total, await hashOf(rig.orders)], [4, 3, now]);
  const reverted = await rig.orders.ok("REVERT", { revision: 2 });
  assert.partialDeepStrictEqual(reverted.data, { changed: true, added: 2, removed: 1, updated: 0 });
  assert.deepEqual([reverted.revision, await hashOf(rig.orders)], [5, then]);
  await rig.restart();
  await rig.orders.ok("REVERT", { revision: 4 });
  assert.equal(await hashOf(rig.orders), now);
  const same = await rig.orders.ok("REVERT", { revision: 4 });
  assert.deepEqual([same.data.changed, same.revision], [false, 6]);
  await rig.orders.ok("REVERT", { revision: 0 });
  assert.deepEqual((await rig.orders.ok("DUMP_STATE")).data.orders, []);
});

test("history goes on where the journal is folded again and again", async (t) => {
  const rig = await start(t, { limits: { journalBytesMax: 2_000 } });
  const ids = Array.from({ length: 60 }, (_, index) => `c${index}`);
  for (const id of ids) await rig.orders.ok("ADD_CLUSTER", cluster(id));
  const before = (await rig.orders.ok("HISTORY")).data;
  const then = await hashOf(rig.orders);
  await rig.restart();
  assert.deepEqual((await rig.orders.ok("HISTORY")).data, before);
  await rig.orders.ok("REVERT", { revision: 1 });
  assert.equal((await rig.orders.ok("LIST_CLUSTERS")).data.items.length, 1);
  await rig.orders.ok("REVERT", { revision: 60 });
  assert.equal(await hashOf(rig.orders), then);
});

/** So many that a look at all of them takes more than one turn. */
async function addClusters(orders: OrderClient): Promise<void> {
  for (let first = 0; first < 30_000; first += 5_000) {
    const entries = Array.from({ length: 5_000 }, (_, index) => ({
      type: "ADD_CLUSTER",
      data: { cluster_id: `cluster-${(first + index).toString().padStart(5, "0")}` },
    }));
    await orders.ok("TRANSACTION", { orders: entries as never });
  }
}

test("DUMP_STATE of a large configuration tells one moment, also where it changes meanwhile", async (t) => {
  const { orders, socketPath } = await start(t, { keeps: false });
  await addClusters(orders);
  const other = await OrderClient.connect(socketPath);
  t.after(() => other.close());
  const dump = orders.order("DUMP_STATE");
  const past = orders.order("DUMP_STATE", { at: 1 });
  await other.ok("REMOVE_CLUSTER", { cluster_id: "cluster-00000" });
  await other.ok("ADD_CLUSTER", { cluster_id: "another" });
  const [now, then] = [await dump, await past];
  assert.ok(now.status === "OK" && then.status === "OK");
  const ids: string[] = now.data.orders.map(({ data }: { data: { cluster_id: string } }) => data.cluster_id);
  assert.deepEqual(ids, ids.toSorted());
  // Which of the two is read first is the kernel's: what is told goes with the revision that is told.
  assert.ok([6, 7].includes(now.revision), `revision ${now.revision}`);
  assert.deepEqual([ids.includes("cluster-00000"), ids.includes("another")], [now.revision === 6, false]);
  assert.equal(ids.length, now.revision === 6 ? 30_000 : 29_999);
  assert.equal(then.data.orders.length, 5_000);
});

test("a client that asked for DUMP_STATE and left keeps nobody waiting", async (t) => {
  const { orders, socketPath } = await start(t, { keeps: false });
  await addClusters(orders);
  for (let count = 0; count < 20; count++) {
    const leaving = await OrderClient.connect(socketPath);
    leaving.send("DUMP_STATE");
    leaving.close();
  }
  assert.equal((await orders.ok("DUMP_STATE")).data.orders.length, 30_000);
});

test("DUMP_STATE shows the past as it was", async (t) => {
  const { orders } = await start(t, { keeps: false });
  await orders.ok("ADD_CLUSTER", cluster("a"));
  const then = (await orders.ok("DUMP_STATE")).data;
  await orders.ok("ADD_CLUSTER", cluster("b"));
  await orders.ok("REMOVE_CLUSTER", cluster("a"));
  assert.deepEqual((await orders.ok("DUMP_STATE", { at: 1 })).data, then);
  assert.deepEqual((await orders.ok("DUMP_STATE", { at: 0 })).data.orders, []);
  assert.deepEqual((await orders.ok("DUMP_STATE", { at: 3 })).data, (await orders.ok("DUMP_STATE")).data);
  const early = await orders.order("DUMP_STATE", { at: 4 });
  assert.deepEqual([early.error?.code, early.error?.field], ["INVALID_FIELD", "data.at"]);
});

test("a conflict carries what was changed since, and a revision that is gone the oldest that is not", async (t) => {
  const { orders } = await start(t, { keeps: false, limits: { historyRevisionsMax: 3 } });
  for (const id of ["a", "b", "c", "d", "e"]) await orders.ok("ADD_CLUSTER", cluster(id));
  const conflict = await orders.order("ADD_CLUSTER", cluster("f"), { if_revision: 3 });
  const { code, history } = conflict.error as unknown as { code: string; history: Answer["data"] };
  assert.deepEqual([code, revisionsOf({ ...conflict, data: history })], ["CONFLICT", [5, 4]]);
  const late = await orders.order("REVERT", { revision: 2 }, { if_revision: 4 });
  assert.equal(late.error?.code, "CONFLICT");
  const gone = await orders.order("REVERT", { revision: 1 });
  assert.partialDeepStrictEqual(gone.error, { code: "REVISION_GONE", field: "data.revision", oldest: 2 });
  const toCome = await orders.order("REVERT", { revision: 6 });
  assert.equal(toCome.error?.code, "INVALID_FIELD");
  assert.deepEqual(revisionsOf(await orders.ok("HISTORY")), [5, 4, 3]);
  assert.equal((await orders.ok("REVERT", { revision: 2 })).data.removed, 3);
});

test("keys are in no history, and come back with a REVERT", async (t) => {
  const { orders, folder } = await start(t, { keeps: false });
  const { certificate, key } = new CertificateMaker(folder).make({ names: "DNS:a.example" });
  const listener = `127.0.0.1:${await freePort()}`;
  await orders.ok("ADD_CLUSTER", cluster("a"));
  await orders.ok("ADD_LISTENER", { address: listener, protocol: "https" });
  await orders.ok("ADD_CERTIFICATE", { listener, certificate, key });
  const then = await hashOf(orders);
  const { fingerprint } = (await orders.ok("LIST_CERTIFICATES")).data.items[0];
  await orders.ok("REMOVE_CERTIFICATE", { listener, fingerprint });
  const told = JSON.stringify([
    await orders.ok("HISTORY"),
    await orders.order("STATUS", {}, { if_revision: 1 }),
  ]);
  assert.ok(told.includes("ADD_CERTIFICATE") && !told.includes('"key"'), told);
  await orders.ok("REVERT", { revision: 3 });
  assert.equal(await hashOf(orders), then);
});

test("20 clients at once, 10,000 orders, make one order of revisions, the same in every worker and in a replay", async (t) => {
  const { orders, socketPath } = await start(t);
  const clients = await Promise.all(Array.from({ length: 20 }, () => OrderClient.connect(socketPath)));
  t.after(() => clients.forEach((client) => client.close()));
  await Promise.all(
    clients.map(async (client, number) => {
      for (let round = 0; round < 125; round++) {
        const id = `c${(number * 7 + round) % 40}`;
        const backend = { cluster_id: id, backend_id: `b${round % 3}` };
        const sent = [
          client.send("ADD_CLUSTER", cluster(id)),
          client.send("ADD_BACKEND", { ...backend, address: `127.0.0.1:${9_000 + number}` }),
          client.send(round % 2 === 0 ? "REMOVE_BACKEND" : "UPDATE_BACKEND", {
            ...backend,
            ...(round % 2 === 1 && { weight: number }),
          }),
          client.send("REMOVE_CLUSTER", cluster(`c${(number + round) % 40}`)),
        ];
        await Promise.all(sent.map((order) => order.final()));
      }
    }),
  );
  const hash = await hashOf(orders);
  const revisions: { readonly revision: number; readonly orders: { type: string; data: Json }[] }[] = [];
  for (let before: number | null | undefined; before !== null;) {
    const { data } = await orders.ok("HISTORY", { limit: 1_000, ...(before !== undefined && { before }) });
    revisions.push(...data.revisions);
    before = data.next;
  }
  const last = (await orders.ok("STATUS")).revision;
  assert.deepEqual(
    revisions.map(({ revision }) => revision),
    Array.from({ length: last }, (_, index) => last - index),
  );
  const replay = await start(t, { keeps: false });
  const done = revisions
    .toReversed()
    .map(({ orders: [order] }) => replay.orders.order(order!.type, order!.data));
  const answers = await Promise.all(done);
  assert.ok(answers.every(({ status }) => status === "OK"));
  assert.equal(await hashOf(replay.orders), hash);
  await orders.ok("REVERT", { revision: Math.floor(last / 2) });
  const half = await start(t, { keeps: false });
  const firstHalf = revisions.toReversed().slice(0, Math.floor(last / 2));
  await Promise.all(firstHalf.map(({ orders: [order] }) => half.orders.ok(order!.type, order!.data)));
  assert.equal(await hashOf(half.orders), await hashOf(orders));
});
