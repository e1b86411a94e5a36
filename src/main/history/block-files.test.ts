import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createLog } from "../../io/log.ts";
import { type Block, sealBlock } from "./block.ts";
import { BlockFiles } from "./block-files.ts";

function blockOf(revision: number): Block {
  const [hash_before, hash] = [`hash ${revision - 1}`, `hash ${revision}`];
  const [link_before, link] = [`link ${revision - 1}`, `link ${revision}`];
  return sealBlock({ first: revision, last: revision, hash_before, hash, link_before, link }, ["{}"]);
}

test("a folder that is removed takes with it what stood in other files than the newest, too", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "kakehi-blocks-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const lines: string[] = [];
  const log = createLog({ level: "info", form: "text", write: (line) => lines.push(line), now: () => 0 });
  const opened = await BlockFiles.open({ folder, fileBytesMax: 1, log });
  assert.ok(opened.ok);
  const store = opened.value;
  for (const revision of [1, 2]) store.add(blockOf(revision));
  await store.sync();
  assert.equal(readdirSync(folder).length, 2);
  rmSync(folder, { recursive: true });
  store.add(blockOf(3));
  await store.sync();
  assert.deepEqual(
    store.facts.map(({ first }) => first),
    [3],
  );
  assert.equal(readdirSync(folder).length, 1);
  assert.match(lines.join(), /removed or cut/);
});

test("a folder that is removed is noticed by who reads, too; one that was moved away with all around it is waited for", async (t) => {
  const around = mkdtempSync(join(tmpdir(), "kakehi-blocks-"));
  t.after(() => rmSync(around, { recursive: true }));
  const lines: string[] = [];
  const log = createLog({ level: "info", form: "text", write: (line) => lines.push(line), now: () => 0 });
  const folder = join(around, "state", "history");
  const opened = await BlockFiles.open({ folder, fileBytesMax: 1_000, log });
  assert.ok(opened.ok);
  const store = opened.value;
  store.add(blockOf(1));
  await store.sync();
  const [facts] = store.facts;
  renameSync(join(around, "state"), join(around, "away"));
  const away = await store.read(facts!);
  assert.match(String(away?.ok === false && away.error), /ENOENT/);
  assert.equal(store.facts.length, 1);
  renameSync(join(around, "away"), join(around, "state"));
  assert.equal((await store.read(facts!))?.ok, true);
  rmSync(folder, { recursive: true });
  assert.equal(await store.read(facts!), undefined);
  assert.equal(store.facts.length, 0);
  assert.match(lines.at(-1)!, /removed or cut/);
});

test("a folder that cannot be written to is named once, and what waits is written when it can be", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "kakehi-blocks-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const lines: string[] = [];
  const log = createLog({ level: "info", form: "text", write: (line) => lines.push(line), now: () => 0 });
  const opened = await BlockFiles.open({ folder, fileBytesMax: 1_000, log });
  assert.ok(opened.ok);
  const store = opened.value;
  rmSync(folder, { recursive: true });
  writeFileSync(folder, "in the way");
  for (const revision of [1, 2]) store.add(blockOf(revision));
  await store.sync();
  assert.equal(lines.length, 1);
  assert.match(lines[0]!, /the history cannot be written now; it stays in memory .*kakehi-blocks-.*ENOTDIR/);
  rmSync(folder);
  await store.sync();
  assert.equal(readdirSync(folder).length, 1);
  assert.deepEqual([store.facts.length, lines.length], [2, 1]);
});
