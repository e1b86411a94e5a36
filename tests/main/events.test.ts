/** Events and revisions over the command socket, from a main whose workers misbehave on order. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { followEvents, type EventData } from "../../src/client/client.ts";
import { createLog } from "../../src/io/log.ts";
import type { MainLimits } from "../../src/main/limits.ts";
import { runMain, type MainHandle } from "../../src/main/run-main.ts";
import { within } from "../../testing/deadline.ts";
import { OrderClient, type PendingOrder, type Answer, type Json } from "../../testing/order-client.ts";
import { freePort } from "../../testing/proxy.ts";
import { CertificateMaker } from "../../testing/tls/make-certificates.ts";

const FAKE_WORKER = fileURLToPath(new URL("../../testing/fake-worker.ts", import.meta.url));
const PROGRAM = fileURLToPath(new URL("../../bin/kakehi", import.meta.url));
const WAIT_MS = 20_000;

interface Started {
  readonly folder: string;
  readonly socketPath: string;
  readonly orders: OrderClient;
  connect(): Promise<OrderClient>;
  /** Ends main, and starts another one at the same place. */
  restart(): Promise<OrderClient>;
}

async function start(t: TestContext, limits: Partial<MainLimits> = {}): Promise<Started> {
  const folder = await mkdtemp(join(tmpdir(), "kakehi-events-"));
  const socketPath = join(folder, "command.sock");
  const log = createLog({ level: "error", form: "text", write: () => undefined, now: () => 0 });
  const common = { socketMode: 0o600, io: "auto", demo: false, version: "0.0.0-test" } as const;
  const run = async (): Promise<MainHandle> => {
    const options = { ...common, socketPath, workers: 1, workerEntry: FAKE_WORKER, log, limits };
    const started = await runMain(options);
    assert.ok(started.ok);
    return started.value;
  };
  let main = await run();
  const clients: OrderClient[] = [];
  const connectOne = async (): Promise<OrderClient> => {
    const client = await OrderClient.connect(socketPath);
    clients.push(client);
    return client;
  };
  const end = async (): Promise<void> => {
    for (const client of clients.splice(0)) client.close();
    main.stopHard();
    await within(WAIT_MS, "the stop", main.stopped);
  };
  t.after(async () => {
    await end();
    await rm(folder, { recursive: true });
  });
  const restart = async (): Promise<OrderClient> => {
    await end();
    main = await run();
    return connectOne();
  };
  return { folder, socketPath, orders: await connectOne(), connect: connectOne, restart };
}

function subscribe(orders: OrderClient, since?: number): PendingOrder {
  return orders.send("SUBSCRIBE_EVENTS", since === undefined ? {} : { since });
}

/** The first event of that name which is told, or was. */
async function eventOf(subscription: PendingOrder, event: string): Promise<Answer["data"]> {
  return (await subscription.processing(({ data }) => data.event === event)).data;
}

async function sequenceOfLast(orders: OrderClient): Promise<number> {
  return (await eventOf(subscribe(orders), "SUBSCRIBED")).sequence;
}

const namesOf = (subscription: PendingOrder): string[] => subscription.progress.map(({ data }) => data.event);

test("a change is told with its revision and its objects, a refused one and one that is already so are not", async (t) => {
  const { orders, connect: another } = await start(t);
  const subscription = subscribe(orders);
  await eventOf(subscription, "SUBSCRIBED");
  const changer = await another();
  await changer.ok("ADD_CLUSTER", { cluster_id: "app" });
  await changer.ok("ADD_CLUSTER", { cluster_id: "app" });
  await changer.order("REMOVE_CLUSTER", { cluster_id: "ap" });
  await changer.ok("ADD_BACKEND", { cluster_id: "app", backend_id: "one", address: "127.0.0.1:9" });
  const { data } = await subscription.processing(({ data: { revision } }) => revision === 2);
  assert.partialDeepStrictEqual(data, {
    event: "CHANGED",
    order: "ADD_BACKEND",
    uid: process.getuid!(),
    pid: process.pid,
    changes: [{ action: "add", kind: "backend", key: "app one" }],
    total: 1,
  });
  assert.equal(typeof data["order_id"], "string");
  assert.deepEqual(namesOf(subscription), ["SUBSCRIBED", "CHANGED", "CHANGED"]);
});

test("a transaction is told by what differs in the end, as its answer counts it", async (t) => {
  const { orders } = await start(t);
  const subscription = subscribe(orders);
  const cluster = (type: string, cluster_id: string): Json => ({ type, data: { cluster_id } });
  const data = {
    orders: [
      cluster("ADD_CLUSTER", "never"),
      cluster("ADD_CLUSTER", "app"),
      cluster("REMOVE_CLUSTER", "never"),
    ],
  };
  const answer = await orders.ok("TRANSACTION", data);
  assert.partialDeepStrictEqual(answer.data, { added: 1, removed: 0, updated: 0 });
  const { changes, total } = await eventOf(subscription, "CHANGED");
  assert.deepEqual(
    { changes, total },
    { changes: [{ action: "add", kind: "cluster", key: "app" }], total: 1 },
  );
});

test("workers that come, leave and die are told, and drains when they end", async (t) => {
  const { orders } = await start(t);
  const subscription = subscribe(orders, 0);
  const started = await eventOf(subscription, "WORKER_STARTED");
  assert.equal(started.worker, 0);
  await orders.ok("ADD_CLUSTER", { cluster_id: "app" });
  for (const backend_id of ["used-2", "free"])
    await orders.ok("ADD_BACKEND", { cluster_id: "app", backend_id, address: "127.0.0.1:9" });
  const removal = orders.send("REMOVE_BACKEND", { cluster_id: "app", backend_id: "used-2" });
  await removal.processing();
  await orders.ok("REMOVE_BACKEND", { cluster_id: "app", backend_id: "free" });
  const drained = await eventOf(subscription, "DRAINED");
  assert.partialDeepStrictEqual(drained, { order: "REMOVE_BACKEND", kind: "backend", key: "app used-2" });
  await orders.ok("RESTART_WORKER", { worker: 0 });
  assert.equal((await eventOf(subscription, "WORKER_STOPPED")).pid, started.pid);
  await orders.ok("ADD_CLUSTER", { cluster_id: "die" });
  assert.equal((await eventOf(subscription, "WORKER_DIED")).reason, "exit code 70");
});

test("a certificate near its end is told, and no key is in any event", async (t) => {
  const { orders, folder } = await start(t);
  const subscription = subscribe(orders, 0);
  const listener = `127.0.0.1:${await freePort()}`;
  await orders.ok("ADD_LISTENER", { address: listener, protocol: "https" });
  const made = new CertificateMaker(folder).make({ names: "DNS:near.example", days: 13 });
  await orders.ok("ADD_CERTIFICATE", { listener, ...made } as unknown as Json);
  const told = await eventOf(subscription, "CERTIFICATE_EXPIRING");
  assert.partialDeepStrictEqual(told, { listener, names: ["near.example"] });
  await subscription.processing(({ data }) => data.order === "ADD_CERTIFICATE");
  assert.doesNotMatch(JSON.stringify(subscription.progress), /PRIVATE|"key":"M|"certificate":/);
  const { metrics } = (await orders.ok("METRICS")).data;
  assert.deepEqual(metrics.certificates.value, { lasting: 0, expiring: 1, expired: 0 });
  assert.equal(metrics.certificate_next_end_ms.value, told.not_after_ms);
});

test("whoever connects again with the last sequence misses nothing and hears nothing twice", async (t) => {
  const { orders, connect: another } = await start(t);
  let since = await sequenceOfLast(orders);
  const first = since;
  const revisions: number[] = [];
  for (let round = 1; round <= 10; round++) {
    const subscriber = await another();
    const subscription = subscribe(subscriber, since);
    await orders.ok("ADD_CLUSTER", { cluster_id: `while-${round}` });
    await subscription.processing(({ data }) => data.sequence > since);
    subscriber.close();
    await subscriber.closed;
    for (const { data } of subscription.progress) {
      assert.equal(data.sequence, ++since);
      revisions.push(data.revision);
    }
    await orders.ok("ADD_CLUSTER", { cluster_id: `between-${round}` });
  }
  const rest = subscribe(orders, since);
  await rest.processing(({ data }) => data.revision === 20);
  revisions.push(...rest.progress.map(({ data }) => data.revision));
  assert.deepEqual(
    revisions,
    Array.from({ length: 20 }, (_, index) => index + 1),
  );
  assert.equal(rest.progress.at(-1)!.data.sequence, first + 20);
});

test("a sequence of another run of main is answered with a gap, and then with this run's events", async (t) => {
  const { orders, restart } = await start(t);
  const since = await sequenceOfLast(orders);
  const later = await restart();
  const subscription = subscribe(later, since);
  const gap = await eventOf(subscription, "GAP");
  assert.equal(gap.missed, null);
  const started = await eventOf(subscription, "WORKER_STARTED");
  assert.deepEqual([gap.next, gap.sequence], [started.sequence, started.sequence - 1]);
  assert.ok(started.sequence > since);
});

test("a subscriber that stops reading costs nothing, slows nobody, and is told what it missed", async (t) => {
  const { orders, socketPath } = await start(t, { eventsMax: 200 });
  const socket: Socket = connect({ path: socketPath });
  t.after(() => socket.destroy());
  let text = "";
  socket.write(`${JSON.stringify({ id: "s", type: "SUBSCRIBE_EVENTS", data: { since: 0 } })}\0`);
  await new Promise((resolve) => socket.once("readable", resolve));
  // It reads nothing. Others change so much that what the kernel holds for it, and the log, are full.
  for (let round = 0; round < 40; round++) {
    const changes = Array.from({ length: 50 }, (_, index) =>
      orders.ok("ADD_CLUSTER", { cluster_id: `${"long-".repeat(50)}${round}-${index}` }),
    );
    await within(WAIT_MS, "changes", Promise.all(changes));
  }
  const last = await sequenceOfLast(orders);
  const told: EventData[] = [];
  const isWhole = Promise.withResolvers<void>();
  socket.on("data", (bytes) => {
    text += String(bytes);
    const frames = text.split("\0");
    text = frames.pop()!;
    for (const frame of frames) told.push((JSON.parse(frame) as { data: EventData }).data);
    if (told.at(-1)?.sequence === last) isWhole.resolve();
  });
  await within(WAIT_MS, "the last event", isWhole.promise);
  const gaps = told.filter(({ event }) => event === "GAP");
  assert.equal(gaps.length, 1, `${gaps.length} gaps in ${told.length} events`);
  assert.ok((gaps[0] as { missed: number }).missed > 100);
  let place = told[0]!.sequence - 1;
  for (const data of told) {
    if (data.event === "GAP") place += data.missed!;
    else place++;
    assert.equal(data.sequence, place);
  }
});

test("there are so many subscriptions and no more", async (t) => {
  const { orders } = await start(t, { subscriptionsMax: 2 });
  for (let index = 0; index < 2; index++) await eventOf(subscribe(orders), "SUBSCRIBED");
  const { metrics } = (await orders.ok("METRICS")).data;
  assert.deepEqual([metrics.event_subscriptions.value, metrics.events.value], [2, 1]);
  assert.equal((await subscribe(orders).final()).error?.code, "LIMIT_EXCEEDED");
});

test("the client library follows over a restart of the proxy", async (t) => {
  const { orders, restart, socketPath } = await start(t);
  await orders.ok("ADD_CLUSTER", { cluster_id: "before" });
  const events: EventData[] = [];
  let changed: Promise<unknown> | undefined;
  const following = (async () => {
    for await (const event of followEvents(socketPath, { since: 0, retryMs: 20 })) {
      events.push(event);
      if (event.event !== "CHANGED") continue;
      if (changed !== undefined) return;
      changed = restart().then((later) => later.ok("ADD_CLUSTER", { cluster_id: "after" }));
    }
  })();
  await within(WAIT_MS, "the change after the restart", following);
  await changed;
  assert.deepEqual(
    events.map(({ event }) => event).filter((event) => event !== "WORKER_STOPPED"),
    ["WORKER_STARTED", "CHANGED", "GAP", "WORKER_STARTED", "CHANGED"],
  );
});

test("following ends with the reason of its signal", async (t) => {
  const { socketPath } = await start(t);
  const stop = new AbortController();
  const events = followEvents(socketPath, { signal: stop.signal });
  assert.equal((await events.next()).value?.event, "SUBSCRIBED");
  const next = events.next();
  stop.abort(new Error("enough"));
  await assert.rejects(within(WAIT_MS, "the end", next), /enough/);
});

test("WAIT_REVISION answers when every worker is there, and refuses when its time is over", async (t) => {
  const { orders } = await start(t);
  const waiting = orders.send("WAIT_REVISION", { revision: 1 });
  const tooFar = await orders.order("WAIT_REVISION", { revision: 2, timeout_ms: 50 });
  assert.equal(tooFar.error?.code, "TIMED_OUT");
  assert.ok(!waiting.isOver);
  await orders.ok("ADD_CLUSTER", { cluster_id: "app" });
  assert.deepEqual((await waiting.final()).data, { revision: 1 });
  assert.equal((await orders.ok("WAIT_REVISION", { revision: 0, timeout_ms: 0 })).status, "OK");
});

test("`kakehi events` shows what is kept, and `kakehi wait` when it is everywhere", async (t) => {
  const { orders, socketPath } = await start(t);
  await orders.ok("ADD_CLUSTER", { cluster_id: "app" });
  const args = ["events", "--socket", socketPath];
  const { stdout } = await promisify(execFile)(PROGRAM, args);
  assert.match(
    stdout,
    /^\S+Z \d+ WORKER_STARTED worker=0 pid=\d+\n\S+Z \d+ CHANGED revision=1 order=ADD_CLUSTER uid=\d+ pid=\d+ order_id=\S+ \(add cluster app\) total=1\n$/,
  );
  assert.match(
    (await promisify(execFile)(PROGRAM, ["wait", "1", "--socket", socketPath])).stdout,
    /revision 1\n/,
  );
  const { stdout: json } = await promisify(execFile)(PROGRAM, [...args, "--json"]);
  assert.deepEqual(
    json
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line).event),
    ["WORKER_STARTED", "CHANGED"],
  );
});
