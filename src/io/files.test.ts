import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileFault, replaceFile } from "./files.ts";

const folder = mkdtempSync(join(tmpdir(), "kakehi-files-"));
test.after(() => rmSync(folder, { recursive: true }));

test("a file is replaced whole, with mode 0600, whatever stood there", async () => {
  const path = join(folder, "a");
  writeFileSync(path, "old and longer", { mode: 0o644 });
  const parts = Array.from({ length: 1_000 }, (_, index) => `${index} ${"x".repeat(1_000)}\n`);
  assert.ok((await replaceFile(path, parts)).ok);
  assert.equal(readFileSync(path, "utf8"), parts.join(""));
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test("what fails in the midst leaves the old file, and nothing beside it", async () => {
  const path = join(folder, "b");
  writeFileSync(path, "old");
  const parts = function* (): Iterable<string> {
    yield "x".repeat(1_000_000);
    throw Object.assign(new Error("no space left"), { code: "ENOSPC" });
  };
  const replaced = await replaceFile(path, parts());
  assert.equal(!replaced.ok && replaced.error.code, "ENOSPC");
  assert.equal(readFileSync(path, "utf8"), "old");
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.endsWith(".tmp")),
    [],
  );
});

test("a folder that is not there is a fault with the system's code", async () => {
  const replaced = await replaceFile(join(folder, "nowhere", "a"), [""]);
  assert.equal(!replaced.ok && replaced.error.code, "ENOENT");
});

test("what is no failure of the system is thrown on", () => {
  assert.throws(() => fileFault(new TypeError("ours")), /ours/);
});
