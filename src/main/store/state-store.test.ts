import assert from "node:assert/strict";
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createLog } from "../../io/log.ts";
import { applyOrder, applyOrders, undo } from "../../model/apply.ts";
import type { ChangeOrder } from "../../model/orders.ts";
import { openStateStore, type StateStore } from "./state-store.ts";

const folder = mkdtempSync(join(tmpdir(), "kakehi-store-"));
test.after(() => rmSync(folder, { recursive: true }));

const cluster = (id: string): ChangeOrder => ({
  type: "ADD_CLUSTER",
  data: { cluster_id: id, load_balancing: "round_robin", sticky_session: false, https_redirect: false },
});

let files = 0;
const newPath = (): string => join(folder, `${files++}.state`);

interface Opened {
  readonly store: StateStore;
  readonly log: string[];
  /** Keeps clusters as one batch, one revision each. */
  add(...ids: string[]): Promise<boolean>;
}

async function open(path: string, journalBytesMax = 1_000_000): Promise<Opened | string> {
  const log: string[] = [];
  const opened = await openStateStore(path, {
    log: createLog({ level: "info", form: "text", write: (line) => log.push(line), now: () => 0 }),
    journalBytesMax,
    history: { revisionsMax: 1_000, bytesMax: 1_000_000, recordCharsMax: 1_000_000 },
    follow: () => undefined,
  });
  if (!opened.ok) return opened.error;
  const store = opened.value;
  let { revision } = store;
  const add = async (...ids: string[]): Promise<boolean> => {
    const changes = ids.map((id) => {
      assert.ok(applyOrder(store.state, cluster(id)).ok);
      return { revision: ++revision, hash: store.state.hash(), orders: [cluster(id)] };
    });
    return (await store.keeper!.keep(changes)).ok;
  };
  return { store, log, add };
}

async function mustOpen(path: string, journalBytesMax?: number): Promise<Opened> {
  const opened = await open(path, journalBytesMax);
  return typeof opened === "object" ? opened : assert.fail(opened);
}

/** Why it does not open. */
async function refusalOf(path: string): Promise<string> {
  const opened = await open(path);
  return typeof opened === "string" ? opened : assert.fail("it opened");
}

/** What a main that dies at this moment leaves: its files, copied, without its lock. */
function crash(path: string): string {
  const copy = newPath();
  for (const suffix of ["", ".journal"]) writeFileSync(copy + suffix, readFileSync(path + suffix));
  return copy;
}

const ids = ({ store }: Opened): string[] => [...store.state.clusters.keys()].sort();

test("what was kept before a crash is there after it", async () => {
  const path = newPath();
  const first = await mustOpen(path);
  await first.add("a", "b");
  await first.add("c");
  const again = await mustOpen(crash(path));
  assert.deepEqual(ids(again), ["a", "b", "c"]);
  assert.equal(again.store.revision, 3);
  assert.equal(again.store.state.hash(), first.store.state.hash());
  await again.add("d");
  await again.store.close();
  await first.store.close();
});

test("a clean stop leaves everything in the state file, readable only by its owner", async () => {
  const path = newPath();
  const first = await mustOpen(path);
  await first.add("a");
  await first.store.close();
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(statSync(`${path}.journal`).mode & 0o777, 0o600);
  assert.match(readFileSync(path, "utf8"), /"cluster_id":"a"/);
  const again = await mustOpen(path);
  assert.deepEqual([ids(again), again.store.revision], [["a"], 1]);
  await again.store.close();
});

test("a record that was torn by a crash is cut off and told, and the next change is kept", async () => {
  const path = newPath();
  const first = await mustOpen(path);
  await first.add("a");
  const copy = crash(path);
  appendFileSync(`${copy}.journal`, '{"after":1,"revision":2,"ord');
  const again = await mustOpen(copy);
  assert.deepEqual(ids(again), ["a"]);
  assert.match(again.log.join(""), /not written whole/);
  await again.add("b");
  const third = await mustOpen(crash(copy));
  assert.deepEqual(ids(third), ["a", "b"]);
  for (const { store } of [first, again, third]) await store.close();
});

test("damage refuses the start and names the file and the record", async () => {
  const path = newPath();
  const first = await mustOpen(path);
  await first.add("a");
  await first.add("b");
  const copy = crash(path);
  writeFileSync(
    `${copy}.journal`,
    readFileSync(`${copy}.journal`, "utf8").replace('"cluster_id":"a"', '"cluster_id":"x"'),
  );
  assert.match(await refusalOf(copy), /\.journal: the journal is damaged \(record 2/);
  await first.store.close();
});

test("two mains do not share a state file", async () => {
  const path = newPath();
  const first = await mustOpen(path);
  assert.match(await refusalOf(path), new RegExp(`another proxy \\(pid ${process.pid}\\)`));
  await first.store.close();
});

test("a journal that has grown is folded into the state file while changes go on, wherever a crash comes", async () => {
  const path = newPath();
  const first = await mustOpen(path, 2_000);
  const expected: string[] = [];
  for (let index = 0; index < 100; index++) {
    const id = `cluster-${String(index).padStart(3, "0")}`;
    expected.push(id);
    await first.add(id);
    if (index % 7 !== 0) continue;
    const again = await mustOpen(crash(path));
    assert.deepEqual(ids(again), expected);
    await again.store.close();
  }
  assert.ok(statSync(`${path}.journal`).size < 20_000, "the journal was shortened");
  await first.store.close();
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.endsWith(".tmp")),
    [],
  );
});

test("a change that is too large for a record goes into the state file", async () => {
  const path = newPath();
  const { store } = await mustOpen(path);
  const orders = Array.from({ length: 20_000 }, (_, index) => cluster(`cluster-${index}`));
  assert.ok(applyOrders(store.state, orders).ok);
  const kept = await store.keeper!.keep([{ revision: 1, hash: store.state.hash(), orders }]);
  assert.ok(kept.ok);
  const again = await mustOpen(crash(path));
  assert.equal(again.store.state.clusters.size, 20_000);
  await again.store.close();
  await store.close();
});

test("what the next program would not find is told: the journal is gone, or another's lock is in its place", async () => {
  const path = newPath();
  const opened = await open(path);
  assert.ok(typeof opened === "object");
  const { store } = opened;
  assert.equal(store.findMissing(), undefined);
  for (const file of [`${path}.journal`, `${path}.lock`]) {
    renameSync(file, `${file}.away`);
    assert.match(
      store.findMissing() ?? "",
      file.endsWith(".lock") ? /not there any more/ : /ENOENT.*journal/,
    );
    if (file.endsWith(".lock")) {
      writeFileSync(file, "");
      assert.match(store.findMissing() ?? "", /not there any more/);
    }
    renameSync(`${file}.away`, file);
  }
  assert.equal(store.findMissing(), undefined);
  await store.close();
});

test("a state file that is gone while it runs does not stop changes", async () => {
  const path = newPath();
  const first = await mustOpen(path);
  rmSync(path);
  assert.equal(await first.add("a"), true);
  const applied = applyOrder(first.store.state, cluster("b"));
  assert.ok(applied.ok);
  undo(first.store.state, applied.value.changes);
  await first.store.close();
  assert.match(readFileSync(path, "utf8"), /"cluster_id":"a"/);
});

test("a link to a state file is refused, and named: its lock and journal would be others", async () => {
  const path = newPath();
  const { store, add } = await mustOpen(path);
  assert.ok(await add("a"));
  const link = `${path}.link`;
  symlinkSync(path, link);
  const before = readFileSync(path, "utf8");
  assert.equal(
    await open(link),
    `${link} is a symbolic link to ${path}: name the state file itself, its journal is beside it`,
  );
  assert.equal(readFileSync(path, "utf8"), before);
  await store.close();
  assert.equal(typeof (await open(link)), "string", "nor where nobody has it");
  const nowhere = newPath();
  symlinkSync(`${nowhere}.target`, nowhere);
  assert.equal(typeof (await open(nowhere)), "string", "nor one that leads nowhere");
});
