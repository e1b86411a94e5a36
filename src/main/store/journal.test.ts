import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createLog } from "../../io/log.ts";
import { applyOrder, undo } from "../../model/apply.ts";
import type { ChangeOrder } from "../../model/orders.ts";
import { State } from "../../model/state.ts";
import { journalHeader, replayJournal } from "./journal-records.ts";
import { Journal, type JournalFile } from "./journal.ts";

const folder = mkdtempSync(join(tmpdir(), "kakehi-journal-"));
test.after(() => rmSync(folder, { recursive: true }));

type Operation = "write" | "datasync" | "truncate";

/** A disk that fails when it is told to, as a full or a broken one does. */
class BadDisk {
  /** What fails, with what, and after how many bytes of a write. */
  fails: Partial<Record<Operation, { readonly code: string; readonly afterBytes?: number }>> = {};

  async open(path: string): Promise<JournalFile> {
    const file = await open(path, "r+");
    const guard = (operation: Operation): void => {
      const fault = this.fails[operation];
      if (fault !== undefined) throw Object.assign(new Error(fault.code), { code: fault.code });
    };
    const write = async (bytes: Uint8Array, from: number, length: number, at: number): Promise<unknown> => {
      await file.write(bytes, from, this.fails.write?.afterBytes ?? length, at);
      guard("write");
      return { bytesWritten: length, buffer: bytes };
    };
    return {
      write: write as FileHandle["write"],
      read: file.read.bind(file) as FileHandle["read"],
      close: () => file.close(),
      truncate: async (length) => {
        guard("truncate");
        await file.truncate(length);
      },
      datasync: async () => {
        guard("datasync");
        await file.datasync();
      },
    };
  }
}

interface Rig {
  readonly disk: BadDisk;
  readonly log: readonly string[];
  /** Keeps a cluster as a batch of its own; takes it back where it is refused, as the configuration does. */
  add(id: string): Promise<string>;
  /** What a start after a crash at this moment would find. */
  afterCrash(): readonly string[] | string;
  close(): Promise<void>;
}

let count = 0;

async function rig(): Promise<Rig> {
  const statePath = join(folder, `${count++}.state`);
  const journalPath = `${statePath}.journal`;
  const state = new State();
  const header = journalHeader(0, state.hash());
  writeFileSync(journalPath, header);
  const disk = new BadDisk();
  const log: string[] = [];
  const options = {
    ...{ statePath, journalPath, state, revision: 0, journalBytesMax: 1_000_000 },
    log: createLog({ level: "info", form: "text", write: (line) => log.push(line), now: () => 0 }),
    openFile: (path: string) => disk.open(path),
  };
  const journal = await Journal.open(options, header.length);
  assert.ok(journal.ok);
  let revision = 0;
  const add = async (id: string): Promise<string> => {
    const data = { load_balancing: "round_robin", sticky_session: false, https_redirect: false } as const;
    const order: ChangeOrder = { type: "ADD_CLUSTER", data: { cluster_id: id, ...data } };
    const applied = applyOrder(state, order);
    assert.ok(applied.ok);
    const change = { revision: revision + 1, hash: state.hash(), orders: [order] };
    const kept = await journal.value.keep([change]);
    if (kept.ok) revision++;
    else undo(state, applied.value.changes);
    return kept.ok ? "kept" : kept.error.code;
  };
  const afterCrash = (): readonly string[] | string => {
    const found = new State();
    const replayed = replayJournal(readFileSync(journalPath), found, 0);
    return replayed.ok ? [...found.clusters.keys()] : replayed.error;
  };
  return { disk, log, add, afterCrash, close: () => journal.value.close() };
}

test("a disk that is full in the middle of a record: the order is refused, nothing of it stays, and it goes on with room", async () => {
  const { disk, add, afterCrash, close } = await rig();
  assert.equal(await add("a"), "kept");
  for (const afterBytes of [0, 1, 40]) {
    disk.fails = { write: { code: "ENOSPC", afterBytes } };
    assert.equal(await add("refused"), "STATE_FILE_UNWRITABLE");
    disk.fails = {};
    assert.deepEqual(afterCrash(), ["a"]);
  }
  assert.equal(await add("b"), "kept");
  assert.deepEqual(afterCrash(), ["a", "b"]);
  await close();
});

test("what could not be synced is refused and cut off, although it was written", async () => {
  const { disk, add, afterCrash, close } = await rig();
  disk.fails = { datasync: { code: "EIO" } };
  assert.equal(await add("refused"), "STATE_FILE_UNWRITABLE");
  disk.fails = {};
  assert.equal(await add("a"), "kept");
  assert.deepEqual(afterCrash(), ["a"]);
  await close();
});

test("while what is half written cannot be cut off nothing is kept; a disk that is whole again mends it", async () => {
  const { disk, add, afterCrash, log, close } = await rig();
  assert.equal(await add("a"), "kept");
  disk.fails = { write: { code: "EIO", afterBytes: 30 }, truncate: { code: "EIO" } };
  assert.equal(await add("refused"), "STATE_FILE_UNWRITABLE");
  disk.fails = { truncate: { code: "EIO" } };
  assert.equal(await add("refused too"), "STATE_FILE_UNWRITABLE");
  assert.deepEqual(afterCrash(), ["a"]);
  assert.match(log.join(""), /cannot be repaired now/);
  disk.fails = {};
  assert.equal(await add("b"), "kept");
  assert.deepEqual(afterCrash(), ["a", "b"]);
  await close();
});
