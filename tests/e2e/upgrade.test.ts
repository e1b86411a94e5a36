/**
 * UPGRADE with real processes: to another version and, where its workers fail, back.
 */
import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, rm, symlink, unlink, writeFile } from "node:fs/promises";
import { getPriority, tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { FaultLog } from "../../testing/clients/faults.ts";
import { Load } from "../../testing/clients/load.ts";
import { WebSocketClient } from "../../testing/clients/websocket-client.ts";
import { nicenessOf } from "../../testing/processes.ts";
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

/** A worker of the version in `root` starts once; the next one ends. */
async function breakSecondWorker(root: string): Promise<void> {
  const entry = join(root, "src", "worker", "entry.ts");
  const once =
    'import { existsSync, writeFileSync as mark } from "node:fs";\n' +
    'const first = new URL("first", import.meta.url);\n' +
    'if (existsSync(first)) process.exit(1);\nmark(first, "");\n';
  await writeFile(entry, once + (await readFile(entry, "utf8")));
}

test("UPGRADE: all is the new version, nobody notices; where the second worker of it fails, all is the old one again", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "kakehi-versions-"));
  const good = await otherVersion(folder, "9.9.9");
  const broken = await otherVersion(folder, "9.9.10");
  await breakSecondWorker(join(folder, "9.9.10"));
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

    const pids = [proxy.pid, ...data.workers.map(({ pid }: { pid: number }) => pid)];
    assert.deepEqual(
      [...new Set(pids.flatMap(nicenessOf))],
      [getPriority()],
      "all who stood back are forward again",
    );

    // The link is followed anew: it leads to a version now of which one worker starts, and no other.
    await unlink(current);
    await symlink(broken, current);
    const before = await proxy.workers();
    const second = proxy.orders.send("UPGRADE");
    const refused = await second.final(UPGRADE_TIMEOUT_MS);
    assert.equal(refused.error?.code, "UPGRADE_FAILED");
    assert.match(refused.message, /exit code 1; main and its workers are version 9\.9\.9 again$/);
    const again = (await proxy.status()).data;
    assert.deepEqual(
      [again.version, again.pid, ...again.workers.map(({ version }: { version: string }) => version)],
      ["9.9.9", proxy.pid, "9.9.9", "9.9.9"],
    );
    const told = second.progress.map(({ message }) => message).join("\n");
    assert.match(told, /\(9\.9\.10\) accepts[^]*all goes back to version 9\.9\.9[^]*\(9\.9\.9\) accepts/);
    const pidsAgain: readonly number[] = again.workers.map(({ pid }: { pid: number }) => pid);
    assert.deepEqual(
      before.map(({ pid }) => pidsAgain.includes(pid)),
      [false, true],
      "the first went there and back, the second stayed",
    );
    await load.stop();
    assertNoFaults(load.faults);
    await tunnel.close();
    assertNoFaults(faults);
  });
  await rm(folder, { recursive: true });
});
