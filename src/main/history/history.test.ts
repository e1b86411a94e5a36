import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createLog } from "../../io/log.ts";
import type { AcceptedChange } from "../../model/history.ts";
import { BlocksInMemory } from "./block-store.ts";
import { History, type HistoryLimits } from "./history.ts";
import { historyInMemory, openHistory, reconcileHistory } from "./open-history.ts";

const folder = mkdtempSync(join(tmpdir(), "kakehi-history-"));
test.after(() => rmSync(folder, { recursive: true }));
let paths = 0;
const newPath = (): string => join(folder, `${paths++}.state`);

const LIMITS: HistoryLimits = { revisionsMax: 100_000, bytesMax: 10_000_000, recordCharsMax: 1_000_000 };
const START = { revision: 0, hash: "hash 0" };
/** Makes some records a block of their own. */
const LARGE = 2_000;

function change(revision: number, tagChars = LARGE): AcceptedChange {
  const cluster_id = `cluster-${revision}-${"x".repeat(tagChars)}`;
  const after = {
    cluster_id,
    load_balancing: "round_robin",
    sticky_session: false,
    https_redirect: false,
  } as const;
  return {
    revision,
    hash: `hash ${revision}`,
    time_ms: revision,
    uid: 1000,
    pid: 42,
    order_id: `order ${revision}`,
    order: "ADD_CLUSTER",
    orders: [{ type: "ADD_CLUSTER", data: after }],
    changes: [{ kind: "cluster", key: cluster_id, after }],
  };
}

function add(history: History, count: number, tagChars?: number): void {
  for (let left = count; left > 0; left--) {
    history.stage(change(history.last + 1, tagChars));
    history.settle();
  }
}

async function revisionsOf(history: History): Promise<number[]> {
  const revisions: number[] = [];
  for (let at = history.last; at > history.oldest;) {
    const read = await history.read(at);
    assert.ok(read.ok, JSON.stringify(read));
    revisions.push(...read.value.records.map(({ revision }) => revision).toReversed());
    at = read.value.records[0]!.revision - 1;
    assert.equal(read.value.hashBefore, `hash ${at}`);
  }
  return revisions;
}

const downFrom = (last: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => last - index);

test("every revision is read again, from lines and from blocks, and what is taken back was never there", async () => {
  const history = new History(new BlocksInMemory(), LIMITS, START);
  add(history, 200);
  for (const revision of [201, 202]) history.stage(change(revision));
  history.takeBack(200);
  add(history, 1, 5);
  assert.deepEqual(await revisionsOf(history), downFrom(201, 201));
  assert.deepEqual([history.oldest, history.last, history.reached.hash], [0, 201, "hash 201"]);
  const gone = await history.read(202);
  assert.equal(!gone.ok && gone.error.kind, "gone");
});

test("it is bounded by revisions and by bytes, and says how far back it goes", async () => {
  const few = new History(new BlocksInMemory(), { ...LIMITS, revisionsMax: 10 }, START);
  add(few, 500);
  assert.equal(few.oldest, 490);
  assert.ok(few.bytes < 20_000);
  const small = new History(new BlocksInMemory(), { ...LIMITS, bytesMax: 10_000 }, START);
  add(small, 2_000);
  assert.ok(small.bytes <= 10_000 && small.bytes > 1_000, `${small.bytes}`);
  assert.ok(small.oldest > 0);
  const { length } = await revisionsOf(small);
  assert.equal(length, 2_000 - small.oldest);
});

test("a change that is too large begins history anew behind it", async () => {
  const history = new History(new BlocksInMemory(), { ...LIMITS, recordCharsMax: 5_000 }, START);
  add(history, 3);
  history.stage(change(4, 10_000));
  history.stage(change(5));
  history.settle();
  assert.deepEqual([history.oldest, await revisionsOf(history)], [4, [5]]);
  history.stage(change(6, 10_000));
  history.takeBack(5);
  add(history, 1);
  assert.deepEqual(await revisionsOf(history), [6, 5]);
});

interface Opened {
  readonly history: History;
  readonly log: string[];
}

async function open(path: string, last: number, limits: HistoryLimits = LIMITS): Promise<Opened> {
  const log: string[] = [];
  const options = {
    statePath: path,
    limits,
    log: createLog({ level: "info", form: "text", write: (line) => log.push(line), now: () => 0 }),
  };
  const opened = await openHistory(options, START);
  const history = await reconcileHistory(opened, { revision: last, hash: `hash ${last}` }, options.log);
  return { history, log };
}

const filesOf = (path: string): string[] =>
  readdirSync(`${path}.history`)
    .toSorted()
    .map((name) => join(`${path}.history`, name));

test("what is synced is there after a restart, and files are forgotten whole", async () => {
  const path = newPath();
  const limits = { ...LIMITS, bytesMax: 64_000 };
  const { history } = await open(path, 0, limits);
  add(history, 3_000);
  await history.sync();
  const { oldest } = history;
  assert.ok(oldest > 0 && filesOf(path).length > 3);
  const again = await open(path, 3_000, limits);
  assert.deepEqual([again.history.oldest, again.log], [oldest, []]);
  assert.deepEqual(await revisionsOf(again.history), downFrom(3_000, 3_000 - oldest));
});

test("damage is told and does not stop the start: what is behind it can be gone back to", async () => {
  const path = newPath();
  const limits = { ...LIMITS, bytesMax: 640_000 };
  const { history } = await open(path, 0, limits);
  add(history, 3_000);
  await history.sync();
  const [first] = filesOf(path);
  const bytes = readFileSync(first!);
  bytes[bytes.length - 5]! ^= 1;
  writeFileSync(first!, bytes);
  const again = await open(path, 3_000, limits);
  assert.match(again.log.join("\n"), /the history is damaged.*not what was written/);
  assert.ok(again.history.oldest > 0 && again.history.oldest < 3_000);
  assert.equal((await revisionsOf(again.history)).length, 3_000 - again.history.oldest);
});

test("a history that ends in the middle, or is of another configuration, is put aside", async () => {
  const path = newPath();
  const { history } = await open(path, 0);
  add(history, 100);
  await history.sync();
  const newest = filesOf(path).at(-1)!;
  truncateSync(newest, readFileSync(newest).length - 1);
  const again = await open(path, 100);
  assert.match(again.log.join("\n"), /ends in the middle[^]*put aside/);
  assert.equal(again.history.oldest, 100);
  add(again.history, 2);
  assert.deepEqual(await revisionsOf(again.history), [102, 101]);
  await again.history.sync();
  assert.deepEqual((await open(path, 102)).log, []);
  assert.ok(readdirSync(`${path}.history.aside`).length > 0);
});

for (const loss of ["its folder is removed", "its files are removed", "its newest file is cut"] as const) {
  test(`${loss} while it is in use: that is told, and what comes after is kept`, async () => {
    const path = newPath();
    const { history, log } = await open(path, 0);
    add(history, 100);
    await history.sync();
    if (loss === "its folder is removed") rmSync(`${path}.history`, { recursive: true });
    else if (loss === "its files are removed") filesOf(path).forEach((file) => rmSync(file));
    else truncateSync(filesOf(path).at(-1)!, 100);
    add(history, 100);
    await history.sync();
    assert.match(log.join("\n"), /removed or cut while it was in use/);
    assert.equal(log.length, 1);
    const { oldest } = history;
    assert.ok(oldest > 0 && oldest <= 100, `${oldest}`);
    assert.deepEqual(await revisionsOf(history), downFrom(200, 200 - oldest));
    const again = await open(path, 200);
    assert.equal(again.history.oldest, oldest);
  });
}

test("a folder that cannot be made leaves history in memory", async () => {
  const path = newPath();
  writeFileSync(`${path}.history`, "no folder");
  const { history, log } = await open(path, 0);
  assert.match(log.join("\n"), /cannot be kept on disk/);
  add(history, 100);
  assert.equal((await revisionsOf(history)).length, 100);
});

test("the program that main becomes goes on with what was in memory", async () => {
  const before = historyInMemory(LIMITS, START);
  add(before.history, 100);
  const reached = { revision: 100, hash: "hash 100" };
  const after = historyInMemory(LIMITS, reached, before.carry());
  assert.deepEqual(await revisionsOf(after.history), downFrom(100, 100));
  const other = historyInMemory(LIMITS, { revision: 100, hash: "another" }, after.carry());
  assert.equal(other.history.oldest, 100);
});
