/**
 * Deployments in one order, under traffic of clients that never retry: no fault, and whoever is refused has
 * changed nothing.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { HttpBackend } from "../../testing/backends/http-backend.ts";
import { Load } from "../../testing/clients/load.ts";
import { askUntil, within } from "../../testing/deadline.ts";
import type { Json } from "../../testing/order-client.ts";
import { freePort, Proxy } from "../../testing/proxy.ts";
import { backendOf, fetchOnce, TIMEOUT_MS, withProxy } from "./support.ts";

let proxy: Proxy;
let backends: readonly HttpBackend[];
let port = 0;

before(async () => {
  const ids = ["app-1", "app-2", "app-3"];
  backends = await Promise.all(ids.map((id) => HttpBackend.start({ id })));
  proxy = await Proxy.start({ workers: 2 });
  port = await proxy.serve("app", [{ id: "app-1", address: backends[0]!.address }]);
});
after(async () => {
  await Promise.all(backends.map((backend) => backend.stop()));
  await proxy.stop();
});

const hashOf = async (): Promise<unknown> => (await proxy.orders.ok("STATUS")).data.hash;

test("new backends take over in one moment, and no client of a load that never retries sees a fault", async () => {
  const { orders } = proxy;
  const load = new Load({ port, ratePerSecond: 200, request: () => ({ host: "a.example", target: "/" }) });
  for (let round = 0; round < 6; round++) {
    const [from, to] = [backends[round % 3]!, backends[(round + 1) % 3]!];
    const swap = orders.send("SWAP_BACKENDS", {
      cluster_id: "app",
      add: [{ backend_id: to.id, address: to.address }],
      remove: [from.id],
    });
    const final = await swap.final();
    assert.deepEqual([final.status, final.data.added, final.data.removed], ["OK", 1, 1]);
    assert.equal(swap.progress[0]?.data.step, "moving");
    assert.equal(backendOf(await fetchOnce(port, "/")), to.id);
  }
  await load.stop();
  assert.equal(load.faults.count, 0, load.faults.summary());
  assert.ok(load.report.answered > 0);
});

test("a backend that does not answer in time leaves everything as it was, and is named with the reason", async () => {
  const { orders } = proxy;
  const hash = await hashOf();
  const data = {
    cluster_id: "app",
    add: [
      { backend_id: "app-2", address: backends[1]!.address },
      { backend_id: "app-9", address: `127.0.0.1:${await freePort()}` },
    ],
    remove: ["app-1"],
    when: { timeout_ms: 300 },
  };
  const refused = await orders.order("SWAP_BACKENDS", data);
  assert.deepEqual([refused.error?.code, refused.error?.field], ["BACKEND_UNHEALTHY", "data.add[1].address"]);
  assert.match(refused.message, /app-9 at .*: connection refused/);
  assert.equal(await hashOf(), hash);

  const enough = await orders.ok("SWAP_BACKENDS", { ...data, when: { healthy: 1, timeout_ms: 5_000 } });
  assert.deepEqual([enough.data.added, enough.data.removed], [2, 1]);
  const back = { cluster_id: "app", add: [{ backend_id: "app-1", address: backends[0]!.address }] };
  await orders.ok("SWAP_BACKENDS", { ...back, remove: ["app-2", "app-9"] });
  assert.equal(await hashOf(), hash);
});

test("a client that leaves before traffic moves takes its swap along, also into the next program", async () => {
  const hash = await hashOf();
  const other = await proxy.connect();
  const swap = other.send("SWAP_BACKENDS", {
    cluster_id: "app",
    add: [{ backend_id: "app-9", address: `127.0.0.1:${await freePort()}` }],
    remove: ["app-1"],
  });
  assert.equal((await swap.processing()).data.step, "asking");
  await proxy.orders.ok("UPGRADE_MAIN");
  other.close();
  await within(TIMEOUT_MS, "an answer", proxy.orders.ok("STATUS"));
  assert.equal(await hashOf(), hash);
});

/** From now on connections are taken there. */
async function answerAt(port: number): Promise<Server> {
  const server = createServer().listen(port, "127.0.0.1");
  await once(server, "listening");
  return server;
}

test("a swap that asks goes on in the program that main becomes, what its client sends behind it waits, and it has one answer", async () => {
  const hash = await hashOf();
  const port = await freePort();
  const other = await proxy.connect();
  const data = { cluster_id: "app", add: [{ backend_id: "app-late", address: `127.0.0.1:${port}` }] };
  const late = { ...data, remove: ["app-1"], when: { timeout_ms: 600_000 }, drain: { wait: false } };
  const swap = other.send("SWAP_BACKENDS", late);
  const behind = other.send("LIST_BACKENDS", { cluster_id: "app" });
  assert.equal((await swap.processing()).data.step, "asking");
  await proxy.orders.ok("UPGRADE_MAIN");
  await proxy.orders.ok("UPGRADE_MAIN");
  assert.equal(await hashOf(), hash, "nobody has answered yet");
  const backend = await answerAt(port);
  try {
    const answer = await swap.final();
    assert.deepEqual([answer.status, answer.data.added, answer.data.removed], ["OK", 1, 1], answer.message);
    const ids = (await behind.final()).data.items.map((item: { backend_id: string }) => item.backend_id);
    assert.deepEqual(ids, ["app-late"]);
    const back = { cluster_id: "app", add: [{ backend_id: "app-1", address: backends[0]!.address }] };
    await proxy.orders.ok("SWAP_BACKENDS", { ...back, remove: ["app-late"] });
    assert.equal(await hashOf(), hash);
  } finally {
    backend.close();
    other.close();
  }
});

test("a swap's time and the revision that it wants are those that it had, in the program that main becomes", async () => {
  const port = await freePort();
  const [hasty, picky] = [await proxy.connect(), await proxy.connect()];
  const add = [{ backend_id: "app-9", address: `127.0.0.1:${port}` }];
  const { revision } = await proxy.orders.ok("STATUS");
  const inVain = hasty.send("SWAP_BACKENDS", {
    cluster_id: "app",
    add,
    remove: [],
    when: { timeout_ms: 3_000 },
  });
  const patient = { cluster_id: "app", add, remove: [], when: { timeout_ms: 600_000 } };
  const outdated = picky.send("SWAP_BACKENDS", patient, { if_revision: revision });
  await Promise.all([inVain.processing(), outdated.processing()]);
  await proxy.orders.ok("UPGRADE_MAIN");
  await proxy.orders.ok("ADD_CLUSTER", { cluster_id: "newer" });
  const refused = await inVain.final();
  assert.deepEqual([refused.error?.code, refused.error?.field], ["BACKEND_UNHEALTHY", "data.add[0].address"]);
  const backend = await answerAt(port);
  assert.equal((await outdated.final()).error?.code, "CONFLICT");
  backend.close();
  await proxy.orders.ok("REMOVE_CLUSTER", { cluster_id: "newer" });
  for (const client of [hasty, picky]) client.close();
});

test("what cannot be is refused before anybody is asked, and a dry run changes nothing", async () => {
  const { orders } = proxy;
  const add = [{ backend_id: "app-2", address: backends[1]!.address }];
  const missing = await orders.order("SWAP_BACKENDS", { cluster_id: "app", add, remove: ["app-7"] });
  assert.deepEqual([missing.error?.code, missing.error?.field], ["NOT_FOUND", "data.remove[0]"]);
  assert.match(missing.message, /did you mean "app-1"\?$/, "not one that is to be added");
  const twice = await orders.order("SWAP_BACKENDS", { cluster_id: "app", add, remove: ["app-2"] });
  assert.deepEqual([twice.error?.code, twice.error?.field], ["INVALID_FIELD", "data.add"]);
  const hash = await hashOf();
  const data = { cluster_id: "app", add, remove: ["app-1"] };
  const tried = await orders.order("SWAP_BACKENDS", data, { dry_run: true });
  assert.deepEqual([tried.status, tried.data.added, tried.data.removed], ["OK", 1, 1]);
  assert.equal(await hashOf(), hash);
});

test("a swap whose cluster is removed while it asks ends then, and not with its time", async () => {
  const { orders } = proxy;
  await orders.ok("ADD_CLUSTER", { cluster_id: "gone" });
  const swap = orders.send("SWAP_BACKENDS", {
    cluster_id: "gone",
    add: [{ backend_id: "new", address: `127.0.0.1:${await freePort()}` }],
    remove: [],
    when: { timeout_ms: 600_000 },
  });
  await swap.processing();
  const other = await proxy.connect();
  await other.ok("REMOVE_CLUSTER", { cluster_id: "gone" });
  other.close();
  assert.equal((await swap.final()).error?.code, "UNKNOWN_CLUSTER");
});

test("swaps that would ask more new backends than all together may are refused, until others have ended", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "kakehi-swaps-"));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, "kakehi.toml");
  await writeFile(file, "owns = []\n[limits]\nswap_backends_max = 2\n");
  await withProxy({ workers: 1, args: ["--config", file] }, async (own) => {
    await own.orders.ok("ADD_CLUSTER", { cluster_id: "app" });
    const address = `127.0.0.1:${await freePort()}`;
    const add = (...ids: readonly string[]): Json => ids.map((backend_id) => ({ backend_id, address }));
    const first = await own.connect();
    const asking = first.send("SWAP_BACKENDS", { cluster_id: "app", add: add("1", "2"), remove: [] });
    await asking.processing();
    const one = { cluster_id: "app", add: add("3"), remove: [], when: { timeout_ms: 1 } };
    assert.equal((await own.orders.order("SWAP_BACKENDS", one)).error?.code, "LIMIT_EXCEEDED");
    first.close();
    await askUntil(TIMEOUT_MS, "room for another", async () => {
      const { error } = await own.orders.order("SWAP_BACKENDS", one);
      return error?.code === "BACKEND_UNHEALTHY" || undefined;
    });
  });
});
