import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileFault, openRegularFile, removeIfPossible, replaceFile } from "./files.ts";

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

test("what is not whole yet is nobody else's to read either, also where a crash has left a file", async () => {
  const path = join(folder, "secret");
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, "left behind", { mode: 0o644 });
  const modes: number[] = [];
  const parts = function* (): Iterable<string> {
    for (let part = 0; part < 3; part++) {
      modes.push(statSync(temporary).mode & 0o777);
      yield "x".repeat(1_000_000);
    }
  };
  assert.ok((await replaceFile(path, parts())).ok);
  assert.deepEqual(modes, [0o600, 0o600, 0o600]);
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

test("what can be removed is, and what cannot stays, and is no fault", () => {
  const path = join(folder, "removed");
  writeFileSync(path, "");
  removeIfPossible(path);
  assert.equal(existsSync(path), false);
  removeIfPossible(path);
  removeIfPossible(folder);
  assert.ok(existsSync(folder));
});

test("what is no failure of the system is thrown on", () => {
  assert.throws(() => fileFault(new TypeError("ours")), /ours/);
});

test("a link is followed: what it points at is replaced, and the link stays", async () => {
  const target = join(folder, "target");
  const link = join(folder, "link");
  writeFileSync(target, "old");
  symlinkSync(target, link);
  assert.ok((await replaceFile(link, ["new"])).ok);
  assert.equal(readFileSync(target, "utf8"), "new");
  assert.ok(lstatSync(link).isSymbolicLink());
});

test("what is no regular file is neither replaced nor opened: a folder, a pipe", async () => {
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  for (const path of [folder, pipe]) {
    const replaced = await replaceFile(path, ["new"]);
    assert.equal(!replaced.ok && replaced.error.code, "ENOTREG", path);
    await assert.rejects(openRegularFile(path), { code: "ENOTREG" }, path);
  }
  assert.ok(lstatSync(pipe).isFIFO());
});
