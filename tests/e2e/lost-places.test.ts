/** What main was started with, taken away while it runs: traffic and main go on, and no upgrade is begun. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, renameSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { HttpConnection } from "../../testing/clients/http-connection.ts";
import { within } from "../../testing/deadline.ts";
import { signal } from "../../testing/processes.ts";
import type { Proxy } from "../../testing/proxy.ts";
import { exchangeOn, fetchOnce, TIMEOUT_MS, withApp } from "./support.ts";

const readOnly = new Set<string>();

async function folderFor(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "kakehi-places-"));
  t.after(async () => {
    for (const path of readOnly) allowWrites(path);
    await rm(folder, { recursive: true });
  });
  return folder;
}

/** Nobody can write in `folder` until `allowWrites`; false where that is not allowed. */
function forbidWrites(t: TestContext, folder: string): boolean {
  try {
    execFileSync("mount", ["--bind", folder, folder], { stdio: "ignore" });
  } catch {
    t.skip("no right to mount");
    return false;
  }
  readOnly.add(folder);
  execFileSync("mount", ["-o", "remount,ro,bind", folder]);
  return true;
}

function allowWrites(folder: string): void {
  execFileSync("umount", ["-l", folder]);
  readOnly.delete(folder);
}

async function refusalOf(proxy: Proxy): Promise<string> {
  const { error, message } = await proxy.orders.send("UPGRADE_MAIN").final();
  assert.equal(error?.code, "UPGRADE_FAILED");
  return message;
}

const pidsOf = async (proxy: Proxy): Promise<readonly number[]> =>
  (await proxy.workers()).map(({ pid }) => pid);

test("in a socket's folder where nothing can be removed, workers leave, die and are replaced, and a stop is clean", async (t) => {
  const folder = await folderFor(t);
  await withApp({ workers: 2, folder }, async (proxy, port) => {
    const resting = await HttpConnection.open(port, { timeoutMs: TIMEOUT_MS });
    assert.equal((await exchangeOn(resting, "/")).status, 200);
    if (!forbidWrites(t, folder)) return resting.close();
    for (const number of [0, 1]) await proxy.orders.ok("RESTART_WORKER", { worker: number });
    assert.equal((await exchangeOn(resting, "/")).status, 200);
    const [killed] = await pidsOf(proxy);
    signal(killed!, "SIGKILL");
    await proxy.whenWorkers(
      "another in its place",
      (workers) =>
        workers.length === 2 && workers.every(({ pid, state }) => pid !== killed && state === "running"),
    );
    assert.equal((await fetchOnce(port, "/")).status, 200);
    resting.close();
    await proxy.orders.ok("SOFT_STOP", { deadline_ms: TIMEOUT_MS });
    assert.equal(await within(TIMEOUT_MS, "the end", proxy.exited), 0, proxy.output);
    assert.doesNotMatch(proxy.output, /defect/);
    allowWrites(folder);
  });
});

test("main does not become a program that could not log, or not go on with the journal", async (t) => {
  const folder = await folderFor(t);
  const [logs, state] = [join(folder, "log"), join(folder, "state")];
  for (const path of [logs, state]) mkdirSync(path);
  const args = ["--log-file", join(logs, "kakehi.log"), "--state", join(state, "kakehi.state")];
  await withApp({ folder, args }, async (proxy, port) => {
    const before = await pidsOf(proxy);
    renameSync(logs, `${logs}.away`);
    assert.match(await refusalOf(proxy), /could not log to .*ENOENT.*; main goes on as it was/);
    renameSync(`${logs}.away`, logs);
    if (!forbidWrites(t, state)) return;
    assert.match(await refusalOf(proxy), /EROFS.*kakehi\.state\.journal.*; main goes on as it was/);
    assert.deepEqual(await pidsOf(proxy), before);
    assert.equal((await fetchOnce(port, "/")).status, 200);
    allowWrites(state);
    await proxy.orders.ok("UPGRADE_MAIN");
  });
});
