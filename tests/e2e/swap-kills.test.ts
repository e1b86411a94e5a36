/**
 * A main or a worker that is killed in the middle of `SWAP_BACKENDS`: all of the swap holds, or nothing of
 * it, and the answer or the state after the restart says which.
 */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { HttpBackend } from "../../testing/backends/http-backend.ts";
import { askUntil, within } from "../../testing/deadline.ts";
import type { Response } from "../../testing/http/response.ts";
import type { PendingOrder } from "../../testing/order-client.ts";
import { signal, whenGone } from "../../testing/processes.ts";
import { freePort, Proxy } from "../../testing/proxy.ts";
import { backendOf, fetchOnce, TIMEOUT_MS, withBackends } from "./support.ts";

const WORKERS = 2;

/** A proxy whose traffic goes to `app-1`, which outlives its main, and another backend. */
interface Setting {
  readonly first: Proxy;
  readonly port: number;
  readonly one: HttpBackend;
  readonly two: HttpBackend;
  /** Kills main; gives the next one. */
  readonly restart: () => Promise<Proxy>;
}

async function withSetting(body: (setting: Setting) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "kakehi-swap-kills-"));
  const options = { workers: WORKERS, folder, args: ["--state", join(folder, "state")] };
  const started: Proxy[] = [];
  const start = async (): Promise<Proxy> => {
    const proxy = await Proxy.start(options);
    started.push(proxy);
    return proxy;
  };
  try {
    await withBackends(2, async (one, two) => {
      const first = await start();
      const port = await first.serve("app", [{ id: one!.id, address: one!.address }]);
      const restart = async (): Promise<Proxy> => {
        first.kill("SIGKILL");
        await whenGone([first.pid], TIMEOUT_MS);
        return start();
      };
      await body({ first, port, one: one!, two: two!, restart });
    });
  } finally {
    await Promise.all(started.map((proxy) => proxy.discard()));
    await rm(folder, { recursive: true, force: true });
  }
}

/** By a client of its own: its next orders would wait until traffic has moved. */
async function swapTo(proxy: Proxy, address: string): Promise<PendingOrder> {
  return (await proxy.connect()).send("SWAP_BACKENDS", {
    cluster_id: "app",
    add: [{ backend_id: "app-2", address }],
    remove: ["app-1"],
    drain: { progress_ms: 10 },
  });
}

async function idsOf(proxy: Proxy): Promise<readonly string[]> {
  const { items } = (await proxy.orders.ok("LIST_BACKENDS", { cluster_id: "app" })).data;
  return items.map(({ backend_id }: { readonly backend_id: string }) => backend_id);
}

/** Asks often enough that each worker is asked: all answers come from `id`, and they agree on why. */
async function assertServedBy(proxy: Proxy, port: number, id: string): Promise<void> {
  for (let each = 0; each < 10; each++) assert.equal(backendOf(await fetchOnce(port, "/")), id);
  const running = (await proxy.workers()).filter(({ state }) => state === "running");
  assert.equal(new Set(running.map(({ hash }) => hash)).size, 1);
}

/** An exchange in progress on `app-1`; the client waits for it, and does not ask again. */
async function holdExchange(
  port: number,
  one: HttpBackend,
): Promise<{ readonly exchange: Promise<Response> }> {
  const exchange = fetchOnce(port, "/hold");
  exchange.catch(() => {});
  await within(
    TIMEOUT_MS,
    "a held exchange",
    one.until(({ held }) => held.length === 1),
  );
  return { exchange };
}

/** What still uses the old ones, in all and by worker. */
interface Usage {
  readonly connections: number;
  readonly workers: Readonly<Record<string, number>>;
}

/** The first progress of a swap that has moved traffic: what drains. */
async function whenDraining(swap: PendingOrder): Promise<Usage> {
  return (await swap.processing(({ data }) => data.connections !== undefined)).data;
}

test("main is killed while new backends are asked: nothing of the swap holds", async () => {
  await withSetting(async ({ first, port, restart }) => {
    const before = (await first.orders.ok("STATUS")).data.hash;
    const swap = await swapTo(first, `127.0.0.1:${await freePort()}`);
    assert.equal((await swap.processing()).data.step, "asking");
    const second = await restart();
    assert.deepEqual(await idsOf(second), ["app-1"]);
    assert.equal((await second.orders.ok("STATUS")).data.hash, before);
    await assertServedBy(second, port, "app-1");
  });
});

test("main is killed in the moment in which traffic moves: the old holds whole, or the new", async () => {
  await withSetting(async ({ first, port, two, restart }) => {
    const swap = await swapTo(first, two.address);
    assert.equal((await swap.processing()).data.step, "moving");
    const second = await restart();
    const ids = await idsOf(second);
    assert.equal(ids.length, 1, ids.join());
    await assertServedBy(second, port, ids[0]!);
  });
});

test("main is killed while the old backends drain: the new hold, and the next main knows the drain", async () => {
  await withSetting(async ({ first, port, one, two, restart }) => {
    const { exchange } = await holdExchange(port, one);
    assert.equal((await whenDraining(await swapTo(first, two.address))).connections, 1);
    const second = await restart();
    assert.deepEqual(await idsOf(second), ["app-2"]);
    await assertServedBy(second, port, "app-2");
    const [drain] = (await second.orders.ok("QUERY_DRAINS")).data.drains;
    assert.deepEqual([drain.object.key, drain.order, drain.connections], ["app app-1", "SWAP_BACKENDS", 1]);
    one.release();
    assert.equal((await exchange).status, 200);
    await askUntil(TIMEOUT_MS, "the end of the drain", async () => {
      return (await second.orders.ok("QUERY_DRAINS")).data.drains.length === 0 || undefined;
    });
  });
});

test("a worker is killed while new backends are asked: the swap goes on, and holds in who replaces it, too", async () => {
  await withSetting(async ({ first, port, two }) => {
    const later = await freePort();
    const swap = await swapTo(first, `127.0.0.1:${later}`);
    assert.equal((await swap.processing()).data.step, "asking");
    const { pid } = (await first.workers())[0]!;
    signal(pid, "SIGKILL");
    await whenGone([pid], TIMEOUT_MS);
    await assertServedBy(first, port, "app-1");
    const door = createServer((socket) => {
      const inner = connect(two.port, "127.0.0.1");
      socket.pipe(inner).pipe(socket);
      for (const each of [socket, inner]) each.on("error", () => void (socket.destroy(), inner.destroy()));
    });
    await new Promise<void>((listens) => door.listen(later, "127.0.0.1", listens));
    try {
      assert.equal((await swap.final()).status, "OK");
      await first.whenWorkers("a replacement", (workers) => {
        return workers.length === WORKERS && workers.every((each) => each.state === "running");
      });
      assert.deepEqual(await idsOf(first), ["app-2"]);
      await assertServedBy(first, port, "app-2");
    } finally {
      door.close();
    }
  });
});

test("the worker that holds the old backend's last exchange is killed: OK, for nothing uses it, and the new hold", async () => {
  await withSetting(async ({ first, port, one, two }) => {
    const { exchange } = await holdExchange(port, one);
    const swap = await swapTo(first, two.address);
    const { workers } = await whenDraining(swap);
    const [number] = Object.keys(workers);
    const { pid } = (await first.workers()).find(({ worker }) => `${worker}` === number)!;
    signal(pid, "SIGKILL");
    assert.equal((await swap.final()).status, "OK");
    await assert.rejects(exchange, "its connection died with the worker");
    await first.whenWorkers("a replacement", (all) => {
      return all.length === WORKERS && all.every((each) => each.state === "running" && each.pid !== pid);
    });
    assert.deepEqual(await idsOf(first), ["app-2"]);
    await assertServedBy(first, port, "app-2");
  });
});
