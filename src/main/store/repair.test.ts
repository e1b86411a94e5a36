import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { applyOrder } from "../../model/apply.ts";
import type { ChangeOrder } from "../../model/orders.ts";
import { stateFileText } from "../../model/state-file.ts";
import { State } from "../../model/state.ts";
import { createLog } from "../../io/log.ts";
import { batchText, journalHeader } from "./journal-records.ts";
import { examineState } from "./repair.ts";
import { salvage, type Salvage } from "./salvage.ts";
import { openStateStore } from "./state-store.ts";

const cluster = (id: string): ChangeOrder => ({
  type: "ADD_CLUSTER",
  data: { cluster_id: id, load_balancing: "round_robin", sticky_session: false, https_redirect: false },
});

/**
 * A state file of the clusters `a` and `b` at revision 2, and a journal with one batch each of the others.
 */
function filesWith(...ids: readonly string[]): { stateFile: string; journal: string; starts: number[] } {
  const state = new State();
  for (const id of ["a", "b"]) assert.ok(applyOrder(state, cluster(id)).ok);
  const stateFile = [...stateFileText(state, 2).pieces].join("");
  let journal = journalHeader(2, state.hash());
  let revision = 2;
  const starts: number[] = [];
  for (const id of ids) {
    assert.ok(applyOrder(state, cluster(id)).ok);
    starts.push(journal.length);
    journal += batchText([{ revision: ++revision, hash: state.hash(), orders: [cluster(id)] }]);
  }
  return { stateFile, journal, starts };
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

function saved(stateFile: string | undefined, journal: string | undefined): Salvage {
  const result = salvage(
    stateFile === undefined ? undefined : bytesOf(stateFile),
    journal === undefined ? undefined : bytesOf(journal),
  );
  return result.ok ? result.value : assert.fail(result.error);
}

const idsIn = ({ state }: Salvage): string[] => [...state.clusters.keys()].sort();

test("what is whole is found whole, and its revision stays", () => {
  const { stateFile, journal } = filesWith("c", "d");
  const found = saved(stateFile, journal);
  assert.deepEqual([idsIn(found), found.revision], [["a", "b", "c", "d"], 4]);
  assert.deepEqual([found.damage, found.dropped, found.torn], [[], [], undefined]);
});

test("a journal is followed to its damage; what comes after is named, and its revisions are never given again", () => {
  const { stateFile, journal, starts } = filesWith("c", "d", "e");
  const damaged = `${journal.slice(0, starts[1]! + 5)}~~~~${journal.slice(starts[1]! + 9)}`;
  const found = saved(stateFile, damaged);
  assert.deepEqual([idsIn(found), found.revision], [["a", "b", "c"], 6]);
  assert.match(found.damage.join(), new RegExp(`^the journal's record 3, at byte ${starts[1]! - 1}`));
  assert.equal(found.dropped.length, 2);
  assert.match(found.dropped[0]!, /record 3.*cannot be read/);
  assert.match(found.dropped[1]!, /^ADD_CLUSTER .*"cluster_id":"e"/);
});

test("an order that was changed on disk is not believed, nor what follows it", () => {
  const { stateFile, journal } = filesWith("c", "d");
  const found = saved(stateFile, journal.replace('"cluster_id":"c"', '"cluster_id":"x"'));
  assert.deepEqual([idsIn(found), found.revision], [["a", "b"], 5]);
  assert.match(found.damage.join(), /do not lead to its hash/);
});

test("a last record that was torn is no damage", () => {
  const { stateFile, journal } = filesWith("c", "d");
  for (const rest of ['{"after":4,"rev', '{"after":4,\0\0\0\0\0"hash":"1', '{"after":4,"orders":[]}']) {
    const found = saved(stateFile, journal + rest);
    assert.deepEqual([idsIn(found), found.revision], [["a", "b", "c", "d"], 4]);
    assert.deepEqual([found.damage, found.dropped], [[], []]);
    assert.match(found.torn ?? "", /record 4/);
  }
});

test("a journal whose header is damaged is followed all the same, because its hashes prove it", () => {
  const { stateFile, journal, starts } = filesWith("c", "d");
  for (const header of ["~", "", '{"format":"kakehi-journal"}\0']) {
    const found = saved(stateFile, header + journal.slice(header === "" ? starts[0] : starts[0]! - 2));
    assert.deepEqual([idsIn(found), found.dropped], [["a", "b", "c", "d"], []], header);
    assert.equal(found.damage.length, 1);
  }
});

test("of a damaged state file all orders are kept that can be read, and those of its journal", () => {
  const { stateFile, journal } = filesWith("c");
  const found = saved(stateFile.replace('{"type":"ADD_CLUSTER"', '{"typo:"ADD_CLUSTER"'), journal);
  assert.deepEqual([idsIn(found), found.revision], [["b", "c"], 4]);
  assert.equal(found.dropped.length, 1);
  assert.match(found.damage.join(), /the state file is damaged \(record 2/);
});

test("without a state file the journal's orders are kept that still apply", () => {
  const found = saved(undefined, filesWith("c", "d").journal);
  assert.deepEqual([idsIn(found), found.revision], [["c", "d"], 5]);
  assert.match(found.damage.join("; "), /the state file is not there/);
});

test("where nothing can be proven, one damaged record of the journal takes no other with it", () => {
  const { journal, starts } = filesWith("c", "d", "e");
  const damaged = `${journal.slice(0, starts[1]! + 5)}~~~~${journal.slice(starts[1]! + 9)}{"after":5,"rev`;
  const found = saved(undefined, damaged);
  assert.deepEqual([idsIn(found), found.revision], [["c", "e"], 6]);
  assert.match(found.damage.join("; "), /record 3/);
  assert.equal(found.dropped.length, 1);
  assert.match(found.torn ?? "", /record 5/);
});

test("files of a newer version are not damaged, and are refused", () => {
  const { stateFile, journal } = filesWith();
  const newer = (text: string): Uint8Array => bytesOf(text.replace('"version":1', '"version":2'));
  const results = [salvage(newer(stateFile), undefined), salvage(bytesOf(stateFile), newer(journal))];
  for (const result of results) assert.match(result.ok ? "" : result.error, /format version 2/);
});

test("no private key is said of what is left out", () => {
  const { stateFile, journal } = filesWith();
  const secret: ChangeOrder = {
    type: "ADD_CERTIFICATE",
    data: { listener: "127.0.0.1:1", fingerprint: "ab", key: "SECRET" } as never,
  };
  const batch = batchText([{ revision: 3, hash: "wrong", orders: [secret] }]);
  assert.doesNotMatch(JSON.stringify(saved(stateFile, journal + batch).dropped), /SECRET/);
});

test("whatever the bytes, what is saved is a whole configuration", () => {
  const { stateFile, journal } = filesWith("c", "d");
  const whole = bytesOf(stateFile + journal);
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, byte) => {
      const bytes = whole.slice();
      bytes[at] = byte;
      const result = salvage(bytes.subarray(0, stateFile.length), bytes.subarray(stateFile.length));
      if (result.ok) assert.ok(idsIn(result.value).length <= 4);
    }),
  );
});

const folder = mkdtempSync(join(tmpdir(), "kakehi-repair-"));
test.after(() => rmSync(folder, { recursive: true }));

/** A damaged journal beside a whole state file. */
function damagedFiles(name: string): { path: string; journal: string } {
  const { stateFile, journal } = filesWith("c", "d");
  const path = join(folder, name);
  writeFileSync(path, stateFile, { mode: 0o600 });
  const damaged = journal.replace('"cluster_id":"d"', '"cluster_id":"x"');
  writeFileSync(`${path}.journal`, damaged, { mode: 0o600 });
  return { path, journal: damaged };
}

async function start(path: string): ReturnType<typeof openStateStore> {
  const log = createLog({ level: "silent", form: "text", write: () => undefined, now: () => 0 });
  return openStateStore(path, {
    log,
    journalBytesMax: 1_000_000,
    history: { revisionsMax: 1_000, bytesMax: 1_000_000, recordCharsMax: 1_000_000 },
    follow: () => undefined,
  });
}

test("a start that is refused names the way on; after the repair it starts, and what was there is kept", async () => {
  const { path, journal } = damagedFiles("replaced");
  const refused = await start(path);
  assert.match(refused.ok ? "" : refused.error, /record 3.*kakehi state repair .*replaced$/);
  const examined = await examineState(path);
  assert.ok(examined.ok);
  const kept = await examined.value.replace();
  assert.ok(kept.ok && kept.value.length === 2);
  assert.equal(readFileSync(kept.value[1]!, "utf8"), journal);
  assert.equal(statSync(kept.value[1]!).mode & 0o777, 0o600);
  examined.value.release();
  const started = await start(path);
  assert.ok(started.ok);
  assert.deepEqual([...started.value.state.clusters.keys()].sort(), ["a", "b", "c"]);
  assert.equal(started.value.revision, 5);
  await started.value.close();
});

test("what can be saved goes to a new file, and nothing that is there is touched", async () => {
  const { path, journal } = damagedFiles("left");
  const examined = await examineState(path);
  assert.ok(examined.ok);
  const target = join(folder, "saved");
  assert.ok((await examined.value.writeTo(target)).ok);
  assert.equal((await examined.value.writeTo(target)).ok, false);
  examined.value.release();
  assert.equal(readFileSync(`${path}.journal`, "utf8"), journal);
  const started = await start(target);
  assert.ok(started.ok);
  await started.value.close();
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith("left.damaged")),
    [],
  );
});

test("files that a proxy uses, or that are not there, are not repaired", async () => {
  const { path } = damagedFiles("used");
  const used = join(folder, "in-use");
  const running = await start(used);
  assert.ok(running.ok);
  const refused = await examineState(used);
  assert.match(
    refused.ok ? "" : refused.error,
    new RegExp(`another proxy \\(pid ${process.pid}\\).*stop it first`),
  );
  await running.value.close();
  const missing = await examineState(`${path}-not`);
  assert.match(missing.ok ? "" : missing.error, /there is neither/);
});
