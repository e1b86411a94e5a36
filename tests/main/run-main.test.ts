/**
 * Main with workers that misbehave on order (`testing/fake-worker.ts`): what it says, what it replaces, what
 * it refuses.
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { createLog } from "../../src/io/log.ts";
import { runMain, type MainHandle, type MainOptions } from "../../src/main/run-main.ts";
import { askUntil, within } from "../../testing/deadline.ts";
import { OrderClient, type Json } from "../../testing/order-client.ts";
import { whenGone } from "../../testing/processes.ts";

const FAKE_WORKER = fileURLToPath(new URL("../../testing/fake-worker.ts", import.meta.url));
const WAIT_MS = 20_000;

interface Started {
  readonly main: MainHandle;
  readonly orders: OrderClient;
  readonly socketPath: string;
  readonly log: string[];
}

interface Prepared {
  readonly options: MainOptions;
  readonly log: string[];
}

async function prepare(t: TestContext, more: Partial<MainOptions> = {}): Promise<Prepared> {
  const folder = await mkdtemp(join(tmpdir(), "kakehi-main-"));
  t.after(() => rm(folder, { recursive: true }));
  const log: string[] = [];
  const options: MainOptions = {
    socketPath: join(folder, "command.sock"),
    socketMode: 0o600,
    workers: 2,
    io: "auto",
    demo: false,
    version: "0.0.0-test",
    workerEntry: FAKE_WORKER,
    log: createLog({ level: "debug", form: "text", write: (line) => log.push(line), now: () => 0 }),
    ...more,
  };
  return { options, log };
}

/** A main that is stopped hard when the test is over. */
async function start(t: TestContext, more: Partial<MainOptions> = {}): Promise<Started> {
  const { options, log } = await prepare(t, more);
  const started = await runMain(options);
  assert.ok(started.ok, started.ok ? "" : `${started.error}\n${log.join("")}`);
  const main = started.value;
  const orders = await OrderClient.connect(options.socketPath);
  t.after(async () => {
    orders.close();
    main.stopHard();
    await within(WAIT_MS, "the stop", main.stopped);
  });
  return { main, orders, socketPath: options.socketPath, log };
}

interface WorkerLine {
  readonly worker: number;
  readonly pid: number;
  readonly state: string;
  readonly revision: number;
  readonly hash: string;
}

/** Waits until two workers run, none of them with one of these pids, and all have main's hash. */
async function replaced(orders: OrderClient, oldPids: readonly number[]): Promise<readonly WorkerLine[]> {
  return askUntil(WAIT_MS, "the replacement", async () => {
    const { data } = await orders.ok("STATUS");
    const workers = data.workers as readonly WorkerLine[];
    const fits = workers.filter(
      ({ state, pid, hash }) => state === "running" && !oldPids.includes(pid) && hash === data.hash,
    );
    return fits.length === 2 ? workers : undefined;
  });
}

async function pidsOf(orders: OrderClient): Promise<readonly number[]> {
  return ((await orders.ok("STATUS")).data.workers as readonly WorkerLine[]).map(({ pid }) => pid);
}

async function freeAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `127.0.0.1:${port}`;
}

test("STATUS shows every worker at main's revision and hash", async (t) => {
  const { orders, main } = await start(t);
  await orders.ok("ADD_CLUSTER", { cluster_id: "app" });
  const { data } = await orders.ok("STATUS");
  assert.equal(data.revision, 1);
  for (const worker of data.workers) {
    assert.deepEqual([worker.state, worker.io, worker.io_reason], ["running", "fake", "for tests"]);
    assert.deepEqual([worker.revision, worker.hash], [1, data.hash]);
  }
  assert.deepEqual([main.io, main.workers], ["fake", 2]);
});

test("a worker that dies over an order is replaced, the order is answered, and its replacement has it", async (t) => {
  const { orders } = await start(t);
  const pids = await pidsOf(orders);
  await orders.ok("ADD_CLUSTER", { cluster_id: "before" });
  // Both die by it; the order takes effect in their replacements, which load it without adding it anew: they
  // die again.
  const added = await orders.order("ADD_CLUSTER", { cluster_id: "die" });
  assert.equal(added.status, "OK");
  await orders.ok("REMOVE_CLUSTER", { cluster_id: "die" });
  const workers = await replaced(orders, pids);
  assert.deepEqual(
    workers.map(({ worker }) => worker),
    [0, 1],
    "the numbers are given again",
  );
});

test("a worker whose configuration drifts is found by its hash and replaced", async (t) => {
  const { orders, log } = await start(t);
  const pids = await pidsOf(orders);
  await orders.order("ADD_CLUSTER", { cluster_id: "drift" });
  await orders.ok("REMOVE_CLUSTER", { cluster_id: "drift" });
  await replaced(orders, pids);
  assert.match(log.join(""), /has drifted: its configuration differs at revision/);
});

for (const how of ["hang", "spin"]) {
  test(`workers that hang (${how}) are killed and replaced, and the order that waited for them is answered`, async (t) => {
    const limits = { workerSilenceMsMax: 600, watchEveryMs: 100, workerStartMsMax: 2_000 };
    const { orders, log } = await start(t, { limits });
    const pids = await pidsOf(orders);
    const added = orders.send("ADD_CLUSTER", { cluster_id: how });
    assert.equal((await added.final(WAIT_MS)).status, "OK");
    await orders.ok("REMOVE_CLUSTER", { cluster_id: how });
    await replaced(orders, pids);
    assert.match(log.join(""), /worker 0 died .*reason="it gives no sign of life"/);
  });
}

test("a worker that loads its state may say nothing for longer than one that serves", async (t) => {
  t.after(() => delete process.env["KAKEHI_FAKE_WORKER"]);
  process.env["KAKEHI_FAKE_WORKER"] = "loads-for-long";
  const limits = { workerSilenceMsMax: 600, watchEveryMs: 100, workerStartMsMax: 3_000 };
  const { orders, log } = await start(t, { limits });
  assert.equal((await pidsOf(orders)).length, 2);
  assert.doesNotMatch(log.join(""), /gives no sign of life/);
});

test("a removal counts over all workers, tells its progress, and ends once when nothing uses it", async (t) => {
  const { orders } = await start(t);
  await orders.ok("ADD_CLUSTER", { cluster_id: "app" });
  for (const backend_id of ["used-3", "free"]) {
    await orders.ok("ADD_BACKEND", { cluster_id: "app", backend_id, address: "127.0.0.1:9" });
  }
  const removal = orders.send("REMOVE_BACKEND", { cluster_id: "app", backend_id: "used-3" });
  const progress = await removal.processing();
  assert.deepEqual(progress.data, { connections: 6, workers: { "0": 3, "1": 3 } });
  const { drains } = (await orders.ok("QUERY_DRAINS")).data;
  assert.deepEqual([drains.length, drains[0].order, drains[0].connections], [1, "REMOVE_BACKEND", 6]);
  assert.deepEqual(drains[0].object, {
    kind: "backend",
    key: "app used-3",
    cluster_id: "app",
    backend_id: "used-3",
  });
  const again = orders.send("REMOVE_BACKEND", { cluster_id: "app", backend_id: "used-3" });
  await again.processing();
  await orders.ok("REMOVE_BACKEND", { cluster_id: "app", backend_id: "free" });
  const [first, second] = [await removal.final(), await again.final()];
  assert.deepEqual([first.status, first.data.connections, typeof first.data.drained_ms], ["OK", 0, "number"]);
  assert.deepEqual([second.status, second.data.changed], ["OK", false]);
  assert.deepEqual((await orders.ok("QUERY_DRAINS")).data.drains, []);
});

test("a drain's deadline closes what is left, also when its client has gone", async (t) => {
  const { orders, socketPath } = await start(t);
  await orders.ok("ADD_CLUSTER", { cluster_id: "app" });
  await orders.ok("ADD_BACKEND", { cluster_id: "app", backend_id: "used-1", address: "127.0.0.1:9" });
  const leaving = await OrderClient.connect(socketPath);
  const drain = { deadline_ms: 200, on_deadline: "close" };
  await leaving.send("REMOVE_BACKEND", { cluster_id: "app", backend_id: "used-1", drain }).processing();
  leaving.close();
  await askUntil(WAIT_MS, "the end of the drain", async () =>
    (await orders.ok("QUERY_DRAINS")).data.drains.length === 0 ? true : undefined,
  );
});

test("a trial says what would change and who uses it, and changes nothing", async (t) => {
  const { orders } = await start(t);
  await orders.ok("ADD_CLUSTER", { cluster_id: "app" });
  await orders.ok("ADD_BACKEND", { cluster_id: "app", backend_id: "used-2", address: "127.0.0.1:9" });
  const before = (await orders.ok("STATUS")).data;
  const tried = await orders.ok(
    "REMOVE_BACKEND",
    { cluster_id: "app", backend_id: "used-2" },
    { dry_run: true },
  );
  assert.deepEqual([tried.data.changed, tried.data.connections, tried.data.total], [true, 4, 1]);
  const after = (await orders.ok("STATUS")).data;
  assert.deepEqual([after.revision, after.hash], [before.revision, before.hash]);
});

test("an order for another revision is a conflict", async (t) => {
  const { orders } = await start(t, { workers: 1 });
  await orders.ok("ADD_CLUSTER", { cluster_id: "a" });
  const refused = await orders.order("ADD_CLUSTER", { cluster_id: "b" }, { if_revision: 0 });
  assert.deepEqual([refused.error?.code, refused.error?.field], ["CONFLICT", "if_revision"]);
  await orders.ok("ADD_CLUSTER", { cluster_id: "b" }, { if_revision: 1 });
});

test("an address in use is refused; a removed listener's address is free at its OK", async (t) => {
  const { orders } = await start(t);
  const address = await freeAddress();
  await orders.ok("ADD_LISTENER", { address, protocol: "http" });
  const other = await start(t, { workers: 1 });
  const refused = await other.orders.order("ADD_LISTENER", { address, protocol: "http" });
  assert.equal(refused.error?.code, "ADDRESS_IN_USE");
  assert.equal((await other.orders.ok("STATUS")).data.revision, 0);
  await orders.ok("REMOVE_LISTENER", { address });
  await other.orders.ok("ADD_LISTENER", { address, protocol: "http" });
});

test("listeners come and go and come back in one breath", async (t) => {
  const { orders } = await start(t);
  const address = await freeAddress();
  const answers = ["ADD", "REMOVE", "ADD", "REMOVE", "ADD"].map((verb) =>
    orders.order(`${verb}_LISTENER`, (verb === "ADD" ? { address, protocol: "http" } : { address }) as Json),
  );
  for (const answer of await Promise.all(answers)) assert.equal(answer.status, "OK", answer.message);
});

test("SET_WORKERS and RESTART_WORKER tell their steps and give the lowest free numbers", async (t) => {
  const { orders } = await start(t, { workers: 1 });
  const grow = orders.send("SET_WORKERS", { count: 3 });
  assert.equal((await grow.final()).data.count, 3);
  assert.deepEqual(
    grow.progress.map(({ message }) => message),
    ["worker 1 starts", "worker 2 starts"],
  );
  const restarted = await orders.ok("RESTART_WORKER", { worker: 1 });
  assert.equal(restarted.data.worker, 3);
  await orders.ok("SET_WORKERS", { count: 2 });
  const numbers = ((await orders.ok("STATUS")).data.workers as readonly WorkerLine[]).map(
    ({ worker }) => worker,
  );
  assert.deepEqual(numbers, [0, 2]);
  const refused = await orders.order("RESTART_WORKER", { worker: 1 });
  assert.equal(refused.error?.code, "UNKNOWN_WORKER");
});

test("SET_WORKERS that fails leaves the workers as they were", async (t) => {
  const { orders } = await start(t, { workers: 1 });
  t.after(() => delete process.env["KAKEHI_FAKE_WORKER"]);
  process.env["KAKEHI_FAKE_WORKER"] = "crash";
  assert.equal((await orders.order("SET_WORKERS", { count: 2 })).error?.code, "WORKER_FAILED");
  delete process.env["KAKEHI_FAKE_WORKER"];
  const grown = await orders.ok("SET_WORKERS", { count: 3 });
  assert.equal(grown.data.count, 3);
  const { workers } = (await orders.ok("STATUS")).data;
  assert.deepEqual(
    workers.map(({ state }: WorkerLine) => state),
    ["running", "running", "running"],
  );
});

test("SOFT_STOP ends all workers, answers, and leaves no socket and no process", async (t) => {
  const { orders, main, socketPath } = await start(t);
  const pids = await pidsOf(orders);
  const address = await freeAddress();
  await orders.ok("ADD_LISTENER", { address, protocol: "http" });
  const stop = orders.send("SOFT_STOP", {});
  assert.equal((await stop.final()).status, "OK");
  await within(WAIT_MS, "the stop", main.stopped);
  await whenGone(pids, WAIT_MS);
  assert.equal(existsSync(socketPath), false);
});

test("while it stops, changes are refused and questions are answered", async (t) => {
  const { orders, main } = await start(t, { limits: { handshakeGraceMs: 300 } });
  await orders.ok("ADD_LISTENER", { address: await freeAddress(), protocol: "http" });
  main.stopSoftly(undefined);
  assert.equal((await orders.order("ADD_CLUSTER", { cluster_id: "late" })).error?.code, "STOPPING");
  assert.equal((await orders.ok("STATUS")).data.state, "stopping");
  await within(WAIT_MS, "the stop", main.stopped);
});

test("workers that refuse to run, or die before they are ready, fail the start in words and leave nothing", async (t) => {
  t.after(() => delete process.env["KAKEHI_FAKE_WORKER"]);
  for (const [mode, expected] of [
    ["refuse", /cannot run as it was told/],
    ["crash", /dies again and again/],
  ] as const) {
    process.env["KAKEHI_FAKE_WORKER"] = mode;
    const { options } = await prepare(t, { workers: 1 });
    const started = await runMain(options);
    assert.match(started.ok ? "it started" : started.error, expected);
    assert.equal(existsSync(options.socketPath), false);
  }
});

test("with a state file, what was answered is there again, and a stale listener address fails the start in words", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "kakehi-state-"));
  t.after(() => rm(folder, { recursive: true }));
  const statePath = join(folder, "kakehi.state");
  const first = await start(t, { statePath });
  const address = await freeAddress();
  await first.orders.ok("ADD_CLUSTER", { cluster_id: "kept" });
  await first.orders.ok("ADD_LISTENER", { address, protocol: "http" });
  const { hash } = (await first.orders.ok("STATUS")).data;
  assert.match(readFileSync(`${statePath}.journal`, "utf8"), /"kept"/, "on disk before its answer");
  await first.orders.ok("SOFT_STOP");
  await within(WAIT_MS, "the stop", first.main.stopped);
  const second = await start(t, { statePath });
  assert.equal((await second.orders.ok("STATUS")).data.hash, hash);
  assert.deepEqual(second.main.listeners, [{ address, protocol: "http" }]);
  await second.orders.ok("HARD_STOP");
  await within(WAIT_MS, "the stop", second.main.stopped);
  const intruder = createServer();
  const [host, port] = address.split(":") as [string, string];
  await new Promise<void>((resolve) => intruder.listen(Number(port), host, resolve));
  t.after(() => intruder.close());
  const third = await runMain((await prepare(t, { statePath })).options);
  assert.match(third.ok ? "it started" : third.error, new RegExp(`cannot listen at ${address}`));
});

/** The names of the ticket keys that a worker was sent, a list for each time. */
function ticketKeysOf(log: readonly string[], worker: number): readonly (readonly string[])[] {
  const sent = new RegExp(`worker ${worker}: ticket keys: ([^"]*)`);
  return log.map((line) => sent.exec(line)?.[1]?.trim().split(" ") ?? []).filter(({ length }) => length > 0);
}

test("all workers get the same ticket keys before their state, new ones in time, and replaced ones the present", async (t) => {
  const { orders, log } = await start(t, { limits: { ticketKeyMs: 150 } });
  const firstLine = (text: string): number => log.findIndex((line) => line.includes(text));
  assert.ok(firstLine("worker 0: ticket keys") < firstLine("worker 0 runs"));
  await askUntil(WAIT_MS, "three keys", () =>
    Promise.resolve(ticketKeysOf(log, 1).some(({ length }) => length === 3) || undefined),
  );
  const [of0, of1] = [ticketKeysOf(log, 0), ticketKeysOf(log, 1)];
  const common = Math.min(of0.length, of1.length);
  assert.deepEqual(of0.slice(0, common), of1.slice(0, common));
  assert.deepEqual(of0[1]!.slice(1), of0[0], "the key before comes second");
  const before = ticketKeysOf(log, 0).length;
  await orders.ok("RESTART_WORKER", { worker: 0 });
  const started = ticketKeysOf(log, 2)[0] ?? ticketKeysOf(log, 0)[before];
  assert.equal(started?.length, 3);
});
