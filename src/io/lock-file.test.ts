import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { takeFileLock } from "./lock-file.ts";

const folder = mkdtempSync(join(tmpdir(), "kakehi-lock-"));
test.after(() => rmSync(folder, { recursive: true }));

test("who comes second is refused with the owner's process id, until the owner lets go", () => {
  const path = join(folder, "a.lock");
  const first = takeFileLock(path);
  assert.ok(first.ok);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(readFileSync(path, "utf8"), `${process.pid}\n`);
  assert.deepEqual(takeFileLock(path), { ok: false, error: { code: "HELD", pid: process.pid } });
  first.value.release();
  const again = takeFileLock(path);
  assert.ok(again.ok);
  again.value.release();
});

test("a folder that is not there is a fault, not an exception", () => {
  const lock = takeFileLock(join(folder, "nowhere", "a.lock"));
  assert.equal(!lock.ok && lock.error.code, "ENOENT");
});

test("on a full disk the lock is taken all the same: only its note is missing", () => {
  const lock = takeFileLock("/dev/full");
  assert.ok(lock.ok);
  lock.value.release();
});
