import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { chmod, cp, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { FaultLog } from "../../testing/clients/faults.ts";
import { HttpConnection } from "../../testing/clients/http-connection.ts";
import { Load } from "../../testing/clients/load.ts";
import { connectTls } from "../../testing/clients/tls-client.ts";
import { WebSocketClient } from "../../testing/clients/websocket-client.ts";
import { askUntil } from "../../testing/deadline.ts";
import { valuesOf } from "../../testing/http/head.ts";
import { signal, whenGone } from "../../testing/processes.ts";
import { freePort } from "../../testing/proxy.ts";
import { KAKEHI } from "../../testing/run-command.ts";
import { authority, certificateFor, sessionOf } from "./https-support.ts";
import { killMain, withRestarts } from "./restarts.ts";
import {
  assertNoFaults,
  backendOf,
  echoRequest,
  exchangeOn,
  fetchOnce,
  IOS,
  TIMEOUT_MS,
  withBackends,
} from "./support.ts";

for (const io of IOS) {
  test(`kill -9 of main: workers serve on, and the next main goes on with them as they are (${io})`, async (t) => {
    await withBackends(1, async (backend) => {
      await withRestarts(async (start) => {
        const first = await start({ io });
        const port = await first.serve("app", [{ id: "app-1", address: backend.address }]);
        const before = await first.workers();
        const load = new Load({ port, ratePerSecond: 200, request: echoRequest("app-1") });
        t.after(() => load.stop());
        const faults = new FaultLog();
        const tunnel = await WebSocketClient.open({ port, host: "a.example", target: "/websocket", faults });
        tunnel.sendAtRate(20);
        const idle = await HttpConnection.open(port, { timeoutMs: TIMEOUT_MS });
        assert.equal((await exchangeOn(idle, "/")).status, 200);
        await killMain(first);
        const { answered } = load.report;
        await askUntil(
          TIMEOUT_MS,
          "answers without main",
          () => load.report.answered > answered + 40 || undefined,
        );
        const second = await start({ io });
        const after = await second.workers();
        assert.deepEqual(
          after.map(({ pid, revision, hash }) => ({ pid, revision, hash })),
          before.map(({ pid, hash }) => ({ pid, revision: 4, hash })),
        );
        await second.orders.ok("ADD_CLUSTER", { cluster_id: "more" });
        await askUntil(TIMEOUT_MS, "more answers", () => load.report.answered > answered + 80 || undefined);
        await load.stop();
        assertNoFaults(load.faults);
        assert.equal((await exchangeOn(idle, "/")).status, 200);
        idle.close();
        await tunnel.close();
        assertNoFaults(faults);
        await second.stop();
      });
    });
  });
}

test("kill -9 of main in the midst of a hand-over: the two go on with it, and the next main counts what drains once", async () => {
  await withBackends(1, async (backend) => {
    await withRestarts(async (start) => {
      const first = await start();
      const port = await first.serve("app", [{ id: "app-1", address: backend.address }]);
      const faults = new FaultLog();
      const sessions = await Promise.all(
        Array.from({ length: 1_000 }, () => HttpConnection.open(port, { timeoutMs: TIMEOUT_MS })),
      );
      for (const session of sessions) session.onIdle = (fault) => faults.add(fault.kind, fault.message);
      const options = { port, host: "a.example", target: "/websocket", faults };
      const tunnels = await Promise.all(Array.from({ length: 8 }, () => WebSocketClient.open(options)));
      const removal = { cluster_id: "app", backend_id: "app-1" };
      await first.orders.ok("REMOVE_BACKEND", { ...removal, drain: { wait: false } });
      await first.orders.ok("ADD_BACKEND", { ...removal, address: backend.address });
      const upgrade = first.orders.send("UPGRADE_WORKER", { worker: 0 });
      await upgrade.processing(({ message }) => message.includes("hands its connections over"));
      await killMain(first);

      const second = await start();
      const workers = await second.whenWorkers("two workers", (all) => all.length === 2);
      const had = workers.reduce((sum, { connections }) => sum + connections, 0);
      assert(had >= tunnels.length, "what they have is known at once");
      const [drain] = (await second.orders.ok("QUERY_DRAINS")).data.drains;
      assert.deepEqual([drain.connections, drain.object.backend_id], [tunnels.length, "app-1"]);
      for (const session of sessions) assert.equal((await exchangeOn(session, "/")).status, 200);
      for (const tunnel of tunnels) tunnel.send();
      await Promise.all(tunnels.map((tunnel) => tunnel.close()));
      await askUntil(TIMEOUT_MS, "the drain's end", async () => {
        return (await second.orders.ok("QUERY_DRAINS")).data.drains.length === 0 || undefined;
      });
      assertNoFaults(faults);
      for (const session of sessions) session.close();
      await second.stop();
    });
  });
});

test("more workers are found than there are to be: those that are too many hand all over to those that stay", async (t) => {
  await withBackends(1, async (backend) => {
    await withRestarts(async (start) => {
      const first = await start({ workers: 3 });
      const port = await first.serve("app", [{ id: "app-1", address: backend.address }]);
      const load = new Load({ port, ratePerSecond: 100, request: echoRequest("app-1") });
      t.after(() => load.stop());
      const faults = new FaultLog();
      const options = { port, host: "a.example", target: "/websocket", faults };
      const tunnels = await Promise.all(Array.from({ length: 9 }, () => WebSocketClient.open(options)));
      const sessions = await Promise.all(
        Array.from({ length: 9 }, () => HttpConnection.open(port, { timeoutMs: TIMEOUT_MS })),
      );
      for (const session of sessions) assert.equal((await exchangeOn(session, "/")).status, 200);
      const [stays] = await first.workers();
      await killMain(first);

      const second = await start({ workers: 1 });
      const [left, ...others] = await second.whenWorkers("one worker", (workers) => workers.length === 1);
      assert.deepEqual([left!.pid, left!.state, others], [stays!.pid, "running", []]);
      for (const session of sessions) {
        const { status, head } = await exchangeOn(session, "/");
        assert.deepEqual([status, valuesOf(head, "connection")], [200, []]);
        session.close();
      }
      for (const tunnel of tunnels) tunnel.send();
      await Promise.all(tunnels.map((tunnel) => tunnel.close()));
      await load.stop();
      assertNoFaults(load.faults);
      assertNoFaults(faults);
      await second.stop();
    });
  });
});

test("what workers had is there again: drains, ticket keys, listening sockets; and they end with their main", async () => {
  await withBackends(2, async (...backends) => {
    await withRestarts(async (start) => {
      const first = await start();
      const certificate = certificateFor("a.example");
      const [port, httpsPort] = [
        await first.serve("app", [{ id: "app-1", address: backends[0]!.address }]),
        await freePort(),
      ];
      const listener = `127.0.0.1:${httpsPort}`;
      await first.orders.ok("ADD_LISTENER", { address: listener, protocol: "https" });
      await first.orders.ok("ADD_FRONTEND", { listener, hostname: "*", cluster_id: "app" });
      const sent = { listener, certificate: certificate.pem, key: certificate.keyPem };
      await first.orders.ok("ADD_CERTIFICATE", sent);
      const wishes = { servername: "a.example", ca: authority.pem, version: "TLSv1.3" } as const;
      const session = await sessionOf(await connectTls(httpsPort, wishes, TIMEOUT_MS), "TLSv1.3");
      const faults = new FaultLog();
      const tunnel = await WebSocketClient.open({ port, host: "a.example", target: "/websocket", faults });
      const app2 = { cluster_id: "app", backend_id: "app-2", address: backends[1]!.address };
      await first.orders.ok("ADD_BACKEND", app2);
      const removal = { cluster_id: "app", backend_id: "app-1" };
      await first.orders.ok("REMOVE_BACKEND", { ...removal, drain: { wait: false } });
      await killMain(first);

      const second = await start();
      const [drain] = (await second.orders.ok("QUERY_DRAINS")).data.drains;
      assert.equal(drain.order, "REMOVE_BACKEND");
      assert.deepEqual(drain.object, { kind: "backend", key: "app app-1", ...removal });
      assert.equal(drain.connections, 1);
      const again = second.orders.send("REMOVE_BACKEND", removal);
      assert.equal((await again.processing()).data.connections, 1, "the same order attaches to it");
      for (let round = 0; round < 4; round++) {
        const resumed = await connectTls(httpsPort, { ...wishes, session }, TIMEOUT_MS);
        assert.equal(resumed.isSessionReused(), true);
        resumed.destroy();
      }
      await tunnel.close();
      assertNoFaults(faults);
      assert.equal((await again.final()).status, "OK");
      // A listener that is removed and added again has been the new main's all the while.
      await second.orders.ok("REMOVE_LISTENER", { address: listener });
      await second.orders.ok("ADD_LISTENER", { address: listener, protocol: "https" });
      const workers = (await second.workers()).map(({ pid }) => pid);
      await second.stop();
      await whenGone(workers, TIMEOUT_MS);
    });
  });
});

test("a worker that has another configuration is brought to the file's by what differs, and keeps its connections", async () => {
  await withBackends(2, async (...backends) => {
    await withRestarts(async (start, folder) => {
      const first = await start();
      const [one, two] = backends.map(({ id, address }) => ({ cluster_id: "app", backend_id: id, address }));
      const port = await first.serve("app", [{ id: "app-1", address: one!.address }]);
      const { hash } = (await first.status()).data;
      const older = join(folder, "older");
      await first.orders.ok("SAVE_STATE", { path: older });
      await first.orders.ok("REMOVE_BACKEND", { cluster_id: "app", backend_id: "app-1" });
      await first.orders.ok("ADD_BACKEND", two!);
      const surplus = await first.serve("other", []);
      const faults = new FaultLog();
      const tunnel = await WebSocketClient.open({ port, host: "a.example", target: "/websocket", faults });
      const before = await first.workers();
      await killMain(first);

      const second = await start({ args: ["--state", older] });
      const after = await second.workers();
      assert.deepEqual(
        after.map(({ pid, hash: own, revision }) => ({ pid, own, revision })),
        before.map(({ pid }) => ({ pid, own: hash, revision: 4 })),
      );
      assert.equal(backendOf(await fetchOnce(port, "/")), "app-1");
      await assert.rejects(fetchOnce(surplus, "/"), "a listener that the file does not have");
      const [drain] = (await second.orders.ok("QUERY_DRAINS")).data.drains;
      assert.equal(drain.object.backend_id, "app-2");
      assert.equal(drain.connections, 1);
      await tunnel.close();
      assertNoFaults(faults);
      await second.orders.ok("ADD_BACKEND", two!);
      await second.stop();
    });
  });
});

test("a worker that hangs is not waited for: it is killed and replaced, and the other goes on", async () => {
  await withBackends(1, async (backend) => {
    await withRestarts(async (start) => {
      const first = await start();
      const port = await first.serve("app", [{ id: "app-1", address: backend.address }]);
      const [hanging, good] = await first.workers();
      signal(hanging!.pid, "SIGSTOP");
      await killMain(first);
      const second = await start();
      const workers = await second.workers();
      assert.ok(workers.some(({ pid }) => pid === good!.pid));
      assert.ok(workers.every(({ pid, state }) => pid !== hanging!.pid && state === "running"));
      await whenGone([hanging!.pid], TIMEOUT_MS);
      for (let count = 0; count < 10; count++) assert.equal((await fetchOnce(port, "/")).status, 200);
      await second.stop();
    });
  });
});

test("a main that cannot start leaves the workers as they are, and SIGTERM lets them leave without one", async () => {
  await withBackends(1, async (backend) => {
    await withRestarts(async (start, folder) => {
      const first = await start();
      const port = await first.serve("app", [{ id: "app-1", address: backend.address }]);
      const pids = (await first.workers()).map(({ pid }) => pid);
      await killMain(first);
      const damaged = join(folder, "damaged");
      await writeFile(damaged, "no state");
      await assert.rejects(start({ args: ["--state", damaged] }), /damaged/);
      assert.equal((await fetchOnce(port, "/")).status, 200);
      for (const pid of pids) signal(pid, "SIGTERM");
      await whenGone(pids, TIMEOUT_MS);
      assert.deepEqual(
        (await readdir(folder)).filter((name) => name.includes("worker-")),
        [],
      );
    });
  });
});

/** A program that is this one, but stands still where main's upgrade calls it for `step`; it tells its id. */
async function standsStill(
  step: "rehearsal" | "start",
  folder: string,
): Promise<{ program: string; told: string }> {
  const [program, told] = [join(folder, "program"), join(folder, "told")];
  const still = `echo $$ > ${told}.new; mv ${told}.new ${told}; exec sleep 60`;
  const whole = `exec ${KAKEHI} "$@"`;
  const [rehearsal, start] = step === "rehearsal" ? [still, whole] : [whole, still];
  const script = `#!/bin/sh\ncase "$1" in\n  rehearse-main) ${rehearsal} ;;\n  run) ${start} ;;\n  *) ${whole} ;;\nesac\n`;
  await writeFile(program, script);
  await chmod(program, 0o755);
  return { program, told };
}

for (const step of ["rehearsal", "start"] as const) {
  test(`kill -9 of main in its upgrade, in the ${step} of the new program: the next main goes on with its workers`, async (t) => {
    await withBackends(1, async (backend) => {
      await withRestarts(async (start, folder) => {
        const first = await start();
        const port = await first.serve("app", [{ id: "app-1", address: backend.address }]);
        const before = await first.workers();
        const load = new Load({ port, ratePerSecond: 200, request: echoRequest("app-1") });
        t.after(() => load.stop());
        const { program, told } = await standsStill(step, folder);
        first.orders.send("UPGRADE_MAIN", { program });
        const pid = await askUntil(TIMEOUT_MS, "a program that stands still", async () =>
          existsSync(told) ? Number(await readFile(told, "utf8")) : undefined,
        );
        assert.equal(pid === first.pid, step === "start");
        await killMain(first);
        if (step === "rehearsal") signal(pid, "SIGKILL");
        const second = await start();
        const after = await second.workers();
        assert.deepEqual(
          after.map(({ pid: ofWorker, hash }) => ({ pid: ofWorker, hash })),
          before.map(({ pid: ofWorker, hash }) => ({ pid: ofWorker, hash })),
        );
        await second.orders.ok("ADD_CLUSTER", { cluster_id: "more" });
        const { answered } = load.report;
        await askUntil(TIMEOUT_MS, "more answers", () => load.report.answered > answered + 40 || undefined);
        await load.stop();
        assertNoFaults(load.faults);
        await second.stop();
      });
    });
  });
}

test("workers that speak another format with main are asked to leave: what they have ends softly, others serve", async (t) => {
  await withBackends(1, async (backend) => {
    await withRestarts(async (start, folder) => {
      const first = await start({ program: await speaksOtherwise(join(folder, "other")) });
      const port = await first.serve("app", [{ id: "app-1", address: backend.address }]);
      const before = await first.workers();
      const faults = new FaultLog();
      const tunnel = await WebSocketClient.open({ port, host: "a.example", target: "/websocket", faults });
      await killMain(first);
      const second = await start();
      const after = await second.whenWorkers(
        "workers of its own",
        (workers) => workers.filter(({ state }) => state === "running").length === 2,
      );
      const pids = after.filter(({ state }) => state === "running").map(({ pid }) => pid);
      assert.ok(before.every(({ pid }) => !pids.includes(pid)));
      const load = new Load({ port, ratePerSecond: 200, freshShare: 1, request: echoRequest("app-1") });
      t.after(() => load.stop());
      await askUntil(TIMEOUT_MS, "answers", () => load.report.answered > 40 || undefined);
      tunnel.send();
      await tunnel.close();
      await whenGone(
        before.map(({ pid }) => pid),
        TIMEOUT_MS,
      );
      await load.stop();
      assertNoFaults(load.faults);
      assertNoFaults(faults);
      await second.stop();
    });
  });
});

/** This program, but for the number of the format in which main and workers speak. */
async function speaksOtherwise(folder: string): Promise<string> {
  const project = fileURLToPath(new URL("../..", import.meta.url));
  for (const name of ["bin", "src", "package.json"])
    await cp(join(project, name), join(folder, name), { recursive: true });
  await symlink(join(project, "node_modules"), join(folder, "node_modules"));
  const file = join(folder, "src", "model", "channel.ts");
  const source = await readFile(file, "utf8");
  const changed = source.replace(/(?<=CHANNEL_FORMAT = )\d+/, "99");
  assert.notEqual(changed, source);
  await writeFile(file, changed);
  return join(folder, "bin", "kakehi");
}
