/**
 * UPGRADE with real processes: to another version and, where its workers fail, back.
 */
import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, rm, symlink, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { FaultLog } from "../../testing/clients/faults.ts";
import { Load } from "../../testing/clients/load.ts";
import { WebSocketClient } from "../../testing/clients/websocket-client.ts";
import { assertNoFaults, echoRequest, withApp } from "./support.ts";

const PROJECT = fileURLToPath(new URL("../..", import.meta.url));
const UPGRADE_TIMEOUT_MS = 30_000;

/** This program as another version, in a folder of its own. */
async function otherVersion(folder: string, version: string): Promise<string> {
  const root = join(folder, version);
  for (const name of ["bin", "src"]) await cp(join(PROJECT, name), join(root, name), { recursive: true });
  await symlink(join(PROJECT, "node_modules"), join(root, "node_modules"));
  const meta = JSON.parse(await readFile(join(PROJECT, "package.json"), "utf8")) as object;
  await writeFile(join(root, "package.json"), JSON.stringify({ ...meta, version }));
  return join(root, "bin", "kakehi");
}

test("UPGRADE: all is the new version, nobody notices; where a worker of it fails, all is the old one again", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "kakehi-versions-"));
  const good = await otherVersion(folder, "9.9.9");
  const broken = await otherVersion(folder, "9.9.10");
  await writeFile(join(folder, "9.9.10", "src", "worker", "entry.ts"), "process.exit(1);\n");
  const current = join(folder, "current");
  await symlink(good, current);
  await withApp({ workers: 2 }, async (proxy, port) => {
    const load = new Load({ port, ratePerSecond: 200, request: echoRequest("app-1") });
    t.after(() => load.stop());
    const faults = new FaultLog();
    const tunnel = await WebSocketClient.open({ port, host: "a.example", target: "/websocket", faults });
    tunnel.sendAtRate(50);
    const upgraded = await proxy.orders.send("UPGRADE", { program: current }).final(UPGRADE_TIMEOUT_MS);
    assert.equal(upgraded.status, "OK", upgraded.message);
    assert.deepEqual([upgraded.data.version, upgraded.data.pid], ["9.9.9", proxy.pid]);
    const { data } = await proxy.status();
    assert.deepEqual(
      [data.version, ...data.workers.map(({ version }: { version: string }) => version)],
      ["9.9.9", "9.9.9", "9.9.9"],
    );

    // The link is followed anew: it leads to a version now whose workers do not start.
    await unlink(current);
    await symlink(broken, current);
    const before = await proxy.workers();
    const refused = await proxy.orders.send("UPGRADE").final(UPGRADE_TIMEOUT_MS);
    assert.equal(refused.error?.code, "UPGRADE_FAILED");
    assert.match(refused.message, /exit code 1; main and its workers are version 9\.9\.9 again$/);
    const again = (await proxy.status()).data;
    assert.deepEqual([again.version, again.pid], ["9.9.9", proxy.pid]);
    assert.deepEqual(
      again.workers.map(({ pid }: { pid: number }) => pid),
      before.map(({ pid }) => pid),
    );
    await load.stop();
    assertNoFaults(load.faults);
    await tunnel.close();
    assertNoFaults(faults);
  });
  await rm(folder, { recursive: true });
});
