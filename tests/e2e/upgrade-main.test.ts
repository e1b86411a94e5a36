/**
 * UPGRADE_MAIN with real processes: the same process id, and nobody notices, neither clients of the proxy nor
 * those of its command socket.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmod, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { FaultLog } from "../../testing/clients/faults.ts";
import { Load } from "../../testing/clients/load.ts";
import { WebSocketClient } from "../../testing/clients/websocket-client.ts";
import type { Answer } from "../../testing/order-client.ts";
import { askUntil } from "../../testing/deadline.ts";
import { KAKEHI } from "../../testing/run-command.ts";
import { assertNoFaults, echoRequest, fetchOnce, TIMEOUT_MS, withApp } from "./support.ts";

/** A client that writes what it likes, when it likes, and reads only when it is asked to. */
class RawClient {
  readonly #socket;
  #text = "";
  #isClosed = false;

  constructor(path: string) {
    // A test that fails is not held by its clients.
    this.#socket = connect(path).unref();
    this.#socket.setEncoding("utf8").on("data", (text: string) => (this.#text += text));
    this.#socket.on("close", () => (this.#isClosed = true)).on("error", () => undefined);
    this.#socket.pause();
  }

  write(text: string): void {
    this.#socket.write(text);
  }

  /** The answers that come until there are so many final ones. */
  async finals(count: number): Promise<readonly Answer[]> {
    this.#socket.resume();
    const finals = await askUntil(TIMEOUT_MS, `${count} answers`, () => {
      const found = this.answers.filter(({ status }) => status !== "PROCESSING");
      return found.length >= count ? found : undefined;
    });
    this.#socket.pause();
    return finals;
  }

  /** The events that a subscription was told until one fits. */
  async events(fits: (event: Answer["data"]) => boolean): Promise<readonly Answer["data"][]> {
    this.#socket.resume();
    return askUntil(TIMEOUT_MS, "an event", () => {
      const events = this.answers.map(({ data }) => data);
      return events.some(fits) ? events : undefined;
    });
  }

  get answers(): readonly Answer[] {
    if (this.#isClosed) throw new Error(`closed after ${this.#text}`);
    const frames = this.#text.split("\0").slice(0, -1);
    return frames.map((text) => JSON.parse(text) as Answer);
  }

  close(): void {
    this.#socket.destroy();
  }
}

const order = (id: string, type: string, data: object = {}): string =>
  `${JSON.stringify({ id, type, data })}\0`;

for (const kept of [true, false]) {
  test(`UPGRADE_MAIN: same process, same workers, every client goes on (${kept ? "with" : "without"} --state)`, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), "kakehi-upgrade-"));
    const args = kept ? ["--state", join(folder, "state")] : [];
    await withApp({ workers: 2, args }, async (proxy, port, [backend]) => {
      const load = new Load({ port, ratePerSecond: 200, request: echoRequest("app-1") });
      t.after(() => load.stop());
      const faults = new FaultLog();
      const tunnelPort = await proxy.serve("tunnels", [{ id: "t-1", address: backend!.address }]);
      const tunnel = await WebSocketClient.open({
        port: tunnelPort,
        host: "a.example",
        target: "/websocket",
        faults,
      });
      tunnel.sendAtRate(50);
      const before = (await proxy.status()).data;
      const [drain, events, revision, half, deaf] = [0, 1, 2, 3, 4].map(
        () => new RawClient(proxy.socketPath),
      );
      const clients = [drain!, events!, revision!, half!, deaf!];
      drain!.write(order("drain", "REMOVE_BACKEND", { cluster_id: "tunnels", backend_id: "t-1" }));
      events!.write(order("events", "SUBSCRIBE_EVENTS", { since: 0 }));
      revision!.write(order("revision", "WAIT_REVISION", { revision: 11, timeout_ms: TIMEOUT_MS }));
      const late = order("late", "ADD_CLUSTER", { cluster_id: "late" });
      half!.write(late.slice(0, 20));
      for (let count = 0; count < 1_000; count++) deaf!.write(order(`${count}`, "DUMP_STATE"));
      await askUntil(TIMEOUT_MS, "the drain", async () =>
        (await proxy.orders.ok("QUERY_DRAINS")).data.drains.length === 1 ? true : undefined,
      );

      const history = (await proxy.orders.ok("HISTORY")).data;
      const upgraded = await proxy.orders.ok("UPGRADE_MAIN");
      assert.equal(upgraded.data.pid, proxy.pid);
      assert.deepEqual((await proxy.orders.ok("HISTORY")).data, history);
      const after = (await proxy.status()).data;
      assert.deepEqual(
        after.workers.map(({ pid }: { pid: number }) => pid),
        before.workers.map(({ pid }: { pid: number }) => pid),
      );
      assert.ok(after.uptime_ms >= before.uptime_ms, "it is the same run");
      half!.write(late.slice(20));
      assert.equal((await half!.finals(1))[0]?.revision, 10);
      await proxy.orders.ok("ADD_CLUSTER", { cluster_id: "last" });
      assert.equal((await revision!.finals(1))[0]?.status, "OK");
      const dumps = await deaf!.finals(1_000);
      assert.deepEqual(
        dumps.map(({ id, status }) => `${id} ${status}`),
        Array.from({ length: 1_000 }, (_, count) => `${count} OK`),
      );
      await tunnel.close();
      const told = await events!.events((event) => event.revision === 11);
      const sequences = told.map((event) => event.sequence as number);
      assert.deepEqual(
        sequences,
        sequences.map((_, index) => sequences[0]! + index),
        "no event is missing, and none comes twice",
      );
      const [drained] = await drain!.finals(1);
      assert.equal(drained?.status, "OK");
      assert.ok(drained.data.drained_ms > 0);
      await load.stop();
      assertNoFaults(load.faults);
      assertNoFaults(faults);
      for (const client of clients) client.close();
    });
    await rm(folder, { recursive: true });
  });
}

test("UPGRADE_MAIN: orders in Sōzu's words go on and are answered in them, and deadlines that nobody waits for stay (node)", async () => {
  await withApp({ io: "node", workers: 1 }, async (proxy, _port, [backend]) => {
    const faults = new FaultLog();
    const [tunnels, closing] = await Promise.all(
      ["tunnels", "closing"].map(async (cluster) => {
        const address = { id: "t-1", address: backend!.address };
        const port = await proxy.serve(cluster, [address]);
        return WebSocketClient.open({ port, host: "a.example", target: "/websocket", faults });
      }),
    );
    const [removal, events] = [new RawClient(proxy.socketPath), new RawClient(proxy.socketPath)];
    const data = { app_id: "tunnels", backend_id: "t-1", address: backend!.address };
    const frame = { id: "r", version: 0, type: "PROXY", data: { type: "REMOVE_BACKEND", data } };
    removal.write(`${JSON.stringify(frame)}\0`);
    events.write('{"id":"e","version":0,"type":"SUBSCRIBE_EVENTS"}\0');
    await proxy.orders.ok("REMOVE_BACKEND", {
      cluster_id: "closing",
      backend_id: "t-1",
      drain: { wait: false, deadline_ms: 600_000, on_deadline: "close" },
    });
    const drains = (): Promise<readonly { connections: number; deadline_ms: number | null }[]> =>
      proxy.orders.ok("QUERY_DRAINS").then((answer) => answer.data.drains);
    await askUntil(TIMEOUT_MS, "both drains", async () => (await drains()).length === 2 || undefined);

    await proxy.orders.ok("UPGRADE_MAIN");
    const left = (await drains()).map(
      ({ connections, deadline_ms: leftMs }) => `${connections} ${leftMs !== null}`,
    );
    assert.deepEqual(left.toSorted(), ["1 false", "1 true"]);
    await tunnels!.close();
    const [answer] = await removal.finals(1);
    assert.deepEqual(answer, { id: "r", version: 0, status: "OK", message: "", data: null });
    await closing!.close();
    // What has ended since is no event of theirs.
    events.write('{"id":"last","version":0,"type":"LIST_WORKERS"}\0');
    await events.finals(1);
    assert.deepEqual(
      events.answers.map(({ id, status }) => [id, status]),
      [["last", "OK"]],
    );
    for (const client of [removal, events]) client.close();
    assertNoFaults(faults);
  });
});

test("a program that cannot take over changes nothing, and the answer says why", async () => {
  const folder = await mkdtemp(join(tmpdir(), "kakehi-upgrade-"));
  await withApp({}, async (proxy, port) => {
    const broken = join(folder, "broken");
    await writeFile(broken, "#!/bin/sh\necho out of order\nexit 1\n");
    await chmod(broken, 0o755);
    const refusals: readonly [data: { readonly [name: string]: string }, wanted: RegExp][] = [
      [{ program: broken }, /out of order; main goes on as it was/],
      [{ program: join(folder, "nothing") }, /cannot be started: ENOENT/],
      [{ version: "99.0.0" }, /is version .*, not 99\.0\.0/],
    ];
    const before = (await proxy.status()).data;
    const door = `${proxy.socketPath}.worker-0`;
    await rename(door, `${door}.away`);
    const unmet = await proxy.orders.send("UPGRADE_MAIN").final();
    assert.match(unmet.message, /worker 0 could not be taken over: .* is not there any more; main goes on/);
    await rename(`${door}.away`, door);
    const mover = join(folder, "mover");
    await writeFile(mover, `#!/bin/sh\nmv ${door} ${door}.away\nexec ${KAKEHI} "$@"\n`);
    await chmod(mover, 0o755);
    const moved = await proxy.orders.send("UPGRADE_MAIN", { program: mover }).final();
    assert.match(moved.message, /worker 0 could not be taken over: .* is not there any more; main goes on/);
    await rename(`${door}.away`, door);
    const limit = (wanted: string): void =>
      void execFileSync("prlimit", ["--pid", String(before.pid), `--nofile=${wanted}`]);
    const old = execFileSync("prlimit", [
      ...["--pid", String(before.pid), "--nofile", "--noheadings", "--raw", "--output", "SOFT"],
    ]);
    limit("10:");
    const unable = await proxy.orders.send("UPGRADE_MAIN").final();
    assert.match(unable.message, /EMFILE|cannot be prepared/);
    limit(`${String(old).trim()}:`);
    for (const [data, wanted] of refusals) {
      const answer = await proxy.orders.send("UPGRADE_MAIN", data).final();
      assert.equal(answer.error?.code, "UPGRADE_FAILED");
      assert.match(answer.message, wanted);
    }
    const after = (await proxy.status()).data;
    assert.deepEqual(
      [after.pid, after.hash, after.workers[0].pid],
      [before.pid, before.hash, before.workers[0].pid],
    );
    assert.equal((await fetchOnce(port, "/")).status, 200);
    await proxy.orders.ok("ADD_CLUSTER", { cluster_id: "more" });
  });
  await rm(folder, { recursive: true });
});
