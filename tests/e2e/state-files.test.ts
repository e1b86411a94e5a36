import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { FaultLog } from "../../testing/clients/faults.ts";
import { WebSocketClient } from "../../testing/clients/websocket-client.ts";
import { askUntil, within } from "../../testing/deadline.ts";
import { descendantsOf, signal, whenGone } from "../../testing/processes.ts";
import { freePort, Proxy } from "../../testing/proxy.ts";
import { backendOf, fetchOnce, TIMEOUT_MS, withApp, withProxy } from "./support.ts";

async function hashOf(proxy: Proxy): Promise<string> {
  return (await proxy.status()).data.hash;
}

test("what is saved is loaded by its difference: nothing to do, then only what is missing or too much", async () => {
  await withApp({}, async (proxy, port, [backend]) => {
    const { orders } = proxy;
    const path = join(proxy.folder, "saved.state");
    const saved = await orders.ok("SAVE_STATE", { path });
    assert.equal(saved.data.orders, 4);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    const hash = await hashOf(proxy);
    const same = await orders.ok("LOAD_STATE", { path });
    assert.equal(same.data.changed, false);

    await orders.ok("ADD_CLUSTER", { cluster_id: "too-much" });
    await orders.ok("REMOVE_BACKEND", { cluster_id: "app", backend_id: "app-1" });
    await orders.ok("UPDATE_LISTENER", { address: `127.0.0.1:${port}`, front_timeout_ms: 1_234 });
    assert.equal((await fetchOnce(port, "/")).status, 503);
    const loaded = await orders.ok("LOAD_STATE", { path });
    const { changed, added, removed, updated } = loaded.data;
    assert.deepEqual(
      { changed, added, removed, updated },
      { changed: true, added: 1, removed: 1, updated: 1 },
    );
    assert.equal(await hashOf(proxy), hash);
    assert.equal(backendOf(await fetchOnce(port, "/")), backend!.id);
  });
});

test("the orders of DUMP_STATE make the same configuration in another proxy", async () => {
  await withApp({}, async (proxy, port) => {
    await proxy.orders.ok("ADD_FRONTEND", {
      listener: `127.0.0.1:${port}`,
      hostname: "x.example",
      deny: true,
      tags: { a: "1" },
    });
    const dump = await proxy.orders.ok("DUMP_STATE");
    const hash = await hashOf(proxy);
    // The other one cannot listen at the same address while this one does.
    await proxy.orders.ok("REMOVE_LISTENER", { address: `127.0.0.1:${port}` });
    await withProxy({}, async (other) => {
      for (const { type, data } of dump.data.orders) await other.orders.ok(type, data);
      assert.equal(await hashOf(other), hash);
      assert.equal((await fetchOnce(port, "/")).status, 200);
    });
  });
});

test("a state file that is cut short, newer, damaged or not there is refused, and nothing changes", async () => {
  await withApp({}, async (proxy, port) => {
    const { orders, folder } = proxy;
    const good = join(folder, "good.state");
    await orders.ok("SAVE_STATE", { path: good });
    const text = readFileSync(good, "utf8");
    const hash = await hashOf(proxy);
    const header = JSON.parse(text.slice(0, text.indexOf("\0"))) as Record<string, unknown>;
    const rest = text.slice(text.indexOf("\0"));
    const newer = Object.fromEntries(
      Object.entries(header).map(([key, value]) => [key, key === "version" ? 99 : value]),
    );
    const files: Readonly<Record<string, string>> = {
      "cut in a record": text.slice(0, -20),
      "cut between records": text.slice(0, text.lastIndexOf("{")),
      newer: JSON.stringify(newer) + rest,
      damaged: text.replace("app-1", "app-2\u0001"),
      "another order": text.replace("ADD_CLUSTER", "HARD_STOP"),
      "no header": rest.slice(2),
      empty: "",
      noise: "\u0000\u0001\u0002 hello",
    };
    for (const [what, content] of Object.entries(files)) {
      const path = join(folder, "bad.state");
      writeFileSync(path, content);
      const answer = await orders.order("LOAD_STATE", { path });
      assert.equal(answer.status, "ERROR", what);
      const wanted = what === "newer" ? "STATE_FILE_NEWER" : "STATE_FILE_INVALID";
      assert.equal(answer.error?.code, wanted, `${what}: ${answer.message}`);
      assert.equal(await hashOf(proxy), hash, what);
    }
    const missing = await orders.order("LOAD_STATE", { path: join(folder, "nothing.state") });
    assert.equal(missing.error?.code, "STATE_FILE_UNREADABLE");
    assert.equal((await fetchOnce(port, "/")).status, 200);
  });
});

test("a state file that asks for an address in use changes nothing at all", async () => {
  await withApp({}, async (proxy, port, [backend]) => {
    const { orders, folder } = proxy;
    const path = join(folder, "in-use.state");
    await withProxy({}, async (other) => {
      await other.orders.ok("ADD_CLUSTER", { cluster_id: "first" });
      const { orders: theirs } = other;
      await theirs.ok("ADD_LISTENER", { address: `127.0.0.2:${port}`, protocol: "http" });
      await theirs.ok("SAVE_STATE", { path });
    });
    const { port: taken } = backend!;
    // Move their listener to an address that somebody else holds; the header's hash goes with it, so make it
    // by hand.
    const text = readFileSync(path, "utf8");
    const answer = await orders.order("LOAD_STATE", {
      path: rewrite(path, text, `127.0.0.2:${port}`, `127.0.0.1:${taken}`),
    });
    assert.equal(answer.status, "ERROR");
    assert.equal((await fetchOnce(port, "/")).status, 200);
  });
});

function rewrite(path: string, text: string, from: string, to: string): string {
  writeFileSync(path, text.replaceAll(from, to));
  return path;
}

test("a place that cannot be written to is an error, the old file stays, and traffic flows", async () => {
  await withApp({}, async (proxy, port) => {
    const { orders, folder } = proxy;
    const nowhere = await orders.order("SAVE_STATE", { path: join(folder, "no", "such", "folder") });
    assert.deepEqual([nowhere.status, nowhere.error?.code], ["ERROR", "STATE_FILE_UNWRITABLE"]);
    const isFolder = await orders.order("SAVE_STATE", { path: folder });
    assert.deepEqual([isFolder.status, isFolder.error?.code], ["ERROR", "STATE_FILE_UNWRITABLE"]);
    if (process.getuid!() !== 0) {
      const locked = join(folder, "locked");
      mkdirSync(locked);
      chmodSync(locked, 0o500);
      assert.equal(
        (await orders.order("SAVE_STATE", { path: join(locked, "x") })).error?.code,
        "STATE_FILE_UNWRITABLE",
      );
    }
    assert.equal((await fetchOnce(port, "/")).status, 200);
  });
});

test("kill -9 of main and all workers: with --state everything is there again, to the last OK", async () => {
  await withTwoLives(async (folder, port) => {
    const state = join(folder, "kakehi.state");
    const first = await Proxy.start({ folder, workers: 2, args: ["--state", state] });
    const { orders } = first;
    await orders.ok("ADD_LISTENER", { address: `127.0.0.1:${port}`, protocol: "http" });
    for (let number = 0; number < 50; number++)
      await orders.ok("ADD_CLUSTER", { cluster_id: `cluster-${number}` });
    await orders.ok("REMOVE_CLUSTER", { cluster_id: "cluster-7" });
    const { hash, revision } = (await first.status()).data;
    const processes = [first.pid, ...descendantsOf(first.pid)];
    for (const pid of processes) signal(pid, "SIGKILL");
    await whenGone(processes, TIMEOUT_MS);
    await first.discard();

    const second = await Proxy.start({ folder, workers: 2, args: ["--state", state] });
    const again = (await second.status()).data;
    assert.deepEqual([again.hash, again.revision >= revision], [hash, true]);
    assert.equal((await fetchOnce(port, "/")).status, 404);
    await second.stop();
  });
});

test("kill -9 of main in the middle of many orders: whatever was answered OK is there again", async () => {
  await withTwoLives(async (folder) => {
    const state = join(folder, "kakehi.state");
    const first = await Proxy.start({ folder, args: ["--state", state] });
    const answered: string[] = [];
    const half = Promise.withResolvers<void>();
    for (let number = 0; number < 2_000; number++) {
      const cluster_id = `cluster-${number}`;
      const count = ({ status }: { status: string }): void => {
        if (status === "OK") answered.push(cluster_id);
        if (answered.length === 500) half.resolve();
      };
      first.orders
        .send("ADD_CLUSTER", { cluster_id })
        .final()
        .then(count, () => {});
    }
    await within(TIMEOUT_MS, "500 answers", half.promise);
    signal(first.pid, "SIGKILL");
    await whenGone([first.pid], TIMEOUT_MS);
    await first.orders.closed;

    const second = await Proxy.start({ folder, args: ["--state", state] });
    const { data } = await second.orders.ok("DUMP_STATE");
    const there = new Set(
      data.orders.map((order: { data: { cluster_id: string } }) => order.data.cluster_id),
    );
    assert.deepEqual(
      answered.filter((cluster) => !there.has(cluster)),
      [],
    );
    await second.stop();
    await first.discard();
  });
});

test("a full disk: orders are refused and undone, traffic goes on, and with room again so do orders", async (context) => {
  await withSmallDisk(context, async (folder) => {
    const ballast = join(folder, "ballast");
    writeFileSync(ballast, "x".repeat(24 * 1024));
    const state = join(folder, "kakehi.state");
    await withApp({ args: ["--state", state] }, async (proxy, port) => {
      const { orders } = proxy;
      assert.equal(await fillUp(proxy), "STATE_FILE_UNWRITABLE");
      const { revision, hash, workers } = (await proxy.status()).data;
      assert.deepEqual([workers[0].hash, workers[0].revision], [hash, revision]);
      assert.equal(
        (await orders.order("SAVE_STATE", { path: join(folder, "saved") })).error?.code,
        "STATE_FILE_UNWRITABLE",
      );
      assert.equal((await fetchOnce(port, "/")).status, 200);
      rmSync(ballast);
      const taken = await orders.ok("ADD_CLUSTER", { cluster_id: "with-room-again" });
      assert.equal(taken.revision, revision + 1, "what was refused has made no revision");
      assert.match(readFileSync(`${state}.journal`, "utf8"), /with-room-again/);
    });
  });
});

test("a proxy whose disk is full starts all the same, with all that was answered OK", async (context) => {
  await withSmallDisk(context, async (folder) => {
    const args = ["--state", join(folder, "kakehi.state")];
    const first = await Proxy.start({ args });
    await fillUp(first);
    const { hash, revision } = (await first.status()).data;
    const processes = [first.pid, ...descendantsOf(first.pid)];
    for (const pid of processes) signal(pid, "SIGKILL");
    await whenGone(processes, TIMEOUT_MS);
    await first.discard();
    const second = await Proxy.start({ args });
    const again = (await second.status()).data;
    assert.deepEqual([again.hash, again.revision], [hash, revision]);
    await second.stop();
  });
});

/** A file system of 64 KiB, where there is the right to mount one. */
async function withSmallDisk(context: TestContext, body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "kakehi-full-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], { stdio: "ignore" });
  } catch {
    context.skip("no right to mount a small file system");
    await rm(folder, { recursive: true });
    return;
  }
  try {
    await body(folder);
  } finally {
    execFileSync("umount", ["-l", folder]);
    await rm(folder, { recursive: true });
  }
}

/** Adds clusters until one is refused; gives its error code. */
async function fillUp({ orders }: Proxy): Promise<string | undefined> {
  for (let number = 0; number < 5_000; number++) {
    const answer = await orders.order("ADD_CLUSTER", { cluster_id: `cluster-${number}-${"x".repeat(200)}` });
    if (answer.status === "ERROR") return answer.error?.code;
  }
  return undefined;
}

async function withTwoLives(body: (folder: string, port: number) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "kakehi-state-"));
  try {
    await body(folder, await freePort());
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

test("a second proxy on the same socket is refused, and the first one never notices", async () => {
  await withApp({}, async (proxy, port) => {
    await assert.rejects(
      Proxy.start({ folder: proxy.folder }),
      new RegExp(`ended with 1 before it was ready[^]*${proxy.pid}`),
    );
    assert.equal((await proxy.status()).status, "OK");
    assert.equal((await fetchOnce(port, "/")).status, 200);
  });
});

test("SOFT_STOP lets what goes on come to its end, and the program ends with 0", async () => {
  await withApp({ workers: 2 }, async (proxy, port, [backend]) => {
    const held = fetchOnce(port, "/hold");
    await within(
      TIMEOUT_MS,
      "the held exchange",
      backend!.until(({ held: answers }) => answers.length === 1),
    );
    const stop = proxy.orders.send("SOFT_STOP", { deadline_ms: 20_000 });
    await stop.processing();
    await assert.rejects(fetchOnce(port, "/"), /ECONNREFUSED/);
    backend!.release();
    const response = await held;
    assert.deepEqual([response.status, response.closes], [200, true]);
    assert.equal(await within(TIMEOUT_MS, "the end", proxy.exited), 0);
  });
});

test("SOFT_STOP lets a tunnel go on until the deadline, says how many are left, and then cuts it", async () => {
  await withApp({ workers: 1 }, async (proxy, port) => {
    const faults = new FaultLog();
    const tunnel = await WebSocketClient.open({ port, host: "a.example", target: "/websocket", faults });
    const stop = proxy.orders.send("SOFT_STOP", { deadline_ms: 3_000 });
    await stop.processing(({ data }) => data.connections === 1);
    tunnel.send();
    await askUntil(TIMEOUT_MS, "an echo while it stops", () => tunnel.echoed === 1 || undefined);
    await within(TIMEOUT_MS, "the tunnel's end", tunnel.closed);
    assert.equal(await within(TIMEOUT_MS, "the end", proxy.exited), 0);
    assert.equal(faults.count, 1, "it was cut, and nothing else went wrong");
  });
});
