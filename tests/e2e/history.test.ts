/** History with real processes: what traffic, a killed main, workers and the command line see of it. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { whenGone } from "../../testing/processes.ts";
import { Proxy } from "../../testing/proxy.ts";
import { KAKEHI, runCommand } from "../../testing/run-command.ts";
import { fetchOnce, TIMEOUT_MS, withApp } from "./support.ts";

test("REVERT brings traffic back, EXPLAIN says where it would have gone, and the command line shows both", async () => {
  await withApp({}, async (proxy, port) => {
    const { orders, socketPath } = proxy;
    const listener = `127.0.0.1:${port}`;
    const run = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await runCommand(KAKEHI, [...args, "--socket", socketPath]);
      assert.equal(code, 0, stderr);
      return stdout;
    };
    const question = { listener, host: "a.example", path: "/x" };
    const now = (await orders.ok("EXPLAIN", question)).data;
    const { revision } = await orders.ok("STATUS");
    await orders.ok("REMOVE_CLUSTER", { cluster_id: "app", cascade: true }, { id: "oops" });
    assert.equal((await fetchOnce(port, "/x")).status, 404);
    const then = (await orders.ok("EXPLAIN", { ...question, at: revision })).data;
    assert.deepEqual([then.at, then.frontend, then.cluster], [revision, now.frontend, now.cluster]);
    assert.deepEqual(
      then.backends.map(({ backend_id, address, state }: Record<string, string>) => [
        backend_id,
        address,
        state,
      ]),
      [[now.backends[0].backend_id, now.backends[0].address, "past"]],
    );
    assert.equal((await orders.ok("EXPLAIN", question)).data.frontend, null);
    const nowhere = await orders.order("EXPLAIN", { ...question, at: 0 });
    assert.equal(nowhere.error?.code, "UNKNOWN_LISTENER");
    assert.match(
      await run("explain", "http://a.example/x", "--at", `${revision}`),
      / at revision \d+: to cluster app\n/,
    );
    const explained = await run("state", "dump", "--at", `${revision}`);
    assert.equal(explained.trimEnd().split("\n").length, 4);
    assert.match(await run("history", "--limit", "1"), /oops +REMOVE_CLUSTER app\n/);
    assert.match(await run("revert", `${revision}`, "--dry-run"), /nothing was changed/);
    assert.equal((await fetchOnce(port, "/x")).status, 404);
    assert.match(await run("revert", `${revision}`), /3 objects added/);
    assert.equal((await fetchOnce(port, "/x")).status, 200);
    assert.equal(
      JSON.parse(await run("history", "--json", "--since", `${revision + 1}`)).revisions.length,
      1,
    );
  });
});

test("history outlives kill -9 of main, and goes on where it was", async () => {
  const folder = await mkdtemp(join(tmpdir(), "kakehi-history-"));
  const started: Proxy[] = [];
  const start = async (): Promise<Proxy> => {
    const proxy = await Proxy.start({ workers: 1, folder, args: ["--state", join(folder, "state")] });
    started.push(proxy);
    return proxy;
  };
  try {
    const first = await start();
    for (const id of ["a", "b", "c"]) await first.orders.ok("ADD_CLUSTER", { cluster_id: id });
    const before = (await first.orders.ok("HISTORY")).data;
    const then = (await first.status()).data.hash;
    first.kill("SIGKILL");
    await whenGone([first.pid], TIMEOUT_MS);
    const second = await start();
    assert.deepEqual((await second.orders.ok("HISTORY")).data, before);
    await second.orders.ok("REVERT", { revision: 1 });
    await second.orders.ok("REVERT", { revision: 3 });
    assert.equal((await second.status()).data.hash, then);
  } finally {
    await Promise.all(started.map((proxy) => proxy.discard()));
    await rm(folder, { recursive: true, force: true });
  }
});
