import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { askUntil } from "../../testing/deadline.ts";
import { OrderClient } from "../../testing/order-client.ts";
import { commandLineOf, descendantsOf, freeze, signal } from "../../testing/processes.ts";
import { freePort, type Proxy } from "../../testing/proxy.ts";
import { KAKEHI, runCommand } from "../../testing/run-command.ts";
import { backendOf, fetchOnce, withBackends, withProxy } from "./support.ts";

async function newFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "kakehi-config-"));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

function fileText(port: number, backend: string, more = ""): string {
  return `
[[listeners]]
address = "127.0.0.1:${port}"
protocol = "http"

[[clusters]]
cluster_id = "app"
${more}
  [[clusters.backends]]
  backend_id = "one"
  address = "${backend}"

[[frontends]]
listener = "127.0.0.1:${port}"
hostname = "*"
cluster_id = "app"
`;
}

test("a proxy starts from its file; a reload changes what differs, and takes away what orders added", async (t) => {
  const folder = await newFolder(t);
  const path = join(folder, "kakehi.toml");
  const port = await freePort();
  await withBackends(2, async (one, two) => {
    writeFileSync(path, fileText(port, one!.address));
    await withProxy({ args: ["--config", path] }, async (proxy) => {
      const { orders } = proxy;
      assert.equal(backendOf(await fetchOnce(port, "/")), "app-1");
      await orders.ok("ADD_CLUSTER", { cluster_id: "by-order" });
      const tried = await orders.ok("RELOAD_CONFIGURATION", {}, { dry_run: true });
      assert.deepEqual(
        tried.data.changes.map(({ action, key }: { action: string; key: string }) => [action, key]),
        [["remove", "by-order"]],
      );
      writeFileSync(path, fileText(port, two!.address, "load_balancing = 'random'"));
      const reloaded = await orders.ok("RELOAD_CONFIGURATION");
      const { added, removed, updated, needs_restart: needsRestart } = reloaded.data;
      assert.deepEqual([added, removed, updated, needsRestart], [0, 1, 2, []]);
      assert.equal(reloaded.revision, 3);
      assert.equal(backendOf(await fetchOnce(port, "/")), "app-2");
      const again = await orders.ok("RELOAD_CONFIGURATION");
      assert.deepEqual([again.data.changed, again.revision], [false, 3]);
      await orders.ok("DRAIN", { cluster_id: "app", backend_id: "one" });
      const draining = await orders.ok("RELOAD_CONFIGURATION");
      assert.equal(draining.data.changed, false, "a file does not end what drains");
    });
  });
});

test("a file that is wrong changes nothing, and is told by line and column", async (t) => {
  const folder = await newFolder(t);
  const path = join(folder, "kakehi.toml");
  const port = await freePort();
  writeFileSync(path, fileText(port, "127.0.0.1:9"));
  await withProxy({ args: ["--config", path] }, async ({ orders }) => {
    writeFileSync(path, fileText(port, "127.0.0.1:9", 'load_balancing = "randon"'));
    const refused = await orders.order("RELOAD_CONFIGURATION");
    assert.equal(refused.error?.code, "CONFIGURATION_INVALID");
    assert.match(
      refused.message,
      /kakehi\.toml:8:1: clusters\[0\]\.load_balancing .*did you mean "random"\?/,
    );
    writeFileSync(path, "");
    const unreadable = await orders.order("RELOAD_CONFIGURATION");
    assert.equal(unreadable.error?.code, "CONFIGURATION_UNREADABLE");
    assert.equal((await orders.ok("STATUS")).revision, 1);
  });
});

/** Waits until the proxy has said so. */
function logged(proxy: Proxy, text: string): Promise<true> {
  return askUntil(10_000, text, () => (proxy.output.includes(text) ? true : undefined));
}

test("SIGHUP reloads, and says in the log how it went", async (t) => {
  const folder = await newFolder(t);
  const path = join(folder, "kakehi.toml");
  writeFileSync(path, '[[clusters]]\ncluster_id = "one"\n');
  await withProxy({ args: ["--config", path] }, async (proxy) => {
    writeFileSync(path, '[processes]\nworkers = 4\n[[clusters]]\ncluster_id = "two"\n');
    proxy.kill("SIGHUP");
    await logged(proxy, "1 object added, 1 removed, 0 updated; a restart is needed for processes.workers");
    const [cluster] = (await proxy.orders.ok("LIST_CLUSTERS")).data.items as readonly {
      cluster_id: string;
    }[];
    assert.equal(cluster!.cluster_id, "two");
    writeFileSync(path, "nonsense");
    proxy.kill("SIGHUP");
    await logged(proxy, "CONFIGURATION_INVALID");
  });
});

/** Waits for a process that reads a file for this main, beside those that are known. */
function readerOf(main: number, known: readonly number[] = []): Promise<number> {
  const isReader = (pid: number): boolean =>
    !known.includes(pid) && commandLineOf(pid).includes("read-file-entry");
  return askUntil(10_000, "a process that reads", () => descendantsOf(main).find(isReader));
}

test("orders and signals go on while a large file is read, and a stop does not wait for that", async (t) => {
  const folder = await newFolder(t);
  const path = join(folder, "kakehi.toml");
  const clusters = (count: number): string =>
    Array.from({ length: count }, (_, index) => `[[clusters]]\ncluster_id = "${index}"\n`).join("");
  writeFileSync(path, clusters(3_000));
  await withProxy({ args: ["--config", path] }, async (proxy) => {
    const { orders, pid } = proxy;
    writeFileSync(path, clusters(3_001));
    let answers = 0;
    const reloading = orders.ok("RELOAD_CONFIGURATION").finally(() => answers++);
    const first = await readerOf(pid);
    await freeze(first, 10_000);
    const other = await OrderClient.connect(proxy.socketPath);
    assert.equal((await other.ok("ADD_CLUSTER", { cluster_id: "by-order" })).revision, 2);
    // Whoever reloads now has to wait: what was read before must not be applied after.
    const small = join(folder, "small.toml");
    writeFileSync(small, clusters(1));
    const third = await OrderClient.connect(proxy.socketPath);
    const newer = third.ok("RELOAD_CONFIGURATION", { path: small });
    assert.equal((await other.ok("STATUS")).revision, 2);
    assert.equal(answers, 0);
    signal(first, "SIGCONT");
    const { added, removed } = (await reloading).data;
    assert.deepEqual([added, removed], [1, 1], "what differs is found after the file was read");
    await newer;
    third.close();
    assert.equal((await other.ok("LIST_CLUSTERS")).data.items.length, 1);
    proxy.kill("SIGHUP");
    await logged(proxy, "3000 objects added, 0 removed, 0 updated");
    void other.order("RELOAD_CONFIGURATION").catch(() => undefined);
    await freeze(await readerOf(pid, [first]), 10_000);
    // `withProxy` stops the proxy, and sees that no process of it is left.
  });
});

test("main becomes another program when a reload by SIGHUP is over, and not before", async (t) => {
  const folder = await newFolder(t);
  const path = join(folder, "kakehi.toml");
  const clusters = (count: number): string =>
    Array.from({ length: count }, (_, index) => `[[clusters]]\ncluster_id = "${index}"\n`).join("");
  writeFileSync(path, clusters(3_000));
  await withProxy({ args: ["--config", path] }, async (proxy) => {
    writeFileSync(path, clusters(3_001));
    proxy.kill("SIGHUP");
    const reader = await readerOf(proxy.pid);
    await freeze(reader, 10_000);
    const upgrade = proxy.orders.send("UPGRADE_MAIN");
    await upgrade.processing(({ message }) => message.includes("main becomes it"));
    signal(reader, "SIGCONT");
    assert.equal((await upgrade.final()).status, "OK");
    assert.equal((await proxy.orders.ok("STATUS")).revision, 2);
    await logged(proxy, "1 object added, 0 removed, 0 updated");
  });
});

test("with a kept state the file is where it began: orders outlive a restart, and the log says what differs", async (t) => {
  const folder = await newFolder(t);
  const path = join(folder, "kakehi.toml");
  writeFileSync(path, '[state]\npath = "kept.state"\n[[clusters]]\ncluster_id = "one"\n');
  const args = ["--config", path];
  await withProxy({ args }, async ({ orders }) => {
    await orders.ok("ADD_CLUSTER", { cluster_id: "by-order" });
  });
  assert.match(readFileSync(join(folder, "kept.state"), "utf8"), /by-order|kakehi/);
  await withProxy({ args }, async (proxy) => {
    assert.equal((await proxy.orders.ok("LIST_CLUSTERS")).data.items.length, 2);
    assert.match(proxy.output, /the configuration file says something else/);
    await proxy.orders.ok("RELOAD_CONFIGURATION");
    assert.equal((await proxy.orders.ok("LIST_CLUSTERS")).data.items.length, 1);
  });
});

test("kakehi config checks without a proxy, and shows, compares and applies with one", async (t) => {
  const folder = await newFolder(t);
  const path = join(folder, "kakehi.toml");
  writeFileSync(path, '[[clusters]]\ncluster_id = "one"\nload_balancing = "randon"\n');
  const wrong = await runCommand(KAKEHI, ["config", "check", path]);
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /kakehi\.toml:3:1: .*did you mean "random"/);
  writeFileSync(path, '[[clusters]]\ncluster_id = "one"\nload_balancing = "random"\n');
  assert.match((await runCommand(KAKEHI, ["config", "check", path])).stdout, /is right: 1 object/);
  await withProxy({}, async ({ socketPath, orders }) => {
    const run = (...args: readonly string[]) =>
      runCommand(KAKEHI, ["--socket", socketPath, "config", ...args]);
    await orders.ok("ADD_CLUSTER", { cluster_id: "two" });
    const compared = (await run("diff", path)).stdout;
    assert.match(compared, /^ {2}\+ cluster one$/m);
    assert.match(compared, /^ {2}- cluster two$/m);
    assert.match((await run("apply", path, "--dry-run")).stdout, /nothing was changed/);
    assert.match((await run("apply", path)).stdout, /1 object added, 1 removed, 0 updated \(revision 2\)/);
    const shown = (await run("show")).stdout;
    assert.match(shown, /^\[\[clusters\]\]\ncluster_id = "one"\nload_balancing = "random"$/m);
    const unnamed = await run("apply");
    assert.equal(unnamed.code, 1);
    assert.match(unnamed.stderr, /started without --config/);
  });
});
