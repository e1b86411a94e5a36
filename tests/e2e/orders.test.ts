import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { HttpBackend } from "../../testing/backends/http-backend.ts";
import type { Answer } from "../../testing/order-client.ts";
import { signal } from "../../testing/processes.ts";
import { Proxy } from "../../testing/proxy.ts";
import { backendOf, fetchOnce } from "./support.ts";

const PIPELINED = 1_000;
const CLIENTS = 4;

let proxy: Proxy;
let backend: HttpBackend;
let port = 0;
before(async () => {
  backend = await HttpBackend.start({ id: "app-1" });
  proxy = await Proxy.start({ workers: 2 });
  port = await proxy.serve("app", [{ id: "app-1", address: backend.address }]);
});
after(async () => {
  await backend.stop();
  await proxy.stop();
});

/** Main and every worker hold the same configuration at the same revision. */
async function assertAgreed(): Promise<void> {
  const { revision, hash } = (await proxy.status()).data;
  await proxy.whenWorkers("agreement", (workers) =>
    workers.every((each) => each.revision === revision && each.hash === hash),
  );
}

test("a thousand orders in one write are answered each, and take effect in the order sent", async () => {
  const { revision } = (await proxy.status()).data;
  const pending = Array.from({ length: PIPELINED }, (_, number) => {
    const weight = (number % 200) + 1;
    return proxy.orders.send("UPDATE_BACKEND", { cluster_id: "app", backend_id: "app-1", weight });
  });
  const answers = await Promise.all(pending.map((each) => each.final()));
  assert.ok(answers.every(({ status }) => status === "OK"));
  const revisions = answers.map((answer) => answer.revision - revision);
  assert.deepEqual(
    revisions,
    Array.from({ length: PIPELINED }, (_, number) => number + 1),
  );
  const listed = await proxy.orders.ok("LIST_BACKENDS", { cluster_id: "app" });
  assert.equal(listed.data.items[0].weight, PIPELINED % 200 || 200);
  await assertAgreed();
});

test("what is already so changes nothing and counts no revision; what differs shows what is there", async () => {
  const { orders } = proxy;
  const first = await orders.ok("ADD_CLUSTER", { cluster_id: "twice" });
  const again = await orders.ok("ADD_CLUSTER", { cluster_id: "twice" });
  assert.deepEqual([first.data.changed, again.data.changed, again.revision], [true, false, first.revision]);
  const other = await orders.order("ADD_CLUSTER", { cluster_id: "twice", load_balancing: "random" });
  assert.equal(other.error?.code, "EXISTS");
  assert.match(JSON.stringify(other.error?.existing), /"cluster_id":"twice"/);
  const dry = await orders.ok("REMOVE_CLUSTER", { cluster_id: "twice" }, { dry_run: true });
  assert.equal(dry.revision, first.revision);
  await orders.ok("REMOVE_CLUSTER", { cluster_id: "twice" }, { if_revision: first.revision });
  assert.equal((await orders.order("REMOVE_CLUSTER", { cluster_id: "twice" })).error?.code, "NOT_FOUND");
  const late = await orders.order("ADD_CLUSTER", { cluster_id: "late" }, { if_revision: first.revision });
  assert.equal(late.error?.code, "CONFLICT");
});

test("clients that change the same things at once end with one configuration, the same everywhere", async () => {
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => proxy.connect()));
  const perClient = clients.map(async (client, index) => {
    const answers: Answer[] = [];
    for (let number = 0; number < 100; number++) {
      const cluster_id = `shared-${number % 7}`;
      const type = (number + index) % 3 === 0 ? "REMOVE_CLUSTER" : "ADD_CLUSTER";
      answers.push(
        await client.order(type, type === "ADD_CLUSTER" ? { cluster_id } : { cluster_id, cascade: true }),
      );
    }
    return answers;
  });
  const answers = (await Promise.all(perClient)).flat();
  for (const client of clients) client.close();
  const codes = new Set(answers.map((answer) => answer.error?.code ?? "OK"));
  assert.deepEqual([...codes].toSorted(), ["NOT_FOUND", "OK"]);
  const changed = answers.filter(({ data }) => data?.changed === true).map(({ revision }) => revision);
  assert.equal(new Set(changed).size, changed.length, "each change has a revision of its own");
  await assertAgreed();
});

test("an order that meets a hung worker is answered once that worker is replaced, and not before", async () => {
  const [victim] = await proxy.workers();
  signal(victim!.pid, "SIGSTOP");
  const rule = { listener: `127.0.0.1:${port}`, hostname: "hung.example", cluster_id: "app" };
  const answer = await proxy.orders.ok("ADD_FRONTEND", rule);
  const workers = await proxy.workers();
  assert.ok(
    workers.every(({ pid }) => pid !== victim!.pid),
    answer.message,
  );
  for (let count = 0; count < 10; count++)
    assert.equal(backendOf(await fetchOnce(port, "/", "hung.example")), "app-1");
  await proxy.whenWorkers(
    "two workers",
    (each) => each.filter(({ state }) => state === "running").length === 2,
  );
  await assertAgreed();
});

test("lists come in pages, filtered by the key's fields, each object once", async () => {
  const { orders } = proxy;
  for (let number = 0; number < 25; number++)
    await orders.ok("ADD_CLUSTER", { cluster_id: `page-${number}` });
  const seen: string[] = [];
  let after: string | undefined;
  do {
    const page = await orders.ok("LIST_CLUSTERS", { limit: 10, ...(after === undefined ? {} : { after }) });
    assert.ok(page.data.items.length <= 10);
    seen.push(...page.data.items.map(({ cluster_id }: { cluster_id: string }) => cluster_id));
    after = page.data.next ?? undefined;
  } while (after !== undefined);
  assert.equal(new Set(seen).size, seen.length);
  for (let number = 0; number < 25; number++) assert.ok(seen.includes(`page-${number}`));
  const one = await orders.ok("LIST_CLUSTERS", { cluster_id: "page-7" });
  assert.deepEqual(
    one.data.items.map(({ cluster_id }: { cluster_id: string }) => cluster_id),
    ["page-7"],
  );
});
